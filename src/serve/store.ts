import type { Taken } from './take.ts'

/** Where events are kept. */
export interface Store {
  /** Bytes that were given to it and are not durable yet. */
  readonly backlog: number
  /** Why it can take nothing any more until the process is restarted, in words for an operator; undefined while it can. */
  readonly broken: string | undefined
  /** Returns once all would survive a loss of power or of a broker. Errors: as of an `InvigilError`; then it may or may not be there. */
  put(taken: Taken): Promise<void>
  close(): Promise<void>
}
