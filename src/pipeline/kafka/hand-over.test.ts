import { describe, expect, test } from 'vitest'
import { fnv1a } from '../../base/hash.ts'
import { resourceKey, type Sighting } from '../../engine/sighting.ts'
import { HandOvers, unpackHandOver } from './hand-over.ts'

function sighting(n: number, more: Partial<Sighting> = {}): Sighting {
  return {
    time: 1_772_400_000_000 + n, resource: 'ip', scope: '', id: `10.0.0.${n}`, kind: 'first', platform: 'p', learner: `L${n}`, event: `e${n}`, class: undefined, course: undefined,
    chapter: undefined, session: 's', device: undefined, account: undefined, ip: `10.0.0.${n}`, place: { kind: 'private' }, photo: undefined, agent: 7, muted: undefined, inputs: 3, ...more,
  }
}

describe('sightings are handed over', () => {
  test('in their partitions, and a record says to each that the task is done with its marks', () => {
    const handOvers = new HandOvers(2, 5, 3)
    const first = [1, 2, 3, 4].map((n) => sighting(n))
    handOvers.add(7, first)
    handOvers.add(8, [])
    const messages = handOvers.messages()
    expect(messages.map((m) => m.partition)).toEqual([0, 1, 2])
    const read = messages.map((m) => unpackHandOver(m.value))
    expect(read.map(({ task, tasks, marks }) => [task, tasks, marks.map((m) => [m.mark, m.more])])).toEqual(read.map(() => [2, 5, [[7, false], [8, false]]]))
    expect(read.map((r) => r.marks[0]?.sightings.read())).toEqual([0, 1, 2].map((p) => first.filter((s) => fnv1a(resourceKey(s)) % 3 === p)))
  })

  test('what is too much for a record goes on in the next, and only the last one ends the mark', () => {
    const handOvers = new HandOvers(0, 1, 1)
    const many = Array.from({ length: 3000 }, (_, n) => sighting(n, { learner: '学'.repeat(200) + n }))
    handOvers.add(1, [sighting(9999)])
    handOvers.add(2, many)
    handOvers.add(3, [])
    const messages = handOvers.messages()
    expect(messages.length).toBeGreaterThan(1)
    expect(Math.max(...messages.map((m) => m.value.length))).toBeLessThan(2 << 20)
    const parts = messages.flatMap((m) => unpackHandOver(m.value).marks)
    expect(parts.filter((p) => p.mark === 2).flatMap((p) => p.sightings.read())).toEqual(many)
    expect(parts.filter((p) => !p.more).map((p) => p.mark)).toEqual([1, 2, 3])
  })

  test.each([['nonsense', Buffer.from('nonsense')], ['another format', Buffer.from([0x91, 99])]])('%s is refused', (_, bytes) => {
    expect(() => unpackHandOver(bytes)).toThrow(/a record of the sightings (cannot be read|is of a format)/)
  })
})
