import { describe, expect, test } from 'vitest'
import { MINUTE, type Ms } from '../base/time.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import type { Event } from '../telemetry/event.ts'
import { at, instant } from '../testing/drive.ts'
import { presence as shape } from './presence.ts'
import { sightEvent, sightTimer } from './sightings.ts'
import type { Sighting } from './sighting.ts'

const none = new Catalogue(catalogueSchema.parse({}))

/** The sightings of one learner's events, with the timer at work, until `end`. */
function sight(events: Event[], end: string, catalogue = none): Sighting[] {
  const presence = shape.make()
  const sent: Sighting[] = []
  const send = (s: Sighting) => sent.push(s)
  let wake: Ms | undefined
  const pass = (to: Ms) => {
    while (wake !== undefined && wake <= to) wake = sightTimer(presence, wake, 'p1', 'L1', send)
  }
  for (const e of events) {
    pass(e.time)
    const next = sightEvent(presence, e, catalogue, send)
    if (next !== undefined) wake = next
  }
  pass(instant(end))
  return sent
}

const brief = (s: Sighting) => `${new Date(s.time).toISOString().slice(11, 19)} ${s.kind} ${s.resource} ${s.id}`
const on = (time: string, fields: object = {}, action: Event['action'] = 'heartbeat', chapter = 'c1') => at(time, action, 'L1', chapter, { device: 'd1', ...fields })

test('first use, every ten minutes while it lasts, and left ten minutes after the last use', () => {
  const beats = ['08:00:00', '08:05:00', '08:09:59', '08:10:00', '08:12:00', '08:19:00', '08:22:00'].map((t) => on(t, {}, 'navigated'))
  expect(sight(beats, '09:00:00').map(brief)).toEqual([
    '08:00:00 first device d1', '08:10:00 use device d1', '08:22:00 use device d1', '08:32:00 left device d1',
  ])
})

test('who comes back after having left is seen first again', () => {
  expect(sight([on('08:00:00', {}, 'navigated'), on('08:10:00', {}, 'navigated')], '08:10:00').map(brief)).toEqual([
    '08:00:00 first device d1', '08:10:00 left device d1', '08:10:00 first device d1',
  ])
})

test('an address that only the login names is in use until ten minutes pass without an event', () => {
  const events = [
    at('08:00:00', 'logged-in', 'L1', undefined, { ip: '203.0.113.7' }), at('08:05:00', 'played', 'L1', 'c1'), at('08:12:00', 'paused', 'L1', 'c1'), at('08:14:00', 'played', 'L1', 'c2'),
    at('08:40:00', 'played', 'L1', 'c3'),
  ]
  expect(sight(events, '09:00:00').map(brief)).toEqual([
    '08:00:00 first ip 203.0.113.7', '08:05:00 began ip 203.0.113.7', '08:12:00 use ip 203.0.113.7', '08:14:00 began ip 203.0.113.7', '08:24:00 left ip 203.0.113.7',
  ])
})

test('each resource for itself: one is left while another is used', () => {
  const events = [on('08:00:00', {}, 'navigated'), ...['08:05:00', '08:14:00', '08:23:00'].map((t) => on(t, { device: 'd2' }, 'navigated'))]
  expect(sight(events, '08:34:00').map(brief)).toEqual([
    '08:00:00 first device d1', '08:05:00 first device d2', '08:10:00 left device d1', '08:23:00 use device d2', '08:33:00 left device d2',
  ])
})

test('where the catalogue knows classes of the platform, it sees each lesson that begins in a class, and practice that is attended', () => {
  const known = new Catalogue(catalogueSchema.parse({ platforms: [{ id: 'p1' }], classes: [{ id: 'k1', platform: 'p1' }] }))
  const inClass = { class: 'k9' }
  const events = [
    on('08:00:00', inClass, 'initialized'), on('08:00:01', inClass, 'played'), on('08:01:00', inClass), on('08:02:00', inClass, 'played', 'c2'),
    on('08:03:00', inClass, 'completed', 'c2'), on('08:04:00', inClass, 'attended', 'p1'),
  ]
  const seen = (catalogue: Catalogue) => sight(events, '08:05:00', catalogue).filter((s) => s.resource === 'platform').map((s) => `${brief(s)} ${s.scope} ${s.class} ${s.chapter}`)
  expect(seen(known)).toEqual(['08:00:01 began platform p1 p1 k9 c1', '08:02:00 began platform p1 p1 k9 c2', '08:04:00 began platform p1 p1 k9 p1'])
  expect(seen(none)).toEqual([])
})

