import { expect, test } from 'vitest'
import { record } from '../../base/record.ts'
import { DAY, MINUTE, SECOND } from '../../base/time.ts'
import type { Sighting, SightingKind } from '../../engine/sighting.ts'
import { randomOf } from '../../testing/study.ts'
import { hostsOf, loneMember, loneUse, noteAlone, noteLone, staysAlone, synchronyOf } from './alone.ts'
import { noteUse, type Hosts } from './hosts.ts'
import { newSynchrony, notePass } from './synchrony.ts'

const KINDS: readonly SightingKind[] = ['first', 'use', 'left', 'began', 'completed']
const params = { within: 5 * SECOND, apart: 5 * MINUTE, memory: 7 * DAY }

/** What one learner may be seen doing on one device. */
function* sightings(seed: number): Generator<Sighting> {
  const random = randomOf(seed)
  let time = Date.UTC(2026, 2, 2, 9)
  for (let i = 0; i < 60; i++) {
    time += Math.floor(random() * 25 * MINUTE)
    yield {
      time, resource: 'ip', scope: '', id: '1.2.3.4', kind: KINDS[Math.floor(random() * KINDS.length)] as SightingKind, platform: 'p1', learner: 'A',
      event: `e${i}`, class: random() < 0.5 ? 'k1' : undefined, course: undefined, chapter: `c${i}`, session: undefined, device: 'd1', account: undefined,
      ip: undefined, place: undefined, photo: undefined, agent: undefined, muted: undefined, inputs: undefined,
    }
  }
}

test.each([1, 2, 3])('what is laid open is what would be kept of one learner (%i)', (seed) => {
  const lone = record({ ...loneMember, ...loneUse }).make()
  const hosts: Hosts = {}
  const synchrony = newSynchrony()
  let stretches = 0
  for (const s of sightings(seed)) {
    if (!staysAlone(lone, s, params.within)) continue
    const step = noteLone(lone, s, 'd1', DAY)
    if (step === 'first' || step === 'another') stretches++
    noteAlone(lone, s)
    noteUse(hosts, s, 'd1', DAY)
    expect(notePass(synchrony, s, params)).toBeUndefined()
    const klass = Object.values(hosts)[0]?.[0]?.class
    expect(hostsOf(lone, { class: klass, stretches })).toEqual(hosts)
    // Nobody's pass can fall into a stay before the last.
    const [member] = Object.values(synchrony.members)
    const stays = member?.stays.slice(-2)
    expect(synchronyOf(lone)).toEqual({ ...synchrony, oldest: 0, members: member ? { ['p1\u0000A']: { ...member, stays } } : {} })
  }
  expect(stretches).toBeGreaterThan(3)
})

test('a second learner or device ends it, and so does a stay within seconds of the last', () => {
  const lone = record({ ...loneMember, ...loneUse }).make()
  const [first] = sightings(1)
  const began = { ...(first as Sighting), kind: 'began' as const }
  expect(noteLone(lone, began, 'd1', DAY)).toBe('first')
  noteAlone(lone, began)
  expect(staysAlone(lone, { ...began, learner: 'B' }, params.within)).toBe(false)
  expect(noteLone(lone, began, 'd2', DAY)).toBeUndefined()
  expect(noteLone(lone, { ...began, time: began.time + 2 * DAY }, 'd2', DAY)).toBe('first')
  noteAlone(lone, { ...began, kind: 'left' })
  expect([5, 6].map((s) => staysAlone(lone, { ...began, time: began.time + s * SECOND }, params.within))).toEqual([false, true])
})
