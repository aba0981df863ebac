import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { SECOND, type Ms } from '../../base/time.ts'
import { MAIN } from '../cli.ts'
import { say } from './say.ts'

const ALL = 'intake,time,learner,resource'
const WITHOUT_INTAKE = 'time,learner,resource'
/** A process that starts waits for the sessions of those that were killed. */
const JOIN_WITHIN: Ms = 90 * SECOND
const LEAVE_WITHIN: Ms = 30 * SECOND
const LAST_LINES = 15

/** A task that a process has taken over, as it said itself. */
export interface Opened {
  task: string
  by: string
  /** The mark of the snapshot that it went on from, 0 without; O; and S. */
  snapshot: number
  out: number
  from: number
}

interface Process {
  name: string
  child: ChildProcess
  ended: Promise<void>
  isAsked: boolean
  lines: string[]
}

/** The processes of a group: real ones, started as a user would. */
export class Processes {
  /** What went otherwise than it must: a process that ended by itself, or did not leave in good order. */
  readonly faults: string[] = []
  /** Every take-over of a task, in the order in which they were told. */
  readonly opened: Opened[] = []
  private readonly cwd: string
  private readonly running: Process[] = []
  private readonly all: Process[] = []
  private timekeeper: string | undefined
  private started = 0
  private hasIntake = true

  /** `cwd`: where `invigil.yaml` is, and the logs are written. */
  constructor(cwd: string) {
    this.cwd = cwd
    process.on('exit', () => {
      for (const { child } of this.all) child.kill('SIGKILL')
    })
  }

  get count(): number {
    return this.running.length
  }

  /** The process of a number from 0 to 1, of those that have tasks, if any have. */
  nameOf(which: number): string {
    const busy = this.running.filter((p) => this.tasksOf(p.name).length > 0)
    const among = busy.length > 0 ? busy : this.running
    return (among[Math.min(among.length - 1, Math.floor(which * among.length))] as Process).name
  }

  /** The one that last said that it keeps the time, if it still runs. */
  get keeper(): string | undefined {
    return this.running.find((p) => p.name === this.timekeeper)?.name
  }

  get oldest(): string {
    return (this.running[0] as Process).name
  }

  /** The tasks that a process was the last to take over. */
  tasksOf(name: string): string[] {
    const owners = new Map(this.opened.map(({ task, by }) => [task, by]))
    return [...owners].filter(([, by]) => by === name).map(([task]) => task).sort()
  }

  /** Starts one more; returns once it takes part. */
  async start(): Promise<void> {
    const name = `p${++this.started}`
    const { KAFKA_BROKERS: _, REDIS_URL: __, ...env } = process.env
    const child = spawn(process.execPath, [MAIN, 'run', '--kafka', '--log', 'info', '--roles', this.hasIntake ? ALL : WITHOUT_INTAKE], { cwd: this.cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const file = createWriteStream(join(this.cwd, `${name}.log`))
    const lines: string[] = []
    let joined: () => void = () => undefined
    const isIn = new Promise<void>((done) => (joined = done))
    for (const stream of [child.stdout, child.stderr]) {
      stream.pipe(file, { end: false })
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line.slice(0, 600))
        if (lines.length > LAST_LINES) lines.shift()
        this.heard(name, line)
        if (line.includes('takes part in the group')) joined()
      })
    }
    const ended = new Promise<void>((done) => void child.once('close', () => done()))
    const started: Process = { name, child, ended, isAsked: false, lines }
    this.running.push(started)
    this.all.push(started)
    void ended.then(() => {
      if (!started.isAsked) this.fault(started, `ended by itself (${child.signalCode ?? `code ${child.exitCode}`})`)
      this.forget(started)
    })
    const begun = performance.now()
    const isLate = sleep(JOIN_WITHIN, true, { ref: false })
    if (await Promise.race([isIn.then(() => false), ended.then(() => false), isLate])) throw new Error(`${name} has not joined its groups within ${JOIN_WITHIN / SECOND} s`)
    say(`${name} has joined after ${((performance.now() - begun) / SECOND).toFixed(1)} s`)
  }

  /** SIGKILL; returns once it is gone. */
  async kill(name: string): Promise<void> {
    const one = this.find(name)
    one.isAsked = true
    one.child.kill('SIGKILL')
    await one.ended
  }

  /** Stands still for some time, and goes on. */
  async halt(name: string, ms: Ms): Promise<void> {
    const { child } = this.find(name)
    child.kill('SIGSTOP')
    await sleep(ms)
    child.kill('SIGCONT')
  }

  /** SIGTERM; the process must be gone soon, and say that it left in good order. */
  async leave(name: string): Promise<void> {
    const one = this.find(name)
    one.isAsked = true
    one.child.kill('SIGTERM')
    const isLate = await Promise.race([one.ended.then(() => false), sleep(LEAVE_WITHIN, true, { ref: false })])
    if (isLate) {
      this.fault(one, `has not left within ${LEAVE_WITHIN / SECOND} s of SIGTERM`)
      one.child.kill('SIGKILL')
      await one.ended
    } else if (one.child.exitCode !== 0 || !one.lines.some((l) => l.includes('left in good order'))) this.fault(one, `did not leave in good order (${one.child.signalCode ?? `code ${one.child.exitCode}`})`)
  }

  /** Every process in turn is replaced by one that has, or has not, the intake among its roles. */
  async withIntake(has: boolean): Promise<void> {
    this.hasIntake = has
    for (const name of this.running.map((p) => p.name)) {
      await this.leave(name)
      await this.start()
    }
  }

  /** So many are to run: replaces those that ended by themselves. */
  async ensure(n: number): Promise<void> {
    while (this.running.length < n) await this.start()
  }

  async leaveAll(): Promise<void> {
    await Promise.all(this.running.map(({ name }) => this.leave(name)))
  }

  /** Whatever still runs. */
  async killAll(): Promise<void> {
    await Promise.all(this.running.map(({ name }) => this.kill(name)))
  }

  /** The last lines that each process that runs has said. */
  lastLines(): string {
    return this.running.map(({ name, lines }) => `${name}:\n${lines.map((l) => `  ${l}`).join('\n')}`).join('\n')
  }

  private find(name: string): Process {
    const found = this.running.find((p) => p.name === name)
    if (!found) throw new Error(`${name} does not run`)
    return found
  }

  private forget(one: Process): void {
    const at = this.running.indexOf(one)
    if (at >= 0) this.running.splice(at, 1)
  }

  private fault({ name, lines }: Process, what: string): void {
    const text = `${name} ${what}`
    say(`FAULT: ${text}`)
    this.faults.push(`${text}; its last lines:\n${lines.map((l) => `  ${l}`).join('\n')}`)
  }

  private heard(name: string, line: string): void {
    if (!line.startsWith('{')) return
    const { msg, task, snapshot, out, from } = JSON.parse(line) as { msg?: string } & Omit<Opened, 'by'>
    if (msg === 'this process keeps the time') this.timekeeper = name
    else if (msg === 'a task goes on from a snapshot' || msg === 'a task begins without a snapshot') this.opened.push({ task, by: name, snapshot, out, from })
  }
}
