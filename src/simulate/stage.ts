import { DAY, HOUR, MINUTE, type Ms } from '../base/time.ts'
import { browser, type Actor, type Chapter, type Link, type Person, type SimClass } from './person.ts'
import type { Addresses } from './places.ts'
import type { Random } from './random.ts'

/** What everybody shares: the days, and the addresses. */
export interface Stage {
  /** Local midnight of the first day. */
  midnight: Ms
  days: number
  addresses: Addresses
  /** Carrier addresses that phones come from, each shared by many. */
  carrier: readonly string[]
  /** The class's teacher, who has an account too. */
  teacher(klass: SimClass): Person
}

/** One way to cheat: one file, one entry in the list. */
export interface Adversary {
  name: string
  /** What it does, in one sentence. */
  describe: string
  /** How many accounts of a class it takes: the fewest and the most. */
  size: readonly [number, number]
  act(members: readonly Person[], stage: Stage): Actor[]
}

/** One stretch at the screen, on one login. */
export interface Sitting {
  from: Ms
  until: Ms
  link: Link
}

/** The instant `hours` after midnight of day `day`, counted from 0. */
export function clock(stage: Stage, day: number, hours: number): Ms {
  return stage.midnight + day * DAY + hours * HOUR
}

const WINDOWS = [[7.5, 9.5], [13, 15], [18.5, 20]] as const

/** The usual day: `total` hours in one or two sittings, in the parts of the day that the person prefers. */
export function usualDay(r: Random, stage: Stage, day: number, total: number, likes: readonly number[], link: () => Link): Sitting[] {
  const parts = total > 1.5 || r.chance(0.4) ? 2 : 1
  return [...likes].slice(0, parts).sort((a, b) => a - b).map((w) => {
    const [low, high] = WINDOWS[w] as readonly [number, number]
    const from = clock(stage, day, r.uniform(low, high))
    return { from, until: from + (total / parts) * HOUR, link: link() }
  })
}

/** Which parts of the day somebody prefers, best first. */
export function preferences(r: Random): number[] {
  return r.shuffled([0, 1, 2])
}

/** Sittings of somebody who studies `low` to `high` hours on every day. */
export function everyDay(person: Person, stage: Stage, low: number, high: number, agent = browser(person.random, 'pc')): Sitting[] {
  const r = person.random
  const likes = preferences(r)
  return range(stage.days).flatMap((day) => usualDay(r, stage, day, r.uniform(low, high), likes, () => person.link(agent)))
}

/** One stretch a day of a program that its user starts at some hour. */
export function stretches(r: Random, stage: Stage, low: number, high: number): { from: Ms; until: Ms }[] {
  return range(stage.days).map((day) => {
    const from = clock(stage, day, r.uniform(8, 20)) + r.uniform(0, 1) * MINUTE
    return { from, until: from + r.uniform(low, high) * HOUR }
  })
}

export function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}

/** The chapters of a class that are still to be studied; threads of one program take from it in turn. */
export function pending(person: Person): Chapter[] {
  return person.klass.courses.flat()
}
