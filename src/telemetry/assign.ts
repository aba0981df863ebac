import { invariant } from '../base/errors.ts'
import type { Action, Event } from './event.ts'
import { FIELD_RULES, type FieldRule } from './validate.ts'

/** The fields in the schema's order, by whose numbers they are set below: by name it would take many times as long. */
export const NAMES = [
  'id', 'time', 'received', 'action', 'platform', 'learner', 'account', 'session', 'device', 'agent', 'ip', 'class', 'course', 'chapter', 'video',
  'position', 'from', 'to', 'length', 'rate', 'visible', 'muted', 'inputs', 'item', 'correct', 'elapsed', 'challenge', 'outcome', 'photo', 'similarity',
] as const satisfies FieldRule['name'][]
invariant(NAMES.length === FIELD_RULES.length && NAMES.every((n, i) => FIELD_RULES[i]?.name === n), 'the scanner does not know the fields of the event schema')

/** Sets the text field of that number. */
export function assignText(e: Event, field: number, value: string | undefined): void {
  switch (field) {
    case 3: e.action = value as Action; break
    case 4: e.platform = value as string; break
    case 5: e.learner = value as string; break
    case 6: e.account = value; break
    case 7: e.session = value; break
    case 8: e.device = value; break
    case 9: e.agent = value; break
    case 10: e.ip = value; break
    case 11: e.class = value; break
    case 12: e.course = value; break
    case 13: e.chapter = value; break
    case 14: e.video = value; break
    case 23: e.item = value; break
    case 26: e.challenge = value; break
    case 27: e.outcome = value as Event['outcome']; break
    case 28: e.photo = value; break
    default: invariant(false, `field ${field} is not text`)
  }
}

/** Sets the number field of that number. */
export function assignNumber(e: Event, field: number, value: number): void {
  switch (field) {
    case 15: e.position = value; break
    case 16: e.from = value; break
    case 17: e.to = value; break
    case 18: e.length = value; break
    case 19: e.rate = value; break
    case 22: e.inputs = value; break
    case 25: e.elapsed = value; break
    case 29: e.similarity = value; break
    default: invariant(false, `field ${field} is not a number`)
  }
}

/** Sets the field of that number that is true or false. */
export function assignBoolean(e: Event, field: number, value: boolean): void {
  switch (field) {
    case 20: e.visible = value; break
    case 21: e.muted = value; break
    case 24: e.correct = value; break
    default: invariant(false, `field ${field} is not true or false`)
  }
}
