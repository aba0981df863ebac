import { setTimeout as sleep } from 'node:timers/promises'
import { SECOND, type Ms } from '../../base/time.ts'
import type { MarkRecord } from '../../engine/mark-record.ts'
import type { KafkaClient } from '../../io/kafka/client.ts'
import { committedOffsets, logRanges } from '../../io/kafka/offsets.ts'
import { RedisConnection } from '../../io/redis-connection.ts'
import { readTaskPosition } from '../../pipeline/kafka/task-head.ts'
import type { Opened, Processes } from './processes.ts'

/** What a task's new owner has to go by, just after the old one was killed. */
interface Position {
  task: string
  /** Where the log begins; S, Q and O as the group's offset says them. */
  start: number
  s?: number
  q: number
  o: number
  /** Whether Redis holds a snapshot of it. */
  isSaved: boolean
  /** How many take-overs had been told of by then. */
  opened: number
}

/** One process that was killed, with the tasks that it had. */
interface Killed {
  number: number
  name: string
  at: Ms
  /** Redis had been emptied, and some task had not saved anew. */
  isEmptied: boolean
  positions: Position[]
}

/** Kills of processes that had tasks. */
export interface Recovered {
  kills: number
  good: number
  /** Not among `kills`: Redis had been emptied, and not every task had saved anew. */
  emptied: number
  /** Not among `kills`: time stood still, so that snapshots had caught up with it. */
  still: number
}

/** A mark as it stands in the topic. */
export interface StampedMark {
  record: MarkRecord
  /** When it was written. */
  at: Ms
}

/** Beyond two snapshots. */
const STILL: Ms = 4 * SECOND
const LOOK: Ms = 50

/** Looks at what each process that is killed leaves behind, and at what its tasks' new owners make of it. */
export class Recoveries {
  private readonly killed: Killed[] = []
  private wasEmptied = false
  private readonly client: KafkaClient
  private readonly group: string
  private readonly redis: { url: string; prefix: string }
  private readonly processes: Processes

  constructor(client: KafkaClient, group: string, redis: { url: string; prefix: string }, processes: Processes) {
    this.client = client
    this.group = group
    this.redis = redis
    this.processes = processes
  }

  /** Redis has lost everything. */
  emptied(): void {
    this.wasEmptied = true
  }

  /** Returns once a learner task of these has said more than its snapshot holds, or after `within`: time may stand still. */
  async hasMore(tasks: readonly string[], within: Ms): Promise<void> {
    const topic = this.client.topic('telemetry')
    await this.client.withAdmin(async (admin) => {
      for (const until = Date.now() + within; Date.now() < until; await sleep(LOOK)) {
        const all = await committedOffsets(admin, `${this.group}-learner`, topic)
        if (all.some((c, p) => c && tasks.includes(`learner-${p}`) && isAhead(readTaskPosition(c.metadata)))) return
      }
    })
  }

  /** To be called right after a process was killed, with the tasks that it had. */
  async note(name: string, tasks: readonly string[]): Promise<void> {
    const at = Date.now()
    const opened = this.processes.opened.length
    const saved = await this.savedOf(tasks)
    const positions: Position[] = []
    await this.client.withAdmin(async (admin) => {
      for (const [stage, kind] of [['learner', 'telemetry'], ['resource', 'sightings']] as const) {
        const topic = this.client.topic(kind)
        const [committed, ranges] = [await committedOffsets(admin, `${this.group}-${stage}`, topic), await logRanges(admin, topic)]
        for (const [partition, range] of ranges.entries()) {
          const task = `${stage}-${partition}`
          if (!tasks.includes(task)) continue
          const of = committed[partition]
          const said = of && readTaskPosition(of.metadata)
          positions.push({ task, start: range.start, s: of?.offset, q: said?.q ?? 0, o: said?.o ?? 0, isSaved: saved.has(task), opened })
        }
      }
    })
    this.killed.push({ number: this.killed.length + 1, name, at, isEmptied: this.wasEmptied && positions.some((p) => !p.isSaved), positions })
  }

  /** A line for each task of each kill, and what they come to. `marks`: all that were ever written. */
  table(marks: readonly StampedMark[]): { lines: string[]; recovered: Recovered } {
    const covered = new Map(marks.map(({ record: { mark, offsets } }) => [mark.number, offsets]))
    const recovered: Recovered = { kills: 0, good: 0, emptied: 0, still: 0 }
    const lines = ['kill  process  task         start       S  covered at Q       Q       O  the new owner']
    for (const { number, name, at, isEmptied, positions } of this.killed) {
      if (positions.length === 0) {
        lines.push(`${String(number).padStart(4)}  ${name.padEnd(7)}  had no tasks`)
        continue
      }
      const stoodFor = at - (marks.findLast((m) => m.at <= at)?.at ?? 0)
      const areRight = positions.map((p) => {
        const reach = p.task.startsWith('learner') ? covered.get(p.q)?.[Number(p.task.split('-')[1])] : undefined
        const next = this.processes.opened.slice(p.opened).find((o) => o.task === p.task)
        const isGood = isRight(p, reach)
        lines.push(line(number, name, p, reach, next, isEmptied ? 'redis was emptied' : stoodFor > STILL ? `time stood still for ${Math.round(stoodFor / SECOND)} s` : isGood ? '' : 'not start < S < Q'))
        return isGood
      })
      if (isEmptied) recovered.emptied++
      else if (stoodFor > STILL && areRight.every(Boolean)) recovered.still++
      else {
        recovered.kills++
        // Some task at least had said more than its snapshot holds: what is handled again must be dropped.
        if (areRight.every(Boolean) && positions.some(isAhead)) recovered.good++
      }
    }
    return { lines, recovered }
  }

  private async savedOf(tasks: readonly string[]): Promise<Set<string>> {
    const { url, prefix } = this.redis
    const connection = new RedisConnection({ url })
    try {
      const found = await Promise.all(tasks.map(async (task) => ((await connection.ask((r) => r.exists(`${prefix}${encodeURIComponent(`${this.group}/${task}`)}:manifest`))) > 0 ? [task] : [])))
      return new Set(found.flat())
    } finally {
      connection.close()
    }
  }
}

/**
 * Whether a new owner goes on from a snapshot: the log need not be read from its start; of the learner stage S lies before what the snapshot's mark covers, since events
 * were held (unless the mark was that of an idle log, which releases all). Q is O where it was killed before it had anything to say after its snapshot; a resource task speaks only with a warning or a snapshot.
 */
function isRight({ task, start, s, q, o }: Position, covered: number | undefined): boolean {
  return s !== undefined && start < s && q > 0 && q <= o && (!task.startsWith('learner') || (covered !== undefined && s <= covered))
}

function isAhead({ q, o }: { q: number; o: number }): boolean {
  return q < o
}

function line(number: number, name: string, p: Position, covered: number | undefined, next: Opened | undefined, verdict: string): string {
  const cell = (n: number | undefined, width = 6) => String(n ?? '-').padStart(width)
  const told = next === undefined ? 'none was told of' : `${next.by}: ${next.snapshot > 0 ? `from mark ${next.snapshot}` : 'without a snapshot'}, offset ${next.from}, out ${next.out}`
  return `${cell(number, 4)}  ${name.padEnd(7)}  ${p.task.padEnd(11)}  ${cell(p.start, 5)}  ${cell(p.s)}  ${cell(covered, 12)}  ${cell(p.q)}  ${cell(p.o)}  ${told}${verdict && `  (${verdict})`}`
}
