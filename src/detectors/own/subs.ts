import { rare, record, type RecordOf, type Shape } from '../../base/record.ts'
import type { Ms } from '../../base/time.ts'
import { Event } from '../../telemetry/event.ts'
import type { Sighting } from '../../engine/sighting.ts'
import { personKey } from '../shared/people.ts'
import type { Open } from './episode.ts'
import type { TextField } from './params.ts'

/** What is kept of one value of a rule's `by` (of everything, where it has none). Plain data. */
export interface Sub<D> {
  /** The values, joined. */
  key: string
  /** The values by their fields, as they are shown. */
  by: Record<string, string>
  /** Which params `data` was made under. */
  sign: number
  /** Last event or sighting that counted. */
  last: Ms
  /** Undefined: nothing but the episode that is open. */
  data: D | undefined
  open: Open | undefined
}

export interface State<D> {
  /** Undefined while there are none, as of nearly every key. */
  subs: Sub<D>[] | undefined
  /** When episodes of this key began that may be remembered, so that no two begin alike. */
  begins: Ms[] | undefined
  /** Of a resource: when something came of it last while something is remembered. That it was left is no sign of life. */
  alive: Ms | undefined
}

export function state<D>(): Shape<State<D>> {
  const fields = record({ subs: rare<Sub<D>[]>(), begins: rare<Ms[]>(), alive: rare<Ms>() })
  return fields satisfies Shape<RecordOf<typeof fields>>
}

/** What a learner or resource is remembered in, at most. */
export const MOST_SUBS = 64

/** The value of a text field, for telling events apart and for showing it. A learner is one of a platform. */
export function textOf(seen: Event | Sighting, field: TextField): { key: string; shown: string } | undefined {
  const value = (seen as unknown as Record<string, unknown>)[field] as string | undefined
  if (value === undefined) return undefined
  return { key: field === 'learner' ? personKey(seen.platform, value) : value, shown: value }
}

/** The values of several fields as one key; the first field that is missing where one is. */
export function keyOf(seen: Event | Sighting, fields: readonly TextField[]): { key: string; by: Record<string, string> } | { missing: string } {
  let key = ''
  const by: Record<string, string> = {}
  for (const field of fields) {
    const text = textOf(seen, field)
    if (text === undefined) return { missing: field }
    key += `${text.key}\u0001`
    by[field] = text.shown
  }
  return { key, by }
}
