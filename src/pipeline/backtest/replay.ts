import type { Ms } from '../../base/time.ts'
import { Machine } from '../../engine/machine.ts'
import type { Format } from '../../telemetry/decode.ts'
import { createEnricher } from '../../telemetry/enrich.ts'
import type { Held } from '../../telemetry/held.ts'
import type { Warning } from '../../warnings/warning.ts'
import { newAccounts, type Accounts } from '../accounts.ts'
import type { Surroundings } from '../context.ts'
import { Cursor, type Reject } from '../cursor.ts'
import { openLogs, type FormatDetails } from '../logs.ts'
import { MARK_EVERY } from '../options.ts'
import { readLog, takeEvents } from '../read-log.ts'
import type { Pass } from './variant.ts'

export interface ReplayOptions {
  /** Files in NDJSON, compressed or not; `-` is standard input. */
  logs: readonly string[]
  format: Format
  platform?: string
  details?: FormatDetails
  surroundings: Surroundings
  passes: readonly Pass[]
  lateness?: Ms
  /** Records that a mark covers. */
  markEvery?: number
  /** Takes each revision of each warning, in the order in which a run over the variant's rules alone would write it. `context` is that of the pass. */
  output(this: void, pass: number, warning: Warning): void
  progress?(this: void, read: number, size: number, accounts: Accounts): void
}

/** What became of the logs. */
export interface Replayed {
  accounts: Accounts
  span: { first: Ms; last: Ms }
  /** What cut a log short. */
  problems: string[]
  /** The machine of each pass, at its end. */
  machines: readonly Machine[]
}

/** Reads logs once, as `invigil run` does, and shows every event to the machine of each pass. Errors: those of reading. */
export async function replay(options: ReplayOptions): Promise<Replayed> {
  const { logs, surroundings: { catalogue, geo }, passes, lateness, markEvery = MARK_EVERY } = options
  const machines = passes.map(({ rules, models, context }, pass) => new Machine({
    rules, catalogue, models, context, lateness, locate: createEnricher({ geo: geo.lookups }),
    output: (o) => {
      if (o.kind === 'warning') options.output(pass, o.value)
    },
  }))
  const accounts = newAccounts()
  const span = { first: Infinity, last: -Infinity }
  let [records, marked] = [0, 0]
  const reject = ({ reason }: Reject): void => void (accounts.rejected[reason] = (accounts.rejected[reason] ?? 0) + 1)
  const passed = (): void => {
    accounts.lines++
    records++
  }
  const sinks = { reject, passed, blank: () => void accounts.blank++, ignored: (verb: string) => void (accounts.ignored[verb] = (accounts.ignored[verb] ?? 0) + 1) }
  const opened = await openLogs(logs, options)
  const readers = opened.map((o) => o.reader)
  try {
    const cursors = opened.map(({ reader, decoder }) => new Cursor(reader, decoder, sinks))
    const show = observerOf(machines)
    const observe = (event: Held) => {
      const fate = show(event)
      if (fate === 'late') accounts.late++
      return fate
    }
    const taken = { accounts, span, reject }
    await readLog(cursors, {
      take: (cursor) => {
        takeEvents(cursor, observe, taken)
        passed()
        if (records - marked >= markEvery) {
          for (const machine of machines) machine.mark()
          marked = records
        }
        return undefined
      },
      fill: (cursor) => cursor.fill(),
      isStopped: () => false,
      tell: () => {
        const at = readers.map((r) => r.progress())
        options.progress?.(at.reduce((n, p) => n + p.read, 0), at.reduce((n, p) => n + p.size, 0), accounts)
      },
    })
  } finally {
    await Promise.all(readers.map((r) => r.close()))
  }
  for (const machine of machines) machine.end()
  return { accounts, span, problems: readers.flatMap((r) => (r.fault ? [r.fault.message] : [])), machines }
}

/** Every machine keeps the same time, so that an event has the same fate in all. */
function observerOf(machines: readonly Machine[]): (event: Held) => 'held' | 'late' | 'future' {
  const [first, ...others] = machines as [Machine, ...Machine[]]
  if (others.length === 0) return (event) => first.observe(event)
  return (held) => {
    // What waits as bytes can be read once.
    const event = held.read()
    for (const machine of others) machine.observe(event)
    return first.observe(event)
  }
}
