import { slices, type Slice } from './honest/slices.ts'
import { Person } from './person.ts'
import { RANGES, type Addresses } from './places.ts'
import type { Random, Source } from './random.ts'
import { range, type Adversary } from './stage.ts'
import { DECLARED, type World } from './world.ts'

/** Who plays what: each honest learner in one slice, each cheater alone or in a group of one class. */
export interface Cast {
  people: Person[]
  honest: { person: Person; slice: Slice }[]
  cheaters: { adversary: Adversary; members: Person[] }[]
}

/** Enrols `learners` people and hands out the parts; `share` of them cheat, spread evenly over the archetypes. */
export function buildCast(world: World, learners: number, share: number, adversaries: readonly Adversary[], source: Source, addresses: Addresses): Cast {
  const r = source('cast')
  const people = enrol(world, learners, source, addresses)
  const cheaters = chooseCheaters(people, Math.round(learners * share), adversaries, r)
  const cheating = new Set(cheaters.flatMap((c) => c.members))
  const honest = chooseSlices(people.filter((p) => !cheating.has(p)), r)
  settle(honest, addresses, r)
  if (r.tuning.varied) mingle(cheaters, honest, r)
  return { people, honest, cheaters }
}

function enrol(world: World, learners: number, source: Source, addresses: Addresses): Person[] {
  const byPlatform = world.platforms.map((p) => world.classes.filter((c) => c.platform === p))
  return range(learners).map((i) => {
    const classes = byPlatform[i % world.platforms.length] as typeof world.classes
    const n = Math.floor(i / world.platforms.length)
    const klass = classes[n % classes.length] as (typeof classes)[number]
    const learner = `${klass.platform.prefix}${String(n + 1).padStart(5, '0')}`
    const roster = world.rosters.get(klass.id)
    if (roster) roster.push(learner)
    else world.rosters.set(klass.id, [learner])
    return new Person(learner, klass, source(`${klass.platform.id}/${learner}`), addresses.own(RANGES.home))
  })
}

/** Always the archetype that has the fewest accounts so far, as long as one fits. */
function chooseCheaters(people: readonly Person[], count: number, adversaries: readonly Adversary[], r: Random): Cast['cheaters'] {
  const cast: Cast['cheaters'] = []
  const taken = new Map(adversaries.map((a) => [a, 0]))
  const free = new Map<string, Person[]>()
  for (const p of r.shuffled(people)) {
    const list = free.get(p.klass.id)
    if (list) list.push(p)
    else free.set(p.klass.id, [p])
  }
  for (let left = count; left > 0;) {
    const fitting = adversaries.filter((a) => a.size[0] <= left && [...free.values()].some((list) => canPlay(a, list)))
    const adversary = fitting.sort((a, b) => (taken.get(a) as number) - (taken.get(b) as number))[0]
    if (!adversary) break
    const wanted = Math.min(left, r.int(adversary.size[0], adversary.size[1]))
    const list = r.pick([...free.values()].filter((l) => canPlay(adversary, l)))
    const members = list.splice(0, wanted)
    taken.set(adversary, (taken.get(adversary) as number) + members.length)
    left -= members.length
    cast.push({ adversary, members })
  }
  return cast
}

/** Whether those of one class who are still free can play the part. */
function canPlay({ size, fits }: Adversary, free: readonly Person[]): boolean {
  const first = free[0]
  return first !== undefined && free.length >= size[0] && (fits === undefined || fits(first.klass))
}

/** Shares by weight; a slice that not everybody can play takes those who can first. */
function chooseSlices(people: readonly Person[], r: Random): Cast['honest'] {
  const total = slices.reduce((sum, s) => sum + s.weight, 0)
  const pool = r.shuffled(people)
  const cast: Cast['honest'] = []
  for (const slice of [...slices].reverse().sort((a, b) => Number(b.wideOnly ?? false) - Number(a.wideOnly ?? false))) {
    const wanted = slice.name === 'ordinary' ? pool.length : Math.round((people.length * slice.weight) / total)
    for (let i = pool.length - 1, n = 0; i >= 0 && n < wanted; i--) {
      const person = pool[i] as Person
      if (slice.wideOnly && !person.klass.wide) continue
      pool.splice(i, 1)
      cast.push({ person, slice })
      n++
    }
  }
  return cast
}

/** Puts those who live or work together behind one address. Colleagues are often of one class. */
function settle(honest: Cast['honest'], addresses: Addresses, r: Random): void {
  for (const slice of slices) {
    if (!slice.together) continue
    const people = honest.filter((h) => h.slice === slice).map((h) => h.person)
    if (slice.name === 'office') people.sort((a, b) => (a.klass.id < b.klass.id ? -1 : a.klass.id > b.klass.id ? 1 : 0))
    for (let i = 0, n = 0; i < people.length; n++) {
      const size = r.int(slice.together[0], slice.together[1])
      const address = sharedAddress(slice.name, n, addresses)
      for (const person of people.slice(i, i + size)) person.ip = address
      i += size
    }
  }
}

/** In varied worlds some who cheat alone sit where honest people do, so that no address clears anybody. */
function mingle(cheaters: Cast['cheaters'], honest: Cast['honest'], r: Random): void {
  const shared = honest.filter((h) => h.slice.together).map((h) => h.person.ip)
  if (shared.length === 0) return
  for (const { adversary, members } of cheaters) {
    const alone = members[0]
    if (alone && adversary.size[1] === 1 && r.chance(0.2)) alone.ip = r.pick(shared)
  }
}

function sharedAddress(slice: string, n: number, addresses: Addresses): string {
  switch (slice) {
    case 'campus':
      return `${n % 2 === 0 ? DECLARED.campus : DECLARED.park}.${1 + n}`
    case 'office':
      // Some platforms see only the inside of an office's network.
      return n % 2 === 0 ? addresses.own(RANGES.home) : `10.${20 + n}.0.1`
    case 'carrier':
      return addresses.common()
    default:
      return addresses.own(RANGES.home)
  }
}
