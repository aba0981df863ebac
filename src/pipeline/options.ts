import type { InvigilError } from '../base/errors.ts'
import { MINUTE, type Ms } from '../base/time.ts'
import type { Machine } from '../engine/machine.ts'
import type { Output } from '../engine/output.ts'
import type { Changes } from '../rules/changes.ts'
import type { Format } from '../telemetry/decode.ts'
import type { Accounts } from './accounts.ts'
import type { OpenContext } from './context.ts'
import type { FormatDetails } from './logs.ts'
import type { ReloadOptions, ReloadWatcher } from './reload/reloader.ts'

/** What a run in one process is told. */
export interface LocalOptions {
  /** Files in NDJSON, compressed or not; `-` is standard input. */
  logs: readonly string[]
  format: Format
  platform?: string
  details?: FormatDetails
  context: OpenContext
  output: string
  /** Folder for snapshots; without it a run cannot be resumed. */
  state?: string
  lateness?: Ms
  follow?: boolean
  partitions?: number
  /** Whether learning records are written; by default they are. */
  records?: boolean
  /** Records that a mark covers. */
  markEvery?: number
  /** Wall-clock time between snapshots. */
  snapshotEvery?: Ms
  /** Follows rules directories, from which `context` was opened; what is good comes into force at a mark. */
  reload?: ReloadOptions
  /** The state folder of another run, whose marks and contexts are to be repeated. */
  replay?: string
  /** Where `context` found its models by their names. */
  models?: string
  /** Repeats also what another version did. */
  acceptVersion?: boolean
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
  /** Another context has come into force, with that mark after so many lines; `again`: as in an earlier run. */
  switched?(of: { context: OpenContext; changes: Changes; mark: number; records: number; again: boolean }): void
  /** This is the context in force, from the beginning or from now on. */
  entered?(context: OpenContext): void
  /** The context that the state was made under cannot be opened any more: the present one takes its place at once. */
  lost?(e: InvigilError): void
  /** What becomes of the rules where they are watched. */
  rules?: ReloadWatcher
  /** The whole state, when everything has been handled. */
  ended?(machine: Machine): void
}

export const MARK_EVERY = 1000
export const SNAPSHOT_EVERY: Ms = MINUTE
