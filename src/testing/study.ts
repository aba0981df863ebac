import { MINUTE, SECOND, type Ms } from '../base/time.ts'
import type { Event } from '../telemetry/event.ts'
import { at, instant, type Fields } from './drive.ts'

/** A source of numbers in [0, 1) that a seed determines: the simulated learners of tests are the same in every run. */
export function randomOf(seed: number): () => number {
  let s = seed >>> 0
  return () => {
    s = (s + 0x6d2b79f5) >>> 0
    let t = Math.imul(s ^ (s >>> 15), s | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A lognormal number of the given median. */
export function lognormal(random: () => number, median: number, sigma: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return median * Math.exp(sigma * normal)
}

/** When each lesson began and ended, in milliseconds. */
export type Timetable = readonly (readonly [Ms, Ms])[]

/** The lessons of an honest learner: pauses 0.1 to 0.4 times a minute, median 15 s, and 20 s between two lessons. */
export function honestTimetable(random: () => number, begin: string, lessons: number, minutes: number): Timetable {
  const rate = 0.1 + 0.3 * random()
  const table: [Ms, Ms][] = []
  let now = instant(begin)
  for (let i = 0; i < lessons; i++) {
    let paused = 0
    for (let t = -Math.log(1 - random()) / rate; t < minutes; t -= Math.log(1 - random()) / rate) paused += lognormal(random, 15, 1.2) * SECOND
    const end = Math.round(now + minutes * MINUTE + paused)
    table.push([now, end])
    now = Math.round(end + lognormal(random, 20, 0.8) * SECOND)
  }
  return table
}

/** A timetable with up to `jitter` seconds of delay on every boundary. */
export function inStepWith(random: () => number, table: Timetable, jitter: number): Timetable {
  const late = (t: Ms) => Math.round(t + random() * jitter * SECOND)
  return table.map(([from, to]) => [late(from), late(to)])
}

/** The events of a learner who studies chapters `c1`, `c2`, … by a timetable, with a heartbeat every 5 minutes. */
export function study(learner: string, table: Timetable, fields: Fields = {}): Event[] {
  const events: Event[] = []
  const add = (time: Ms, action: 'played' | 'heartbeat' | 'completed', i: number, from: Ms) =>
    events.push(at(new Date(time).toISOString(), action, learner, `c${i + 1}`, { position: (time - from) / SECOND, ...fields }))
  table.forEach(([from, to], i) => {
    add(from, 'played', i, from)
    for (let t = from + 5 * MINUTE; t < to; t += 5 * MINUTE) add(t, 'heartbeat', i, from)
    add(to, 'completed', i, from)
  })
  return events
}
