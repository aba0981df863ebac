// One process that serves: started, waited for, killed, started again and stopped, always by the id that was started.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** Everything that is downloaded or written lies below it; git ignores it. */
export const CACHE = join(dirname(fileURLToPath(import.meta.url)), '..', '.cache', 'services')
const HOST = '127.0.0.1'
const START_MS = 120_000
/** A server that has not left by then is killed. */
const STOP_MS = 60_000
const LOOK_MS = 20
const LAST_LINES = 12
const LONGEST_LINE = 300

/** What went wrong, in words for the person who started the service. */
export class ServiceError extends Error {
  name = 'ServiceError'
}

/** A fresh folder for a service's data. */
export function newFolder(name) {
  mkdirSync(join(CACHE, 'data'), { recursive: true })
  return mkdtempSync(join(CACHE, 'data', `${name}-`))
}

/** Whether nobody listens there. */
async function isFree(port) {
  const server = createServer()
  try {
    server.listen({ port, host: HOST, exclusive: true })
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}

/** The port that was asked for, if it is free. */
export async function wantedPort(port, name) {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new ServiceError(`\`${port}\` is no port for ${name}: a whole number from 1 to 65535 is`)
  if (!(await isFree(port))) throw new ServiceError(`port \`${port}\`, which ${name} was to take, is taken: stop what listens there or choose another port`)
  return port
}

/**
 * A free port below those that systems hand to outgoing connections: one of those could be taken while a server restarts, even by a
 * client that connects to itself as it tries again and again.
 */
export async function freePort(except = []) {
  for (let tries = 0; tries < 200; tries++) {
    const port = 15_000 + Math.floor(Math.random() * 17_000)
    if (!except.includes(port) && (await isFree(port))) return port
  }
  throw new ServiceError('no free port was found between 15000 and 32000')
}

/**
 * Starts a process that does not outlive this one: a shell waits at a pipe that only this process holds open; when this process ends
 * in whatever way, the shell kills the child by its id and removes `dir`. The child is in a group of its own, so that Ctrl-C in a
 * terminal reaches us alone, who then stop it in order.
 */
export function spawnGuarded(command, args, { stdio, dir = '', cwd, env }) {
  const child = spawn(command, args, { stdio, cwd, env, detached: true })
  if (child.pid === undefined) return child
  const guard = spawn('sh', ['-c', 'read -r _; kill -9 "$0" 2>/dev/null; [ -z "$1" ] || { sleep 1; rm -rf "$1"; }', String(child.pid), dir], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  guard.unref()
  guard.stdin.unref?.()
  // Killed with its pipe still open, it leaves the pipe broken; that is how it should end.
  guard.stdin.on('error', () => {})
  child.once('exit', () => guard.kill('SIGKILL'))
  return child
}

/** Runs a command to its end; returns its code (null: a signal ended it) and what it printed. Throws when it cannot be started. */
export async function run(command, args, options = {}) {
  const child = spawnGuarded(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (t) => (text += t))
  // `once` rejects with what `spawn` says when there is no such command.
  const [code] = await once(child, 'close')
  return { code, text }
}

/** The last lines of a log that say something: warnings rather than mere news, and of a Java stack trace only its messages. */
export function lastLines(text) {
  const lines = text.split('\n').filter((l) => l.trim() !== '' && !/^\s+(at |\.\.\. \d+ more)/.test(l))
  const worse = lines.filter((l) => !/^\S+ INFO /.test(l))
  return (worse.length > 0 ? worse : lines).slice(-LAST_LINES).map((l) => `  ${l.slice(0, LONGEST_LINE)}`).join('\n')
}

export class Server {
  #options
  #child
  #ended
  #asked = false
  #gone = false

  /**
   * `args()`: asked at each start. `ready`: what its log says once it serves. `keep`: leave `dir` when it is stopped. `mends`: what to do about a failure, each
   * beside the words of the log that tell it. `onDeath(error)`: it ended though nobody asked for that.
   */
  constructor({ name, command, args, dir, ready, keep = false, startMs = START_MS, mends = [], onDeath = () => {} }) {
    this.#options = { name, command, args, dir, ready, keep, startMs, mends, onDeath }
    this.log = join(dir, 'log')
  }

  get pid() {
    return this.#child?.pid
  }

  /** Of a process that has ended by itself or in order. */
  get exitCode() {
    return this.#child?.exitCode
  }

  get isRunning() {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves once it serves. */
  async start() {
    const { name, command, args, dir, keep, ready, startMs, onDeath } = this.#options
    if (this.#gone) throw new ServiceError(`${name} was stopped, and its data with it: start another`)
    const fd = openSync(this.log, 'a')
    // To a file and not to us: a server must not wait for a reader that is busy.
    const before = statSync(this.log).size
    const child = spawnGuarded(command, args(), { stdio: ['ignore', fd, fd], dir: keep ? '' : dir, cwd: dir })
    closeSync(fd)
    this.#asked = false
    try {
      await once(child, 'spawn')
    } catch (e) {
      throw this.#error(`${name} cannot be started by \`${command}\`: ${e.code === 'ENOENT' ? 'there is no such command' : e.message}`)
    }
    this.#child = child
    let isReady = false
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        resolve()
        if (isReady && !this.#asked) onDeath(this.#error(`${name} ended by itself (${signal ?? `code ${code}`})`))
      })
    })
    const deadline = Date.now() + startMs
    // A log in a file tells nobody that it grew.
    for (;;) {
      if (ready.test(readFileSync(this.log).subarray(before).toString())) break
      if (!this.isRunning) throw this.#error(`${name} ended before it served (${child.signalCode ?? `code ${child.exitCode}`})`)
      if (Date.now() > deadline) {
        await this.kill()
        throw this.#error(`${name} did not serve within ${startMs / 1000} s`)
      }
      await sleep(LOOK_MS)
    }
    isReady = true
  }

  /** Sends a signal, and waits for the end unless the signal only halts it (`SIGSTOP`) or lets it go on (`SIGCONT`). */
  async kill(signal = 'SIGKILL') {
    if (!this.isRunning) return
    const ends = signal !== 'SIGSTOP' && signal !== 'SIGCONT'
    if (ends) this.#asked = true
    this.#child.kill(signal)
    if (ends) await this.#ended
  }

  /** Ends it in order, if it runs, and leaves its data. */
  async leave() {
    if (!this.isRunning) return
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS)
    // One that was halted hears nothing else.
    await this.kill('SIGCONT')
    await this.kill('SIGTERM')
    clearTimeout(late)
  }

  /** Starts it again with the same address and data, after stopping it if it still runs. */
  async restart() {
    await this.leave()
    await this.start()
  }

  /** Ends it and removes its data, unless they are to be kept. May be called again. */
  async stop() {
    await this.leave()
    this.#gone = true
    if (!this.#options.keep) rmSync(this.#options.dir, { recursive: true, force: true, maxRetries: 5 })
  }

  #error(message) {
    const log = readFileSync(this.log, 'utf8')
    const mend = this.#options.mends.filter(([words]) => words.test(log)).map(([, what]) => `: ${what}`).join('')
    const said = lastLines(log)
    return new ServiceError(`${message}${mend}${said === '' ? '' : `; its last lines:\n${said}`}`)
  }
}
