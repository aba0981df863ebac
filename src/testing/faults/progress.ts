import { setTimeout as sleep } from 'node:timers/promises'
import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import { unpackMark, type MarkRecord } from '../../engine/mark-record.ts'
import type { Admin, KafkaClient } from '../../io/kafka/client.ts'
import { lastRecord } from '../../io/kafka/last-record.ts'
import { committedOffsets, logRanges, type LogRange } from '../../io/kafka/offsets.ts'
import { readTaskPosition } from '../../pipeline/kafka/task-head.ts'
import { messageOf, say, thousands } from './say.ts'

/** After a minute without news there is one more mark. */
const IDLE: Ms = MINUTE + 5 * SECOND

/** How far a group has come, as Kafka knows it. */
export class Progress {
  private readonly client: KafkaClient
  private readonly group: string
  private readonly source: string

  constructor(client: KafkaClient, group: string, source: string) {
    this.client = client
    this.group = group
    this.source = source
  }

  async line(): Promise<string> {
    const { source, taken, outs, marks } = await this.look()
    const of = (stage: number) => outs.filter((o) => o.stage === stage).map((o) => o.out)
    const span = (numbers: readonly number[]) => `${Math.min(...numbers)}-${Math.max(...numbers)}`
    return `taken in ${thousands(taken)} of ${thousands(source)}; end of the marks ${marks?.end ?? 0}; marks out: learner ${span(of(0))}, resource ${span(of(1))}`
  }

  /** Returns once every task has told of a snapshot. */
  async begun(within: Ms, every: Ms): Promise<void> {
    for (const until = Date.now() + within; ; await sleep(every)) {
      const waiting = (await this.look()).outs.filter((o) => o.saved === 0).map((o) => o.task)
      if (waiting.length === 0) return
      if (Date.now() > until) throw new Error(`no snapshot within ${within / SECOND} s of ${waiting.join(', ')}`)
    }
  }

  /** Returns once all that was fed has been taken in, time has stood still for over a minute, and every task has come to the last mark. */
  async settled(within: Ms, every: Ms): Promise<void> {
    const until = Date.now() + within
    let end = -1
    let since = Date.now()
    let why = ''
    for (; Date.now() < until; await sleep(every)) {
      try {
        const now = await this.look()
        if (now.marks?.end !== end) {
          since = Date.now()
          end = now.marks?.end ?? -1
        }
        why = await this.missing(now, Date.now() - since)
      } catch (e) {
        why = messageOf(e)
      }
      if (why === '') return
      say(`not done yet: ${why}`)
    }
    throw new Error(`not done within ${within / MINUTE} minutes: ${why}`)
  }

  private async missing({ source, taken, outs, marks }: Look, still: Ms): Promise<string> {
    if (taken !== source) return `${source - taken} records of the source have not been taken in`
    if (still < IDLE || marks === undefined) return `the marks ended at ${marks?.end ?? 0} ${Math.round(still / SECOND)} s ago`
    const last = (await lastRecord(this.client, this.group, this.client.topic('marks'), 0, marks))?.value
    if (!last) return 'there is no mark'
    const record = unpackMark(last)
    const behind = outs.filter((o) => o.out !== record.mark.number).map((o) => `${o.task} at ${o.out}`)
    if (behind.length > 0) return `the last mark is ${record.mark.number}, but ${behind.join(', ')}`
    return this.uncovered(record)
  }

  private async uncovered({ offsets }: MarkRecord): Promise<string> {
    const topic = this.client.topic('telemetry')
    const ranges = await this.client.withAdmin((admin) => logRanges(admin, topic))
    for (const [p, range] of ranges.entries()) {
      const last = await lastRecord(this.client, this.group, topic, p, range)
      if (last && Number(last.offset) >= (offsets[p] ?? 0)) return `no mark covers offset ${last.offset} of partition ${p} of the telemetry`
    }
    return ''
  }

  private look(): Promise<Look> {
    const { client, group } = this
    return client.withAdmin(async (admin) => ({
      source: sum((await logRanges(admin, this.source)).map((r) => r.end)),
      taken: sum((await committedOffsets(admin, `${group}-intake`, this.source)).map((c) => c?.offset ?? 0)),
      marks: (await logRanges(admin, client.topic('marks')))[0],
      outs: [...await this.outs(admin, 'learner', 0), ...await this.outs(admin, 'resource', 1)],
    }))
  }

  private async outs(admin: Admin, name: 'learner' | 'resource', stage: number): Promise<Look['outs']> {
    const all = await committedOffsets(admin, `${this.group}-${name}`, this.client.topic(name === 'learner' ? 'telemetry' : 'sightings'))
    return all.map((c, p) => {
      const { o, q } = c ? readTaskPosition(c.metadata) : { o: 0, q: 0 }
      return { task: `${name}-${p}`, stage, out: o, saved: q }
    })
  }
}

interface Look {
  source: number
  taken: number
  marks: LogRange | undefined
  outs: { task: string; stage: number; out: number; saved: number }[]
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
