import { DAY, MINUTE, type Ms } from '../../base/time.ts'
import { PLAYBACK, type Event, type Place } from '../../telemetry/event.ts'

/** Learners of classes that are remembered, over all classes of a platform. */
const MOST_LEARNERS = 200_000

interface Member {
  studied: boolean
  courses: Set<string>
  /** Where the member's first located address was. */
  place: string | undefined
}

/** What the log tells of one class. */
export class ClassTally {
  first: Ms = Infinity
  last: Ms = -Infinity
  readonly members = new Map<string, Member>()
  /** Minutes east of UTC that its times were written with, and events. */
  readonly zones = new Map<number, number>()

  /** Returns whether the class has a member more. `room`: whether one may be added. */
  take(event: Event, place: Place | undefined, room: boolean): boolean {
    const { learner, time, offset, action, course } = event
    const local = time + offset * MINUTE
    if (local < this.first) this.first = local
    if (local > this.last) this.last = local
    this.zones.set(offset, (this.zones.get(offset) ?? 0) + 1)
    let member = this.members.get(learner)
    const isNew = member === undefined
    if (member === undefined) {
      if (!room) return false
      this.members.set(learner, (member = { studied: false, courses: new Set(), place: undefined }))
    }
    if (PLAYBACK.has(action) || action === 'attended' || action === 'answered') {
      member.studied = true
      if (course !== undefined) member.courses.add(course)
    }
    member.place ??= placeName(place)
    return isNew
  }

  /** First and last day, as `2026-03-02`. */
  days(): [string, string] {
    return [this.first, this.last].map((ms) => new Date(Math.floor(ms / DAY) * DAY).toISOString().slice(0, 10)) as [string, string]
  }

  /** Where most members are, by country and province: members there, and members who are anywhere. */
  region(): { country: string; province: string | undefined; there: number; of: number } | undefined {
    const counts = new Map<string, number>()
    for (const { place } of this.members.values()) if (place !== undefined) counts.set(place, (counts.get(place) ?? 0) + 1)
    const [most] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    if (most === undefined) return undefined
    const [country, province] = most[0].split('\u0000') as [string, string]
    return { country, province: province === '' ? undefined : province, there: most[1], of: [...counts.values()].reduce((a, b) => a + b, 0) }
  }
}

function placeName(place: Place | undefined): string | undefined {
  return place?.country === undefined ? undefined : `${place.country}\u0000${place.province ?? ''}`
}

/** The classes of one platform. */
export class ClassTallies {
  readonly classes = new Map<string, ClassTally>()
  /** Events that name no class. */
  unnamed = 0
  isCut = false
  private members = 0

  take(event: Event): void {
    if (event.class === undefined) {
      this.unnamed++
      return
    }
    let klass = this.classes.get(event.class)
    if (klass === undefined) this.classes.set(event.class, (klass = new ClassTally()))
    const room = this.members < MOST_LEARNERS
    if (!room) this.isCut = true
    if (klass.take(event, event.place, room)) this.members++
  }
}
