import { DAY, MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import { touch } from './playing.ts'
import { fade, type Activity, type Around } from './state.ts'

/** A login so soon after the one before is no person's. */
const AGAIN: Ms = 5 * SECOND
const NEAR_MIDNIGHT: Ms = 10 * MINUTE

/** A new sitting begins: adds up the one that is over, and lets all evidence fade. */
export function sitDown(activity: Activity, time: Ms, around: Around): void {
  touch(activity)
  if (activity.began > 0) {
    fade(activity)
    const minutes = Math.max(1, (activity.latest - activity.began) / MINUTE)
    const angle = hourAngle(activity.began, around)
    activity.sittings++
    const length = Math.log(minutes)
    activity.length += length
    activity.length2 += length * length
    activity.share += Math.min(1, activity.sat / (minutes * (MINUTE / SECOND)))
    activity.north += Math.cos(angle)
    activity.east += Math.sin(angle)
    if (isNearMidnight(activity.began, around)) activity.midnight++
  }
  activity.began = time
  activity.sat = 0
  activity.ended = 0
}

export function noteLogin(activity: Activity, { time }: Event): void {
  activity.logins++
  if (activity.login > 0 && time - activity.login <= AGAIN) activity.again++
  activity.login = time
}

function clockOf(at: Ms, around: Around): Ms {
  const local = at + around.minutesEast(at) * MINUTE
  return local - Math.floor(local / DAY) * DAY
}

/** Where the hour hand of a 24-hour clock points, in radians. */
export function hourAngle(at: Ms, around: Around): number {
  return (clockOf(at, around) / DAY) * 2 * Math.PI
}

export function isNearMidnight(at: Ms, around: Around): boolean {
  const clock = clockOf(at, around)
  return Math.min(clock, DAY - clock) <= NEAR_MIDNIGHT
}
