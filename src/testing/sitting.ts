import { MINUTE, SECOND, formatTime, type Ms } from '../base/time.ts'
import type { WireEvent } from '../telemetry/event.ts'
import { instant } from './drive.ts'
import { lognormal, randomOf } from './study.ts'

/** Who sits where. */
export interface Seat {
  platform?: string
  learner: string
  device?: string
  ip?: string
  class?: string
  course?: string
}

/** One sitting of somebody who really watches. */
export interface Sitting extends Seat {
  /** When it begins: a time of the tests' day, or with its date. */
  from: string
  /** Chapters one after the other: where watching begins and where it ends, in seconds of `length`. */
  watch: readonly { chapter: string; from?: number; to?: number; length: number }[]
  /** Somebody else comes and goes: a break of so many seconds when the clock says so. */
  break?: { at: string; seconds: number }
  /** Minutes from one face check to the next, at random; none: the platform asks for no faces. */
  checks?: readonly [number, number]
  seed?: number
}

const BEAT: Ms = 15 * SECOND

/**
 * What an honest browser sends: a login, a beat every 15 s whose position agrees with the clock to a few milliseconds,
 * hands at the mouse, face checks answered in seconds, quiz answers that were read first, and a logout.
 */
export function sit(sitting: Sitting): WireEvent[] {
  return new Browser(sitting).all()
}

class Browser {
  private readonly sitting: Sitting
  private readonly random: () => number
  private readonly events: WireEvent[] = []
  private readonly session: string
  private now: Ms
  private checkAt: Ms
  private challenges = 0

  constructor(sitting: Sitting) {
    this.sitting = sitting
    this.now = instant(sitting.from)
    this.random = randomOf((sitting.seed ?? 1) + this.now / MINUTE)
    this.session = `${sitting.learner}-${this.now / SECOND}`
    this.checkAt = this.nextCheck()
  }

  all(): WireEvent[] {
    const { watch } = this.sitting
    this.send('logged-in')
    this.now += 4000 + 3000 * this.random()
    for (const [i, { chapter, from = 0, to, length }] of watch.entries()) {
      this.lesson(chapter, from, to ?? length, length)
      if (i < watch.length - 1) this.now += lognormal(this.random, 25, 0.3) * SECOND
    }
    this.now += 5000
    this.send('logged-out')
    return this.events
  }

  private lesson(chapter: string, from: number, to: number, length: number): void {
    const at = { chapter, length }
    this.send('initialized', { ...at, position: from })
    this.now += 1500 + 1000 * this.random()
    this.send('played', { ...at, position: from, inputs: 1 })
    let position = from
    while (position < to) {
      const step = Math.min(BEAT, (to - position) * SECOND)
      this.now += step + 20 * this.random()
      position = Math.min(to, position + step / SECOND)
      if (position >= to) break
      this.send('heartbeat', { ...at, position: Math.round(position * 1000) / 1000, inputs: this.random() < 0.4 ? 2 : 0 })
      this.interrupt(at, position)
    }
    if (to < length) return this.send('terminated', { ...at, position: to })
    this.send('completed', { ...at, position: length })
    for (let q = 0; q < 3; q++) {
      const elapsed = Math.round(lognormal(this.random, 14, 0.4) * 100) / 100
      this.now += elapsed * SECOND
      this.send('answered', { chapter, item: `${chapter}-q${q + 1}`, elapsed, correct: this.random() < 0.8 })
    }
  }

  private interrupt(at: { chapter: string; length: number }, position: number): void {
    const { break: pause } = this.sitting
    if (this.now >= this.checkAt) {
      const challenge = `${this.session}-f${++this.challenges}`
      this.now += 100
      this.send('face-requested', { challenge })
      const answered = this.now + lognormal(this.random, 9, 0.3) * SECOND
      this.push(answered, 'face-checked', { challenge, outcome: 'passed', photo: this.photo(), similarity: 0.9 })
      this.checkAt = this.nextCheck()
    }
    if (pause === undefined || this.now < instant(pause.at) || this.now >= instant(pause.at) + BEAT + SECOND) return
    this.send('paused', { ...at, position, inputs: 1 })
    this.now += pause.seconds * SECOND
    this.send('played', { ...at, position, inputs: 1 })
  }

  private nextCheck(): Ms {
    const { checks } = this.sitting
    if (checks === undefined) return Infinity
    return this.now + (checks[0] + (checks[1] - checks[0]) * this.random()) * MINUTE
  }

  private photo(): string {
    return Array.from({ length: 16 }, () => Math.floor(16 * this.random()).toString(16)).join('')
  }

  private send(action: WireEvent['action'], fields: Partial<WireEvent> = {}): void {
    this.push(this.now, action, fields)
  }

  private push(time: Ms, action: WireEvent['action'], fields: Partial<WireEvent>): void {
    const { platform = 'p1', learner, device = `${learner}-pc`, ip = '42.242.8.15', class: klass, course } = this.sitting
    this.events.push({
      id: `${this.session}.${this.events.length}`, time: formatTime(Math.round(time)), action, platform, learner, account: learner, session: this.session,
      device, ip, ...(klass === undefined ? {} : { class: klass }), ...(course === undefined ? {} : { course }), visible: true, muted: false, ...fields,
    })
  }
}

/** Several people's events as one log in order of time, a fraction of a second later at the platform if `stamped`. */
export function logOf(people: readonly (readonly WireEvent[])[], stamped: boolean): string[] {
  return people
    .flat()
    .sort((a, b) => Date.parse(a.time) - Date.parse(b.time))
    .map((e) => JSON.stringify(stamped ? { ...e, received: e.received ?? formatTime(Date.parse(e.time) + 120) } : e))
}
