import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { redisCommand } from '../../services/redis.mjs'
import { listen } from './relay.ts'

/** A Redis of one test, which may kill it. `REDIS_SERVER` names another program than the services' own. */
export class RedisServer {
  readonly port: number
  private readonly options: readonly string[]
  private readonly dir = mkdtempSync(join(tmpdir(), 'invigil-redis-'))
  private child: ChildProcess | undefined

  private constructor(port: number, options: readonly string[]) {
    this.port = port
    this.options = options
  }

  static async start(...options: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options)
    await server.begin()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Starts it, empty, and waits until it takes connections. */
  async begin(): Promise<void> {
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', this.dir, ...this.options]
    const child = spawn(process.env['REDIS_SERVER'] ?? (await redisCommand()), args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.child = child
    await new Promise<void>((done, fail) => {
      const said: string[] = []
      child.once('error', fail)
      child.once('exit', () => fail(new Error(`redis-server ended:\n${said.join('\n')}`)))
      createInterface({ input: child.stdout }).on('line', (line) => {
        said.push(line)
        if (line.includes('Ready to accept connections')) done()
      })
    })
  }

  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal)
  }

  /** Kills it; all that it held is gone. */
  async kill(): Promise<void> {
    const { child } = this
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((done) => child.once('exit', done))
    child.kill('SIGKILL')
    await gone
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.dir, { recursive: true, force: true })
  }
}

/** A port on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((done) => server.close(done))
  return port
}
