import { formatTime, type Ms } from '../base/time.ts'
import type { Held } from '../telemetry/held.ts'
import type { Accounts } from './accounts.ts'
import { Merge, type Cursor, type Reject } from './cursor.ts'

/** Records of several logs between two looks at how far they have come. */
const TOLD_EVERY = 10_000

/** What is done with the records of logs. */
export interface Reading {
  /** Takes the record at a cursor's head; a promise where something is to be waited for before the next. */
  take(this: void, cursor: Cursor): Promise<void> | undefined
  /** Reads a cursor's log on; false at its end, and when stopped. */
  fill(this: void, cursor: Cursor): Promise<boolean>
  isStopped(this: void): boolean
  /** Is called now and then. */
  tell(this: void): void
  /** A log that is read alone has been read on. */
  filled?(this: void, cursor: Cursor): Promise<void>
  /** Where a log that is read alone may still grow: waits at its present end. False when stopped. */
  grown?(this: void, cursor: Cursor): Promise<boolean>
}

/** Reads logs to their end, record by record, several as one by event time. False when stopped before. */
export function readLog(cursors: readonly Cursor[], reading: Reading): Promise<boolean> {
  const [only] = cursors
  return only !== undefined && cursors.length === 1 ? readOne(only, reading) : readMany(cursors, reading)
}

async function readOne(cursor: Cursor, on: Reading): Promise<boolean> {
  for (;;) {
    while (cursor.next()) {
      const waits = on.take(cursor)
      if (waits !== undefined) await waits
    }
    if (on.isStopped()) return false
    if (!(await on.fill(cursor))) {
      if (on.isStopped()) return false
      if (on.grown === undefined || cursor.reader.fault) return true
      on.tell()
      if (!(await on.grown(cursor))) return false
    }
    await on.filled?.(cursor)
    on.tell()
  }
}

async function readMany(cursors: readonly Cursor[], on: Reading): Promise<boolean> {
  const merge = new Merge(cursors, on.fill)
  let cursor = await merge.next(undefined)
  let told = 0
  while (cursor) {
    if (on.isStopped()) return false
    const waits = on.take(cursor)
    if (waits !== undefined) await waits
    if (++told % TOLD_EVERY === 0) {
      on.tell()
      await new Promise(setImmediate)
    }
    cursor = await merge.next(cursor)
  }
  return !on.isStopped()
}

/** Where the events of a log went, and from when to when they are. */
export interface Taken {
  readonly accounts: Accounts
  readonly span: { first: Ms; last: Ms }
  reject(this: void, reject: Reject): void
}

/** Shows the events of the record at a cursor's head to `observe`, and is done with the record. One of a wrong clock (`future`) is a reject. */
export function takeEvents(cursor: Cursor, observe: (event: Held) => 'held' | 'late' | 'future', { accounts, span, reject }: Taken): void {
  const { head } = cursor
  for (let i = 0; i < head.length; i++) {
    const event = head[i] as Held
    const { time } = event
    if (observe(event) === 'future') reject(cursor.rejectOf('future', `\`time\` ${formatTime(time)} lies more than 5 minutes ahead of \`received\``))
    else {
      accounts.events++
      if (time < span.first) span.first = time
      if (time > span.last) span.last = time
    }
  }
  cursor.consume()
}
