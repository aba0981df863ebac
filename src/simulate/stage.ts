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
  /** A Chrome that a script's author copied once, and every user of the script has. */
  copiedAgent: string
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
  /** Whether it can be done in a class; absent: in every one. */
  fits?: (klass: SimClass) => boolean
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
export function everyDay(person: Person, stage: Stage, low: number, high: number, agent = agentOf(person)): Sitting[] {
  const r = person.random
  if (person.traits.includes('midnight')) return afterMidnight(person, stage, low, high, agent)
  if (person.traits.includes('punctual')) return byTheBell(person, stage, low, high, agent)
  const likes = preferences(r)
  return range(stage.days).flatMap((day) => usualDay(r, stage, day, r.uniform(low, high), likes, () => person.link(agent)))
}

/** The browser that somebody uses if nothing else is said. */
export function agentOf(person: Person): string {
  return browser(person.random, person.phone ? 'phone' : 'pc')
}

function afterMidnight(person: Person, stage: Stage, low: number, high: number, agent: string): Sitting[] {
  const r = person.random
  return range(stage.days).map((day) => {
    const from = clock(stage, day, 24) + r.exponential(4) * MINUTE
    return { from, until: from + r.uniform(low, high) * HOUR, link: person.link(agent) }
  })
}

/** The same hours every day, to a minute or two. */
function byTheBell(person: Person, stage: Stage, low: number, high: number, agent: string): Sitting[] {
  const r = person.random
  const [start, hours] = [Math.round(r.uniform(7.5, 20) * 4) / 4, Math.round(r.uniform(low, high) * 2) / 2]
  return range(stage.days).map((day) => {
    const from = clock(stage, day, start) + r.uniform(0, 2) * MINUTE
    return { from, until: clock(stage, day, start + hours) + r.normal(0, 0.5) * MINUTE, link: person.link(agent) }
  })
}

/** One stretch a day of a program that its user starts at some hour. */
export function stretches(r: Random, stage: Stage, low: number, high: number): { from: Ms; until: Ms }[] {
  const [shortest, longest] = r.limits(low, high)
  return range(stage.days).map((day) => {
    const from = clock(stage, day, r.uniform(8, 20)) + r.uniform(0, 1) * MINUTE
    return { from, until: from + r.uniform(shortest, longest) * HOUR }
  })
}

export function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i)
}

/** The chapters of a class that are still to be studied; threads of one program take from it in turn. */
export function pending(person: Person): Chapter[] {
  return person.klass.courses.flat()
}
