import { formatTime } from '../../base/time.ts'
import { ACTIONS, FIELDS, PLAYBACK, type Action, type Event, type Field } from '../../telemetry/event.ts'

const EXAMPLES = 3
const LONGEST = 80
const playback = ACTIONS.filter((a) => PLAYBACK.has(a))
const study: readonly Action[] = [...playback, 'answered', 'attended']

/** With which actions a field says something. */
const SENSE: Readonly<Record<Field, readonly Action[]>> = {
  received: ACTIONS, account: ACTIONS, session: ACTIONS, device: ACTIONS, agent: ACTIONS, ip: ACTIONS, class: ACTIONS,
  course: study, chapter: study, video: playback, position: playback, from: ['seeked'], to: ['seeked'], length: playback, rate: playback,
  visible: playback, muted: playback, inputs: playback, item: ['answered'], correct: ['answered'], elapsed: ['answered'],
  challenge: ['face-requested', 'face-checked'], outcome: ['face-checked'], photo: ['face-checked'], similarity: ['face-checked'],
}

/** How often a field came with the actions that it makes sense for. */
export interface FieldShare {
  field: Field
  /** Events that carry it, of those with which it makes sense. */
  events: number
  of: number
  byAction: { action: Action; events: number; of: number }[]
  /** Some values, as they are written. */
  examples: string[]
}

/** Which fields one platform's events carry. */
export class FieldTally {
  /** Events by action, in the order of ACTIONS. */
  readonly actions = ACTIONS.map(() => 0)
  private readonly counts = new Float64Array(ACTIONS.length * FIELDS.length)
  private readonly examples = FIELDS.map((): string[] => [])

  /** `index` is the action's place in ACTIONS. */
  take(index: number, event: Event): void {
    this.actions[index] = (this.actions[index] as number) + 1
    const row = index * FIELDS.length
    for (let bits = event.present; bits !== 0; bits &= bits - 1) {
      const field = 31 - Math.clz32(bits & -bits)
      this.counts[row + field] = (this.counts[row + field] as number) + 1
      const examples = this.examples[field] as string[]
      if (examples.length < EXAMPLES) example(examples, FIELDS[field] as Field, event)
    }
  }

  shares(): FieldShare[] {
    return FIELDS.map((field, f) => {
      const byAction = SENSE[field].map((action) => ({ action, index: ACTIONS.indexOf(action) })).filter(({ index }) => (this.actions[index] as number) > 0)
        .map(({ action, index }) => ({ action, events: this.counts[index * FIELDS.length + f] as number, of: this.actions[index] as number }))
      const sum = (of: 'events' | 'of'): number => byAction.reduce((n, a) => n + a[of], 0)
      return { field, events: sum('events'), of: sum('of'), byAction, examples: [...(this.examples[f] as string[])] }
    })
  }
}

function example(examples: string[], field: Field, event: Event): void {
  const value = event[field]
  const text = clipped(field === 'received' ? formatTime(value as number) : String(value))
  if (!examples.includes(text)) examples.push(text)
}

/** A text from the log, cut so that a report stays short. */
export function clipped(text: string, most = LONGEST): string {
  return text.length <= most ? text : `${text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '')}…`
}
