import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { InvigilError } from '../../base/errors.ts'
import type { Ms } from '../../base/time.ts'
import { Timekeeper } from '../../engine/timekeeper.ts'
import { fileError } from '../../io/file-error.ts'
import { createDecoder, type Format } from '../../telemetry/decode.ts'
import { createEnricher } from '../../telemetry/enrich.ts'
import type { Event } from '../../telemetry/event.ts'
import { contextRecordOf } from '../context-record.ts'
import type { OpenContext } from '../context.ts'
import { Cursor, Merge } from '../cursor.ts'
import { openLogs } from '../logs.ts'
import { MARK_EVERY } from '../options.ts'
import { readModels } from '../models.ts'
import type { Feed, FeedContext, Input, Taker } from './feed.ts'

export interface LogFeedOptions {
  /** Files in NDJSON, compressed or not; they are read twice. */
  logs: readonly string[]
  format: Format
  platform?: string
  context: OpenContext
  /** The folder that models lie in by their names. */
  models: string
  lateness?: Ms
  markEvery?: number
}

const PROGRESS_EVERY = 10_000

/** Logs as `runLocal` judges them: with the same marks at the same places. */
export class LogFeed implements Feed {
  readonly source
  readonly locate: (event: Event) => void
  problems: string[] = []
  private readonly options: LogFeedOptions
  private readonly context: FeedContext

  static async open(options: LogFeedOptions): Promise<LogFeed> {
    if (options.logs.includes('-')) throw new InvigilError('usage', 'a log is read twice here, which standard input cannot be; name a file')
    const { context } = options
    return new LogFeed(options, {
      record: contextRecordOf(context), bundle: context.bundle, models: await readModels(context.bundle.rules, options.models),
      setup: { rules: context.bundle.rules, catalogue: context.catalogue, models: context.models, context: context.hash, live: context.live },
    })
  }

  private constructor(options: LogFeedOptions, context: FeedContext) {
    this.options = options
    this.source = { kind: 'log' as const, format: options.format, ...(options.platform === undefined ? {} : { platform: options.platform }) }
    this.locate = createEnricher({ geo: options.context.geo.lookups })
    this.context = { ...context, setup: { ...context.setup, locate: this.locate } }
  }

  inputs(): Promise<Input[]> {
    return Promise.all(this.options.logs.map(digestOf))
  }

  async read(taker: Taker, progress?: (read: number, size: number) => void): Promise<void> {
    const { logs, format, platform, lateness, markEvery = MARK_EVERY } = this.options
    const { setup } = this.context
    const time = new Timekeeper(setup.catalogue, lateness)
    const readers = await openLogs(logs, false, undefined)
    try {
      let records = 0
      let marked = 0
      const pass = () => void records++
      const nothing = () => undefined
      const cursors = readers.map((r) => new Cursor(r, createDecoder({ format, platform }), { reject: nothing, ignored: nothing, blank: nothing, passed: pass }))
      const merge = new Merge(cursors)
      for (let cursor = await merge.next(undefined); cursor !== undefined; cursor = await merge.next(cursor)) {
        for (const held of cursor.head) {
          if (time.observe(held) === 'future') held.drop()
          else taker.event(held)
        }
        cursor.consume()
        pass()
        if (records - marked >= markEvery) {
          marked = records
          if (!taker.mark(time.next(setup.context), this.context)) return
        }
        if (records % PROGRESS_EVERY === 0) {
          const at = readers.map((r) => r.progress())
          progress?.(at.reduce((n, p) => n + p.read, 0), at.reduce((n, p) => n + p.size, 0))
          // Signals and the screen get their turn.
          await new Promise(setImmediate)
        }
      }
      this.problems = readers.flatMap((r) => (r.fault ? [r.fault.message] : []))
      taker.mark(time.end(setup.context), this.context)
    } finally {
      await Promise.all(readers.map((r) => r.close()))
    }
  }
}

async function digestOf(path: string): Promise<Input> {
  const hash = createHash('sha256')
  let bytes = 0
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      bytes += chunk.length
    }
  } catch (e) {
    throw fileError(path, e as NodeJS.ErrnoException)
  }
  return { name: basename(path), bytes, sha256: hash.digest('hex') }
}
