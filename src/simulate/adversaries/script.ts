import { SECOND, type Ms } from '../../base/time.ts'
import type { Action } from '../../telemetry/event.ts'
import { inOrder, latency, type Chapter, type Fields, type Link, type Person, type Sent } from '../person.ts'

/** A Chrome that a script's author copied once, and every user of the script has. */
export const COPIED_AGENT = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/104.0.0.0 Safari/537.36'

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
    const delay = latency(this.person.random)
    this.sendAt(this.now, this.now + delay, action, fields)
    this.now += delay
  }

  /** Sends a message that claims to be of `time`. */
  sendAt(time: Ms, received: Ms, action: Action, fields?: Fields): void {
    this.sent.push(this.person.send(time, received, this.link, action, fields))
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

  /** Answers a chapter's items, `seconds` each. */
  quiz(chapter: Chapter, items: number, seconds: number, right: number): void {
    const r = this.person.random
    for (let i = 1; i <= items; i++) {
      const elapsed = seconds + Math.abs(r.normal(0, 0.03))
      this.now += elapsed * SECOND
      const correct = r.chance(right)
      this.send('answered', { course: chapter.course, chapter: chapter.id, item: `${chapter.id}-q${i}`, correct, elapsed: Math.round(elapsed * 1000) / 1000 })
    }
  }

  take(): Sent[] {
    const batch = inOrder(this.sent)
    this.sent = []
    return batch
  }
}
