import type { Catalogue } from '../catalogue/index.ts'
import { Machine } from '../engine/machine.ts'
import { recordSchema, type LearningRecord } from '../records/record.ts'
import type { Action, Event } from '../telemetry/event.ts'
import { at as eventAt, type Fields } from './drive.ts'

/** An event of learner `L1` on `p1` in chapter `c1`, unless told otherwise; `time` as for `instant`. */
export function at(time: string, action: Action, fields: Fields & { chapter?: string | undefined } = {}): Event {
  const { chapter, ...rest } = fields
  return eventAt(time, action, 'L1', 'chapter' in fields ? chapter : 'c1', rest)
}

/** Every revision of the records that events give rise to, in output order, each checked against its contract. */
export function recordsOf(events: readonly Event[], { catalogue }: { catalogue: Catalogue }): LearningRecord[] {
  const records: LearningRecord[] = []
  const machine = new Machine({ rules: [], catalogue, context: 'test', records: true, output: (o) => void (o.kind === 'record' && records.push(o.value)) })
  for (const e of events) machine.observe(e)
  machine.end()
  return records.map((r) => recordSchema.parse(JSON.parse(JSON.stringify(r))))
}
