import { join } from 'node:path'
import { InvigilError } from '../../base/errors.ts'
import type { Ms } from '../../base/time.ts'
import { DEFAULT_LATENESS, Timekeeper } from '../../engine/timekeeper.ts'
import { fileDigest } from '../../io/file-digest.ts'
import type { Format } from '../../telemetry/decode.ts'
import { createEnricher } from '../../telemetry/enrich.ts'
import type { Event } from '../../telemetry/event.ts'
import { contextRecordOf } from '../context-record.ts'
import type { OpenContext } from '../context.ts'
import { Cursor, Merge } from '../cursor.ts'
import { openLogs, type FormatDetails } from '../logs.ts'
import { MARK_EVERY } from '../options.ts'
import { findModels, readModels } from '../models.ts'
import { CONTEXTS, ContextStore } from '../reload/context-store.ts'
import { HISTORY, History } from '../reload/history.ts'
import { setupFrom } from '../reload/marks.ts'
import type { Feed, FeedContext, Input, Taker } from './feed.ts'

export interface LogFeedOptions {
  /** Files in NDJSON, compressed or not; they are read twice. */
  logs: readonly string[]
  format: Format
  platform?: string
  details?: FormatDetails
  context: OpenContext
  /** The folder that models lie in by their names. */
  models: string
  lateness?: Ms
  markEvery?: number
  /** The state folder of a run: its marks, and the contexts that it worked under, in place of those above. */
  replay?: string
  acceptVersion?: boolean
}

const PROGRESS_EVERY = 10_000

/** Logs as `runLocal` judges them: with the same marks at the same places, each under the same context. */
export class LogFeed implements Feed {
  readonly source
  readonly locate: (event: Event) => void
  problems: string[] = []
  private readonly options: LogFeedOptions
  private readonly store: ContextStore | undefined
  /** Opened, by hash. */
  private readonly contexts = new Map<string, FeedContext>()

  static async open(options: LogFeedOptions): Promise<LogFeed> {
    if (options.logs.includes('-')) throw new InvigilError('usage', 'a log is read twice here, which standard input cannot be; name a file')
    const feed = new LogFeed(options)
    // Whatever is not at hand is told before anything is read.
    for (const { context } of options.replay === undefined ? [] : (await History.read(options.replay)).future()) await feed.under(context)
    return feed
  }

  private constructor(options: LogFeedOptions) {
    const { format, platform, context, models, replay, acceptVersion } = options
    this.options = options
    // Events of tables and mappings keep themselves as their record.
    this.source = { kind: 'log' as const, format: format === 'mapping' || format === 'moodle' ? 'canonical' as const : format, ...(platform === undefined ? {} : { platform }) }
    this.locate = createEnricher({ geo: context.geo.lookups })
    this.store = replay === undefined ? undefined : new ContextStore(replay, { local: context, models, acceptVersion })
  }

  inputs(): Promise<Input[]> {
    return Promise.all([...this.options.logs, ...(this.options.details?.mapping?.files ?? [])].map(fileDigest))
  }

  /** A context is one object however often it comes into force. */
  private async under(hash: string): Promise<FeedContext> {
    const known = this.contexts.get(hash)
    if (known !== undefined) return known
    const { context: local, models: dir, replay } = this.options
    const context = this.store === undefined ? local : await this.store.open(hash)
    const record = contextRecordOf(context)
    const models = replay === undefined ? await readModels(context.bundle.rules, dir) : await findModels(record, dir, join(replay, CONTEXTS))
    const opened: FeedContext = { record, bundle: context.bundle, models, setup: setupFrom(context, this.locate) }
    this.contexts.set(hash, opened)
    return opened
  }

