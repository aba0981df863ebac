import { resolve } from 'node:path'
import { InvigilError } from '../base/errors.ts'
import { MINUTE, type Ms } from '../base/time.ts'
import { Machine } from '../engine/machine.ts'
import type { Output } from '../engine/output.ts'
import { loadMachine, saveMachine } from '../engine/snapshot.ts'
import { OUTPUT_OF, OutputFolder, SUMMARY } from '../io/output-folder.ts'
import { StateFolder } from '../io/state-folder.ts'
import { createEnricher } from '../telemetry/enrich.ts'
import type { Held } from '../telemetry/held.ts'
import { countIgnored, countOutput, newAccounts, type Accounts } from './accounts.ts'
import { Cursor, type Position, type Reject } from './cursor.ts'
import { lateRecord } from './late.ts'
import type { LocalHead } from './local-head.ts'
import { checkSame, fingerprints, openLogs, type OpenLog } from './logs.ts'
import type { MarkStart } from './mark-starts.ts'
import { SNAPSHOT_EVERY, type LocalOptions } from './options.ts'
import { readLog, takeEvents, type Reading, type Taken } from './read-log.ts'
import { Snapshots } from './recovery.ts'
import { Marks, setupFrom } from './reload/marks.ts'
import { Steering } from './reload/steering.ts'
import { summarise, type Summary } from './summary.ts'

const IDLE: Ms = MINUTE
const POLL: Ms = 200

/** Runs the straight line in one process: logs in, warnings out. */
export async function runLocal(options: LocalOptions): Promise<Summary> {
  const store = options.state === undefined ? undefined : await StateFolder.open(options.state)
  try {
    const run = await LocalRun.open(options, store === undefined ? undefined : new Snapshots<LocalHead>(store))
    try {
      return await run.all()
    } finally {
      await run.close()
    }
  } finally {
    await store?.close()
  }
}

class LocalRun {
  private readonly options: LocalOptions
  private readonly snapshots: Snapshots<LocalHead> | undefined
  private readonly machine: Machine
  private readonly outputs: OutputFolder
  private readonly cursors: Cursor[]
  private readonly accounts: Accounts
  private readonly span: { first: Ms; last: Ms }
  private readonly taken: Taken
  private readonly observe = (event: Held) => this.machine.observe(event)
  private records: number
  private readonly marks: Marks
  private readonly steering: Steering
  private readonly refillUntil: number
  private savedAt = Date.now()
  /** The last snapshot of this run has been taken. */
  private isSaved = false
  private fingerprints: readonly string[]
  /** Ends the wait for a source that is silent. */
  private wake: (() => void) | undefined

  static async open(options: LocalOptions, snapshots: Snapshots<LocalHead> | undefined): Promise<LocalRun> {
    const manifest = await snapshots?.manifest()
    if (manifest) await checkSame(options, manifest)
    const from = manifest?.marks[0]?.at
    const steering = await Steering.open(options, manifest)
    try {
      const opened = await openLogs(options.logs, options, { follow: options.follow, from })
      const run = new LocalRun(options, snapshots, opened, manifest, steering)
      if (manifest && snapshots) {
        loadMachine(run.machine, manifest.machine)
        await snapshots.load(run.machine, manifest)
        if (steering.before) run.machine.edited({ rules: steering.before })
      }
      if (snapshots) run.fingerprints = await fingerprints(options.logs, run.fingerprints)
      return run
    } catch (e) {
      await steering.close()
      throw e
    }
  }

