import { MINUTE, type Ms } from '../base/time.ts'
import type { Machine } from '../engine/machine.ts'
import type { Output } from '../engine/output.ts'
import type { Format } from '../telemetry/decode.ts'
import type { Accounts } from './accounts.ts'
import type { OpenContext } from './context.ts'

/** What a run in one process is told. */
export interface LocalOptions {
  /** Files in NDJSON, compressed or not; `-` is standard input. */
  logs: readonly string[]
  format: Format
  platform?: string
  context: OpenContext
  output: string
  /** Folder for snapshots; without it a run cannot be resumed. */
  state?: string
  lateness?: Ms
  follow?: boolean
  partitions?: number
  /** Records that a mark covers. */
  markEvery?: number
  /** Wall-clock time between snapshots. */
  snapshotEvery?: Ms
  /** Ends the run in good order: with a snapshot and a summary. */
  stop?: AbortSignal
  watch?: Watcher
}

/** Is told how a run goes. */
export interface Watcher {
  progress?(read: number, size: number, accounts: Accounts): void
  /** A warning as soon as it is raised. */
  warning?(output: Output): void
  /** Lines that earlier runs have handled, and how many of them are read again for what was held. */
  resumed?(from: { records: number; again: number }): void
  saved?(of: { records: number; ms: number }): void
  /** The end that a followed log has at present is reached. */
  caughtUp?(records: number): void
  /** The whole state, when everything has been handled. */
  ended?(machine: Machine): void
}

export const MARK_EVERY = 1000
export const SNAPSHOT_EVERY: Ms = MINUTE