  async read(taker: Taker, progress?: (read: number, size: number) => void): Promise<void> {
    const { logs, replay, context } = this.options
    const history = replay === undefined ? History.none() : await History.read(replay)
    const pace = new Pace(history, await this.under(history.next?.context ?? context.hash), this.options, (hash) => this.under(hash), taker)
    const opened = await openLogs(logs, this.options)
    const readers = opened.map((o) => o.reader)
    try {
      const nothing = () => undefined
      const cursors = opened.map(({ reader, decoder }) => new Cursor(reader, decoder, { reject: nothing, ignored: nothing, blank: nothing, passed: () => void pace.records++ }))
      const merge = new Merge(cursors)
      for (let cursor = await merge.next(undefined); cursor !== undefined; cursor = await merge.next(cursor)) {
        await pace.before()
        for (const held of cursor.head) {
          if (pace.time.observe(held) === 'future') held.drop()
          else taker.event(held)
        }
        cursor.consume()
        pace.records++
        await pace.after()
        if (pace.isOver) return
        if (pace.records % PROGRESS_EVERY === 0) {
          const at = readers.map((r) => r.progress())
          progress?.(at.reduce((n, p) => n + p.read, 0), at.reduce((n, p) => n + p.size, 0))
          // Signals and the screen get their turn.
          await new Promise(setImmediate)
        }
      }
      this.problems = readers.flatMap((r) => (r.fault ? [r.fault.message] : []))
      await pace.end()
    } finally {
      await Promise.all(readers.map((r) => r.close()))
    }
  }
}

/** Makes the marks of a log: those that the count of lines tells, and those that a run has written down, with the contexts that came into force. */
class Pace {
  /** Lines done with. */
  records = 0
  /** Nothing that follows is wanted. */
  isOver = false
  readonly time: Timekeeper
  private readonly history: History
  private readonly under: (hash: string) => Promise<FeedContext>
  private readonly taker: Taker
  private context: FeedContext
  private markEvery: number
  private lateness: Ms
  /** Lines before the last mark. */
  private counted = 0

  constructor(history: History, context: FeedContext, { markEvery = MARK_EVERY, lateness = DEFAULT_LATENESS }: Pick<LogFeedOptions, 'markEvery' | 'lateness'>, under: (hash: string) => Promise<FeedContext>, taker: Taker) {
    this.history = history
    this.context = context
    this.under = under
    this.taker = taker
    this.markEvery = history.next?.markEvery ?? markEvery
    this.lateness = history.next?.lateness ?? lateness
    this.time = new Timekeeper(context.setup.catalogue, this.lateness)
  }

  /** What a run did before the next line. */
  async before(): Promise<void> {
    if (this.history.next !== undefined) await this.again()
  }

  /** The mark that is due after a line, if one is. */
  async after(): Promise<void> {
    if (this.records - this.counted < this.markEvery) return
    const { next } = this.history
    if (next !== undefined && next.kind !== 'start' && next.records <= this.records && next.mark === this.time.mark + 1) await this.again()
    else this.mark('next', this.records)
  }

  async end(): Promise<void> {
    await this.before()
    if (this.isOver) return
    if (this.history.next !== undefined) throw new InvigilError('bad-state', `the log is shorter than \`${HISTORY}\` tells; give the log of that run`)
    this.taker.mark(this.time.end(this.context.setup.context), this.context)
  }

  private async again(): Promise<void> {
    for (let { next } = this.history; next !== undefined && next.records <= this.records && !this.isOver; { next } = this.history) {
      this.history.repeat()
      const follows = this.time.mark + (next.kind === 'start' ? 0 : 1)
      if (next.mark !== follows) throw new InvigilError('bad-state', `the log is not the one that \`${HISTORY}\` tells of: there, mark ${next.mark} follows, and here mark ${follows}; give the same log and the same format`)
      this.context = await this.under(next.context)
      if (next.kind === 'start') {
        this.markEvery = next.markEvery
        this.lateness = next.lateness
      }
      this.time.renew(this.context.setup.catalogue, this.lateness)
      if (next.kind !== 'start') this.mark(next.kind, next.records)
    }
  }

  private mark(kind: 'next' | 'idle', counted: number): void {
    this.counted = counted
    const { context } = this.context.setup
    this.isOver = !this.taker.mark(kind === 'idle' ? this.time.idle(context) : this.time.next(context), this.context)
  }
}