  private constructor(options: LocalOptions, snapshots: Snapshots<LocalHead> | undefined, logs: readonly OpenLog[], head: LocalHead | undefined, steering: Steering) {
    this.options = options
    this.snapshots = snapshots
    this.steering = steering
    this.outputs = new OutputFolder(options.output, head?.lengths, options.logs)
    this.fingerprints = head?.fingerprints ?? []
    options.stop?.addEventListener('abort', () => this.wake?.(), { once: true })
    this.accounts = { ...newAccounts(), ...head?.accounts }
    this.span = head?.span ?? { first: Infinity, last: -Infinity }
    this.taken = { accounts: this.accounts, span: this.span, reject: (reject) => this.reject(reject) }
    const sinks = {
      reject: (reject: Reject) => {
        if (!this.isRefilling) this.reject(reject)
      },
      ignored: (verb: string) => {
        if (!this.isRefilling) countIgnored(this.accounts, verb)
      },
      blank: () => {
        if (!this.isRefilling) this.accounts.blank++
      },
      passed: () => this.pass(),
    }
    this.cursors = logs.map(({ reader, decoder }) => new Cursor(reader, decoder, sinks))
    const starts = head?.marks ?? [{ mark: 1, records: 0, at: this.positions() }]
    this.records = (starts[0] as MarkStart).records
    this.refillUntil = head?.records ?? 0
    const locate = createEnricher({ geo: options.context.geo.lookups })
    this.machine = new Machine({
      ...setupFrom(steering.context, locate), partitions: options.partitions, lateness: steering.lateness, records: options.records ?? true,
      output: (o) => this.write(o),
      early: (o) => options.watch?.warning?.(o),
      late: (late) => {
        this.accounts.late++
        this.outputs.write('late', lateRecord(late))
      },
    })
    this.marks = new Marks({ machine: this.machine, steering, starts, counted: head?.counted ?? starts.at(-1)?.records ?? 0, locate, watch: options.watch })
    if (head) options.watch?.resumed?.({ records: this.refillUntil, again: this.refillUntil - this.records })
  }

  private get isRefilling(): boolean {
    return this.records < this.refillUntil
  }

  async all(): Promise<Summary> {
    const { options, machine } = this
    // Nobody waits for a log's first line.
    if (this.cursors.length === 1) this.switch()
    const finished = await readLog(this.cursors, this.reading)
    if (finished) await this.again()
    if (finished && (this.isRefilling || this.steering.againAt < Infinity)) throw new InvigilError('bad-state', 'the log is shorter than when its state was saved; give the same log, or another state folder')
    // INVARIANT (marks): no mark is made here, or a run that was stopped would have others than one that was not.
    await this.lastSnapshot()
    // Without state nobody can go on from here: what is held is judged now or never.
    if (finished || this.snapshots === undefined) machine.end()
    options.watch?.ended?.(machine)
    const problems = this.cursors.flatMap((c) => (c.reader.fault ? [c.reader.fault.message] : []))
    const summary = summarise({ stages: machine, context: this.steering.context, accounts: this.accounts, files: options.logs, mapping: options.details?.mapping, finished, problems, span: this.span, steering: this.steering })
    this.outputs.flush()
    this.outputs.replace(SUMMARY, `${JSON.stringify(summary, null, 2)}\n`)
    return summary
  }

  async close(): Promise<void> {
    try {
      this.outputs.close()
    } finally {
      // Whoever still looks at the machine needs no log any more.
      this.wake = undefined
      await this.steering.close()
      await Promise.all(this.cursors.splice(0).map((c) => c.reader.close()))
    }
  }

  private get reading(): Reading {
    const take = (cursor: Cursor): Promise<void> | undefined => {
      this.take(cursor)
      return this.isMarkDue ? this.atMark() : undefined
    }
    return {
      take: (cursor) => (this.records >= this.steering.againAt ? this.again().then(() => take(cursor)) : take(cursor)),
      fill: this.fill,
      isStopped: () => this.options.stop?.aborted ?? false,
      tell: () => this.tell(),
      // A line that the end of the log cuts short may be whole when the same command reads on: the state stops before it.
      filled: async (cursor) => {
        if (cursor.reader.isTail && !this.isRefilling) await this.lastSnapshot()
        this.switch()
      },
      grown: this.options.follow ? (cursor) => this.wait(cursor) : undefined,
    }
  }

  /** Reads on; false at the end of the log, and when stopped: a source that is silent must not keep the run. */
  private readonly fill = (cursor: Cursor): Promise<boolean> =>
    new Promise((done, fail) => {
      if (this.options.stop?.aborted) return done(false)
      // What comes next may take long: nobody should wait so long for what is known.
      this.outputs.flush()
      this.wake = () => done(false)
      cursor.fill().then(done, fail)
    })