test('a chapter is begun once a sitting and completed each time', () => {
  const events = [on('08:00:00', {}, 'initialized'), on('08:00:01', {}, 'played'), on('08:01:00'), on('08:02:00', {}, 'played', 'c2'), on('08:03:00'), on('08:04:00', {}, 'completed')]
  expect(sight(events, '08:05:00').filter((s) => s.kind !== 'first').map((s) => `${brief(s)} ${s.chapter}`)).toEqual([
    '08:00:01 began device d1 c1', '08:02:00 began device d1 c2', '08:04:00 completed device d1 c1',
  ])
})

test('logging out leaves everything at once, and the timer has nothing more to say', () => {
  const events = [on('08:00:00', { ip: '1.2.3.4' }, 'navigated'), at('08:01:00', 'logged-out', 'L1')]
  expect(sight(events, '09:00:00').map(brief)).toEqual([
    '08:00:00 first ip 1.2.3.4', '08:00:00 first device d1', '08:01:00 left ip 1.2.3.4', '08:01:00 left device d1',
  ])
})

test('what each resource is: addresses and persons belong to no platform, the rest to its own', () => {
  const catalogue = new Catalogue(catalogueSchema.parse({ platforms: [{ id: 'p1', global: ['learner'] }] }))
  const [event] = [on('08:00:00', { ip: '1.2.3.4', account: 'a1', class: 'k1' }, 'navigated')]
  expect(sight([event], '08:00:00', catalogue).map((s) => [s.resource, s.scope, s.id])).toEqual([
    ['ip', '', '1.2.3.4'], ['device', 'p1', 'd1'], ['account', 'p1', 'a1'], ['class', 'p1', 'k1'], ['person', '', 'L1'],
  ])
})

test('an address that is none is no resource', () => {
  expect(sight([on('08:00:00', { ip: 'unknown', place: { kind: 'invalid' } }, 'navigated')], '08:00:00').map(brief)).toEqual(['08:00:00 first device d1'])
})

test('a sighting that a timer sends has the facts of the last event, and no event', () => {
  const [, left] = sight([on('08:00:00', { session: 's1', class: undefined, account: undefined }, 'navigated')], '08:10:00')
  expect(left).toMatchObject({ time: instant('08:00:00') + 10 * MINUTE, kind: 'left', event: undefined, learner: 'L1', platform: 'p1', session: 's1', device: 'd1' })
})

test('somebody who wanders through addresses holds sixteen: the one used longest ago is left', () => {
  const events = Array.from({ length: 17 }, (_, i) => on(`08:00:${String(i).padStart(2, '0')}`, { device: `d${i}` }, 'navigated'))
  events.splice(16, 0, on('08:00:15', { device: 'd0' }, 'navigated'))
  expect(sight(events, '08:00:16').map(brief).slice(-2)).toEqual(['08:00:16 left device d1', '08:00:16 first device d16'])
})

describe('a face photo', () => {
  const photo = (hash: string) => sight([at('08:00:00', 'face-checked', 'L1', undefined, { photo: hash })], '08:00:00').map((s) => s.id)

  test('of 64 bits is reached by its learner and by four bands', () => {
    expect(photo('0123456789ABCDEF')).toEqual(['learner:L1', 'band0:0123', 'band1:4567', 'band2:89ab', 'band3:cdef'])
  })

  test('three bits apart shares a band with it, whichever they are', () => {
    const base = 0x0123456789abcdefn
    for (const bits of [[0, 1, 2], [0, 16, 32], [15, 31, 63], [40, 41, 63]]) {
      const other = bits.reduce((h, b) => h ^ (1n << BigInt(b)), base).toString(16).padStart(16, '0')
      expect(photo(other).some((id) => id.startsWith('band') && photo('0123456789abcdef').includes(id))).toBe(true)
    }
  })

  test('of another hash is reached by equality', () => {
    expect(photo('ABCD')).toEqual(['learner:L1', 'exact:abcd'])
  })
})

test('what the stay has shown of sound and hands begins anew with the next', () => {
  const events = [
    on('08:00:00', { agent: 'Chrome' }, 'logged-in'), on('08:00:01', { muted: true, inputs: 2 }, 'played'), on('08:01:00', { muted: false, inputs: 3 }),
    on('08:02:00', { muted: true, inputs: 1 }, 'completed'), on('08:03:00', {}, 'logged-out'), on('09:00:00', { muted: true, inputs: 4 }, 'played'),
  ]
  const seen = sight(events, '09:00:00').filter((s) => s.kind !== 'first')
  expect(seen.map((s) => [s.kind, s.muted, s.inputs])).toEqual([['began', true, 2], ['completed', false, 6], ['left', false, 6], ['began', true, 4]])
  expect(new Set(seen.map((s) => s.agent)).size).toBe(1)
})
