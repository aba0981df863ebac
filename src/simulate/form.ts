import type { Action } from '../telemetry/event.ts'
import type { Fields } from './person.ts'

/**
 * Which optional fields a platform writes down, and of which actions it tells at all. A server writes the same columns
 * for whoever sends: what a program leaves out is filled with what an idle player would say, so that no set of fields
 * tells a program from a person.
 */
export interface Form {
  received: boolean
  accounts: boolean
  sessions: boolean
  agents: boolean
  visible: boolean
  muted: boolean
  /** Whether beats name the playback rate. */
  rate: boolean
  inputs: boolean
  /** Media length with `initialized` and `completed`. */
  lengths: boolean
  elapsed: boolean
  photos: boolean
  similarity: boolean
  /** Actions that the platform never tells. */
  omits: ReadonlySet<Action>
}

/** The fields of one event as the platform writes them. */
export function shape(form: Form, action: Action, given: Fields): Fields {
  const fields: Fields = { course: given.course, chapter: given.chapter }
  switch (action) {
    case 'played':
    case 'paused':
    case 'heartbeat':
    case 'terminated':
      fields.position = given.position ?? 0
      if (form.visible) fields.visible = given.visible ?? true
      if (form.muted) fields.muted = given.muted ?? false
      if (form.rate) fields.rate = given.rate ?? 1
      break
    case 'initialized':
      fields.position = given.position ?? 0
      if (form.lengths) fields.length = given.length
      return fields
    case 'seeked':
      fields.from = given.from
      fields.to = given.to
      fields.position = given.position
      break
    case 'rate-changed':
      fields.position = given.position ?? 0
      fields.rate = given.rate
      return fields
    case 'completed':
      fields.position = given.position
      if (form.lengths) fields.length = given.length
      break
    case 'answered':
      fields.item = given.item
      fields.correct = given.correct
      if (form.elapsed) fields.elapsed = given.elapsed
      break
    case 'face-requested':
      fields.challenge = given.challenge
      return fields
    case 'face-checked':
      fields.challenge = given.challenge
      fields.outcome = given.outcome
      if (form.photos) fields.photo = given.photo
      if (form.similarity) fields.similarity = given.similarity
      return fields
    case 'logged-in':
    case 'logged-out':
    case 'navigated':
    case 'attended':
      return fields
  }
  if (form.inputs) fields.inputs = given.inputs ?? 0
  return fields
}