  /** Waits until a followed log has grown; after a minute of nothing, time goes as far as its lines. False when stopped, true when there is more or the log was cut short. */
  private async wait(cursor: Cursor): Promise<boolean> {
    const { stop } = this.options
    await this.again()
    this.options.watch?.caughtUp?.(this.records)
    const since = Date.now()
    let idle = false
    for (;;) {
      this.outputs.flush()
      if (stop?.aborted) return false
      await new Promise((done) => setTimeout(done, POLL))
      if ((await cursor.fill()) || cursor.reader.fault) return true
      this.switch()
      if (idle || Date.now() - since < IDLE || this.steering.againAt < Infinity) continue
      idle = true
      await this.atMark('idle')
    }
  }

  /** Takes the events of the record at the cursor's head. */
  private take(cursor: Cursor): void {
    if (this.isRefilling) return this.refill(cursor)
    takeEvents(cursor, this.observe, this.taken)
    this.pass()
  }

  /** Counts a line that is done with. */
  private pass(): void {
    if (!this.isRefilling) this.accounts.lines++
    this.records++
  }

  /** What lies before the snapshot's mark only refills the buffer. */
  private refill(cursor: Cursor): void {
    const mark = this.marks.starts.markOf(this.records)
    for (const event of cursor.head) this.machine.refill(event, mark)
    cursor.consume()
    this.pass()
  }

  private get isMarkDue(): boolean {
    return this.marks.isDue(this.records) && !this.isRefilling
  }

  private async atMark(kind: 'next' | 'idle' = 'next'): Promise<void> {
    if (this.marks.isAgain(this.records)) await this.again()
    else this.marks.make(kind, this.records, this.positions())
    if (this.isSnapshotDue) await this.snapshot()
  }

  /** Where another context is ready, it comes into force with a mark of its own: a log may be silent for long. */
  private switch(): void {
    if (!this.isRefilling && !this.isSaved && this.steering.isReady) this.marks.make('next', this.records, this.positions())
  }

  /** Does again what an earlier run did up to here. */
  private async again(): Promise<void> {
    if (!this.isRefilling) await this.marks.again(this.records, this.positions())
  }

  private positions(): Position[] {
    return this.cursors.map((c) => c.position())
  }

  private get isSnapshotDue(): boolean {
    return this.snapshots !== undefined && Date.now() - this.savedAt >= (this.options.snapshotEvery ?? SNAPSHOT_EVERY)
  }

  /** The snapshot from which another run goes on. */
  private async lastSnapshot(): Promise<void> {
    if (!this.isRefilling) await this.snapshot()
    this.isSaved = true
  }

  /** Saves the state as it is after the last record. */
  private async snapshot(): Promise<void> {
    if (this.snapshots === undefined || this.isSaved) return
    const { options } = this
    // A log that was moved has left its name to another.
    if (!this.cursors.some((c) => c.reader.fault)) this.fingerprints = await fingerprints(options.logs, this.fingerprints)
    const begun = Date.now()
    await this.snapshots.save(this.machine, {
      machine: saveMachine(this.machine), version: options.context.parts.version, logs: [...options.logs], fingerprints: [...this.fingerprints],
      output: resolve(options.output), lengths: this.outputs.sync(), accounts: this.accounts, span: this.span, records: this.records, marks: this.marks.starts.starts, counted: this.marks.counted, turns: this.steering.taken, mapping: options.details?.mapping?.hash,
      rules: this.steering.context.bundle.rules.map(({ id, version }) => ({ id, version })),
    })
    this.savedAt = Date.now()
    options.watch?.saved?.({ records: this.records, ms: this.savedAt - begun })
  }

  private write(output: Output): void {
    countOutput(this.accounts, output)
    this.outputs.write(OUTPUT_OF[output.kind], output.value)
  }

  private reject(reject: Reject): void {
    this.accounts.rejected[reject.reason] = (this.accounts.rejected[reject.reason] ?? 0) + 1
    this.outputs.write('rejects', reject)
  }

  private tell(): void {
    const at = this.cursors.map((c) => c.reader.progress())
    this.options.watch?.progress?.(at.reduce((n, p) => n + p.read, 0), at.reduce((n, p) => n + p.size, 0), this.accounts)
  }
}
