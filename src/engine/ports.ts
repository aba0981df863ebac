import type { Reason } from '../warnings/warning.ts'

/** Where snapshots lie: a folder, or Redis. Names are random, nothing is overwritten, old files go only after the commit. */
export interface SnapshotStore {
  /** The manifest committed last, if there is one. */
  manifest(): Promise<Uint8Array | undefined>
  /** Writes one file of a snapshot and returns its name. Chunks are asked for one by one, so that other work gets in between; each holds until the next is asked for. */
  write(chunks: Iterable<Uint8Array>): Promise<string>
  read(name: string): AsyncIterable<Uint8Array>
  /** Makes `manifest` the current one, whole or not at all; then deletes every file that is not in `keep`. */
  commit(manifest: Uint8Array, keep: readonly string[]): Promise<void>
  close(): Promise<void>
}

/**
 * A trained model, as detectors ask it. INVARIANT (scores): what it says of a row depends on that row and the model alone, never on the
 * rows that are scored with it.
 */
export interface Scorer {
  /** Numbers of a row: its features in their order, `NaN` where one is missing. */
  readonly width: number
  /** The probability of each of `count` rows that stand one after the other, rounded to three decimals. */
  score(rows: Float64Array, count: number): Float64Array
  /** What speaks most for the behaviour in one row, the largest first. */
  reasons(row: Float64Array): Reason[]
}
