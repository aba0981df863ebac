import type { MachineState } from '../engine/snapshot.ts'
import type { OutputName } from '../io/output-folder.ts'
import type { Accounts } from './accounts.ts'
import type { MarkStart } from './mark-starts.ts'

/** What a snapshot of a run in one process is besides its keys. Plain data. */
export interface LocalHead {
  version: string
  logs: string[]
  /** First bytes of each log, as far as there were any: state must not go on with another log. */
  fingerprints: string[]
  output: string
  lengths: Record<OutputName, number>
  machine: MachineState
  accounts: Accounts
  span: { first: number; last: number }
  /** Lines handled: those after the last mark have been seen, and the next mark will cover them. */
  records: number
  /** From the mark that covers the oldest held event (S) to the one after the snapshot's last (Q + 1). */
  marks: MarkStart[]
  /** Lines before the last mark, from which the next one counts. Older ones lack this and what follows. */
  counted?: number
  /** How many turns of the run's history have been taken. */
  turns?: number
  /** Hash of the mapping, where there is one. */
  mapping?: string
  /** Rules of the context in force, by id and version. */
  rules?: { id: string; version: string }[]
}
