import { SECOND, type Ms } from '../../base/time.ts'
import type { Action } from '../../telemetry/event.ts'
import { inOrder, type Chapter, type Fields, type Link, type Person, type Sent } from '../person.ts'

/** A program that calls the platform's interface without a player. `now` is its own clock. */
export class Script {
  now: Ms
  link: Link
  readonly person: Person
  private sent: Sent[] = []

  constructor(person: Person, link: Link, now: Ms) {
    this.person = person
    this.link = link
    this.now = now
  }

  /** Sends one message; it waits for the reply. */
  send(action: Action, fields?: Fields): void {
    const delay = this.person.latency()
    this.sendAt(this.now, this.now + delay, action, fields)
    this.now += delay
  }

  /** Sends a message that claims to be of `time`. */
  sendAt(time: Ms, received: Ms, action: Action, fields?: Fields): void {
    this.person.isForged = true
    this.person.send(this.sent, time, received, this.link, action, fields)
  }

  /** A report of the media position, forged as a player would fill it in. */
  report(chapter: Chapter, position: number, more?: Fields): void {
    this.send('heartbeat', this.at(chapter, position, more))
  }

  at(chapter: Chapter, position: number, more?: Fields): Fields {
    const at = this.person.round(Math.min(chapter.length, position))
    return { course: chapter.course, chapter: chapter.id, position: at, visible: true, muted: false, inputs: 0, ...more }
  }

  complete(chapter: Chapter): void {
    this.send('completed', { course: chapter.course, chapter: chapter.id, position: chapter.length, length: chapter.length })
  }

  /** Answers a chapter's items, `seconds` each, or as many as the item's number gives. */
  quiz(chapter: Chapter, items: number, seconds: number | ((item: number) => number), right: number): void {
    const r = this.person.random
    for (let i = 1; i <= items; i++) {
      const elapsed = r.paced(typeof seconds === 'number' ? seconds : seconds(i), Math.abs(r.normal(0, 0.03)))
      this.now += elapsed * SECOND
      const correct = r.chance(right)
      this.send('answered', { course: chapter.course, chapter: chapter.id, item: `${chapter.id}-q${i}`, correct, elapsed: Math.round(elapsed * 1000) / 1000 })
    }
  }

  /** Is asked for the face and uploads the last one again, with noise on it. */
  uploadFace(chapter: Chapter): void {
    const { person } = this
    const r = person.random
    const where = { course: chapter.course, chapter: chapter.id, challenge: r.hex(8) }
    this.send('face-requested', where)
    this.now += r.paced(r.uniform(0.5, 2)) * SECOND + person.latency()
    const photo = person.face.again(r, 2)
    const [least, span] = person.platform.variant?.likeness ?? []
    // A good photo, as the platform measures them.
    const similarity = least === undefined || span === undefined ? 0.9 + 0.05 * r.uniform() : least + span * r.uniform(0.6, 0.85)
    this.send('face-checked', { ...where, outcome: 'passed', photo, similarity: Math.round(similarity * 1000) / 1000 })
  }

  take(): Sent[] {
    const batch = inOrder(this.sent)
    this.sent = []
    return batch
  }
}
