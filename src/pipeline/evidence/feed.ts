import type { Setup } from '../../engine/runtime.ts'
import type { Mark } from '../../engine/timekeeper.ts'
import type { Event } from '../../telemetry/event.ts'
import type { Held } from '../../telemetry/held.ts'
import type { Bundle } from '../../rules/load.ts'
import type { ContextRecord } from '../context-record.ts'
import type { ModelFolders } from '../models.ts'
import type { Source } from './evidence.ts'

/** A context that marks name, opened. */
export interface FeedContext {
  record: ContextRecord
  setup: Setup
  bundle: Bundle
  models: ModelFolders
}

/** Takes a log as it is judged. */
export interface Taker {
  /** An event in the order of the log; none whose clock is ahead. It must be read or dropped. */
  event(held: Held): void
  /** Where the address of the event that is being read was looked up, since its record does not tell; `written`: as it stood there. */
  located?(written: string, event: Event): void
  /** The next mark, which covers the events taken since the one before; false where nothing that follows is wanted. */
  mark(mark: Mark, context: FeedContext): boolean
}

/** A log together with the marks that it was judged by: a log's own, or those that were recorded. Both are the same each time. */
export interface Feed {
  readonly source: Source
  /** What was read, by name, with its digest. */
  inputs(): Promise<Input[]>
  /** Reads all of it, from its beginning. */
  read(taker: Taker, progress?: (read: number, size: number) => void): Promise<void>
  /** Brings an event's address into its normal form and looks it up. In an archive, reading an event has done so. */
  locate(event: Event): void
  /** What cut the log short, after it was read. */
  readonly problems: readonly string[]
}

/** A file that evidence was taken from. */
export interface Input {
  name: string
  bytes: number
  sha256: string
}
