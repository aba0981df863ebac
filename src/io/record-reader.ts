import type { Chunk } from '../telemetry/held.ts'
import type { Bytes } from './bytes.ts'

/** Where a log is read on: bytes (as they are read: uncompressed, UTF-16 as UTF-8) and line breaks before it. */
export interface Position {
  offset: number
  line: number
  /** The record stands in a list that an object holds, as in `{"statements": [`: what follows the list is not a record. */
  inside?: true
}

/** A record too long to be held: its first bytes, and how long it was. */
export interface Overlong {
  head: Buffer
  length: number
}

/**
 * Reads a log record by record without copying: after `next` returned true, the record is `bytes` from `start` up to `end`.
 * INVARIANT: from any position that it tells, another reader of the same log gives the same records at the same places,
 * whatever pieces the bytes come in.
 */
export interface RecordReader {
  /** How the user named the log. */
  readonly name: string
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  /** Keeps the bytes, where records may wait as they are. */
  readonly chunk: Chunk | undefined
  /** Set instead of a usable record when it was too long to hold. */
  readonly overlong: Overlong | undefined
  /** Line in which the record at hand begins, from 1. */
  readonly line: number
  /** Offset of the record at hand. */
  readonly offset: number
  /** What cut the log short, if anything did. */
  readonly fault: Bytes['fault']
  /** Whether the last records told, or the next, are what a log that ends within a record ends with: it may not be whole yet. */
  readonly isTail: boolean
  /** Where to read on so that the record at hand comes again. */
  here(): Position
  /** Where to read on so that the one after it comes. */
  after(): Position
  /** Steps to the next record that is in memory; false when `fill` must be called first. */
  next(): boolean
  /** Reads on; false at the end of the log (when following without a fault: at its present end). Call it when `next` returned false. */
  fill(): Promise<boolean>
  progress(): { read: number; size: number }
  close(): Promise<void>
}
