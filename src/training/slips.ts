import { invariant } from '../base/errors.ts'
import { FEATURES } from '../models/features/index.ts'
import { Random } from '../simulate/random.ts'
import type { Rows } from './rows.ts'

/** Share of learners who have slips, one or two. */
const SHARE = 0.15

type Slip = (set: (feature: string, change: (value: number) => number) => void, random: Random) => void

const above = (feature: string, most: number): Slip => (set, r) => {
  const more = most * r.uniform()
  set(feature, (v) => Math.min(1, v + more))
}
const below = (feature: string, most: number): Slip => (set, r) => {
  const less = most * r.uniform()
  set(feature, (v) => v - less)
}

/**
 * What happens to people in life and never to simulated honest ones: a page left open beside another, an event that was lost, a chapter skimmed, pauses that the platform does not tell of, a login sent
 * twice, a start at midnight, a catalogue that is out of date, a timer like no other. Without these a single such sign would be as good as proof.
 */
const SLIPS: readonly Slip[] = [
  (set) => set('chapters-most', (v) => Math.max(2, v)),
  above('chapters-in-turn', 0.1), above('credit-overlap', 0.05), above('beats-unstarted', 0.3), above('probes', 0.2), below('coverage', 0.2), below('seeks-back', 0.6),
  below('rate-effective', 0.6), above('midnight', 0.5), above('logins-again', 0.5), above('face-missed', 0.4), above('answer-quick', 0.3), below('face-owed', 0.7),
  (set, r) => {
    const over = Math.log(r.pick([1.25, 1.5, 2]))
    set('rate-over', (v) => v + over)
  },
  (set, r) => {
    const [memory, same, long] = [r.uniform(-1, 1), r.uniform(), 0.3 * r.uniform()]
    const [variation, mad, entropy] = [r.uniform(-8, 0), r.uniform(-9, -0.7), r.uniform(0, 3.4)]
    set('gap-memory', () => memory)
    set('gap-same', () => same)
    set('gap-long', () => long)
    set('gap-variation', () => variation)
    set('gap-mad', () => mad)
    set('gap-entropy', () => entropy)
  },
]

/**
 * The same rows, with slips of some learners, each over all of a learner's rows. What is missing stays missing. Cheaters have them as
 * well: a slip is to speak neither for nor against anybody.
 */
export function withSlips(world: Rows, random: Random): Rows {
  const values = world.values.slice()
  const columns = new Map(FEATURES.map(({ name }, i) => [name, i]))
  const changes = world.people.map(() => {
    const own: { column: number; change: (value: number) => number }[] = []
    if (!random.chance(SHARE)) return own
    const set = (feature: string, change: (value: number) => number): void => {
      const column = columns.get(feature)
      invariant(column !== undefined, `a slip is of no feature: \`${feature}\``)
      own.push({ column, change })
    }
    for (let n = random.int(1, 2); n > 0; n--) random.pick(SLIPS)(set, random)
    return own
  })
  world.person.forEach((p, row) => {
    for (const { column, change } of changes[p] ?? []) {
      const at = row * world.width + column
      if (!Number.isNaN(values[at])) values[at] = change(values[at] as number)
    }
  })
  return { ...world, values }
}

/** Several worlds, each with slips of its own. */
export function allWithSlips(worlds: readonly Rows[], name: string): Rows[] {
  return worlds.map((w, i) => withSlips(w, new Random(i, `slips of ${name}`)))
}
