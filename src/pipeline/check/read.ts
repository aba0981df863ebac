import { formatTime } from '../../base/time.ts'
import type { Format } from '../../telemetry/decode.ts'
import type { Event } from '../../telemetry/event.ts'
import { Cursor, type Reject } from '../cursor.ts'
import { openLogs, type FormatDetails } from '../logs.ts'
import { readLog } from '../read-log.ts'

/** The logs to look at, and how they are read: as a run reads them. */
export interface LogSource {
  logs: readonly string[]
  format: Format
  platform?: string
  details?: FormatDetails
}

/** Is told what the logs hold, in the order in which a run reads it. */
export interface LogTally {
  /** An event. `future`: its clock is wrong, which makes it a reject. */
  event(this: void, event: Event): 'taken' | 'future'
  reject(this: void, reject: Reject): void
  ignored(this: void, verb: string): void
  blank(this: void): void
  /** Once for each record, after all that it held. */
  passed(this: void): void
  progress?(this: void, read: number, size: number): void
}

/** Reads logs to their end. Returns what cut them short. Errors: those of opening a log. */
export async function tallyLogs(source: LogSource, tally: LogTally): Promise<string[]> {
  const cursors = (await openLogs(source.logs, source)).map(({ reader, decoder }) => new Cursor(reader, decoder, tally))
  try {
    await readLog(cursors, {
      take(cursor) {
        for (const held of cursor.head) {
          const event = held.read()
          const { time } = event
          if (tally.event(event) === 'future') tally.reject(cursor.rejectOf('future', `\`time\` ${formatTime(time)} lies more than 5 minutes ahead of \`received\``))
        }
        cursor.consume()
        tally.passed()
        return undefined
      },
      fill: (cursor) => cursor.fill(),
      isStopped: () => false,
      tell() {
        const at = cursors.map((c) => c.reader.progress())
        tally.progress?.(at.reduce((n, p) => n + p.read, 0), at.reduce((n, p) => n + p.size, 0))
      },
    })
    return cursors.flatMap((c) => (c.reader.fault ? [c.reader.fault.message] : []))
  } finally {
    await Promise.all(cursors.map((c) => c.reader.close()))
  }
}
