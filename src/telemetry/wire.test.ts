import { expect, test } from 'vitest'
import { createDecoder, type Decoder } from './decode.ts'
import { createEnricher } from './enrich.ts'
import { ACTIONS, type Event, type Place } from './event.ts'
import { FIELD_RULES } from './validate.ts'
import { createTelemetryDecoder, writeEvent } from './wire.ts'

const YUNNAN: Place = { kind: 'public', country: 'CN', province: 'Yunnan', provinceCode: 'CN-53', city: '昆明 & "Kunming"=\\', latitude: 25.0389, longitude: -102.7183, asn: 4134, holder: "Chinanet 100%+ 'Net'\n" }
const enrich = createEnricher({ geo: [{ covers: ['city'], lookup: (ip) => (ip.startsWith('1.') ? YUNNAN : undefined) }] })
const none = (): void => {}
const fail = (what: string): never => { throw new Error(what) }

function decode(bytes: Buffer, decoder: Decoder): Event {
  const events: Event[] = []
  decoder.decode({ event: (e) => events.push(e.read()), reject: (reason, message) => fail(`${reason}: ${message}: ${bytes.toString()}`), ignored: fail }, bytes)
  expect(events.length).toBe(1)
  return events[0] as Event
}

const canonical = (line: string): Event => decode(Buffer.from(line), createDecoder({ format: 'canonical' }))
const BEAT = { id: 'e1', time: '2026-03-02T08:00:00+08:00', action: 'heartbeat', platform: 'p1', learner: 'L1', chapter: 'c1', position: 12.5 }
const beat = (more: object = {}): string => JSON.stringify({ ...BEAT, ...more })

/** Numbers in 0..n-1 that are the same in every run. */
function random(seed: number): (n: number) => number {
  let s = seed
  return (n) => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0
    return Math.floor((s / 2 ** 32) * n)
  }
}

const TEXTS = ['', 'a', 't-000123', 'x'.repeat(12), 'y'.repeat(32), '张三', 'é', '😀'.repeat(20), '\u2028\u2029\uFEFF', 'v'.repeat(1024), 'a"b', 'a\\', '\\"', 'a\nb\t\u0001\u007f', '<&%+=/', '","place":"kind=public&country=XX"}', '{}[]', '__proto__', 'constructor']
const NUMBERS = ['0', '-0', '-0.0', '1', '1.5', '12.345678901234567', '0.1', '1e21', '1e-7', '5e-324', '1.7976931348623157e308', '123456789012345', '1234567890123456', '0.123456789012345', '9007199254740993', '4294967296', '1E2', '100']
const TIMES = ['2026-03-02T08:00:00Z', '2026-03-02T08:00:00.123+08:00', '2026-03-02t08:00:60z', '2016-12-31 23:59:60.5-11:30', '2000-01-01T00:00:00Z', '1999-12-31T23:59:59.001-23:59', '2099-12-31T23:59:59.999Z', '2100-01-01T13:00:00+14:00', '2024-02-29T00:00:00.000000001+05:45', '2026-03-02T08:00:00-00:00']
const ADDRESSES = ['1.2.3.4', '[::ffff:1.2.3.4]:80', '10.0.0.1', '2001:DA8::1', 'no"address', '9.9.9.9']

/** A record of the canonical format with any of its fields. */
function record(pick: (n: number) => number): string {
  const from = <T>(list: readonly T[]): T => list[pick(list.length)] as T
  const value = (name: string, type: string, required: boolean): string => {
    if (name === 'time' || name === 'received') return JSON.stringify(from(TIMES))
    if (name === 'action') return JSON.stringify(from(ACTIONS))
    if (name === 'outcome') return JSON.stringify(from(['passed', 'failed', 'unusable', 'missed', '']))
    if (name === 'photo') return JSON.stringify(from(['0123456789abcdef', 'deadBEEF', '']))
    if (name === 'ip') return JSON.stringify(from(ADDRESSES))
    if (name === 'chapter' || required) return JSON.stringify(from(TEXTS.slice(1)).slice(0, 128))
    if (type === 'boolean') return String(pick(2) === 0)
    if (type === 'string') return JSON.stringify(from(TEXTS))
    if (name === 'similarity') return String(pick(1000) / 999)
    if (name === 'rate') return from(NUMBERS.slice(3))
    return type === 'integer' ? from(['0', '-0', '7', '9007199254740991']) : from(NUMBERS)
  }
  const members = FIELD_RULES.flatMap(({ name, type, required }) => (required || name === 'chapter' || pick(2) === 0 ? [`"${name}":${value(name, type, required)}`] : []))
  if (pick(3) === 0) members.push(from(['"extra":{"a":[1,{"place":"kind=public"}]}', '"place":"kind=public&country=XX"', '"名":null']))
  return `{${members.join(',')}}`
}

/** All of an event but its record, in which `-00:00` is the same offset as `Z`. */
const parts = (event: Event): object => Object.fromEntries(Object.entries(event).map(([name, value]) => [name, name === 'raw' ? undefined : name === 'offset' ? event.offset + 0 : (value as unknown)]))

test('what is written is read back, whatever the event', () => {
  const pick = random(20260302)
  const telemetry = createTelemetryDecoder(() => fail('the place travels along'))
  const seen = { place: 0, escaped: 0, negative: 0 }
  for (let n = 0; n < 5000; n++) {
    const event = canonical(record(pick))
    enrich(event)
    const bytes = writeEvent(event)
    const back = decode(bytes, telemetry)
    expect(parts(back)).toStrictEqual(parts(event))
    // The record of what was read is what was written, and the same again when it is written anew.
    expect(back.raw).toBe(bytes.toString())
    expect(writeEvent(back).equals(bytes)).toBe(true)
    if (back.place?.city !== undefined) seen.place++
    if (back.raw.includes('\\')) seen.escaped++
    if (back.offset < 0) seen.negative++
  }
  expect(Object.values(seen).every((n) => n > 250)).toBe(true)
})

test('fields have one order, times keep their offset', () => {
  const event = canonical(`{"position":1e1,"chapter":"c\\u0031","learner":"L1","received":"2026-03-01T23:30:00.7Z","platform":"p1","action":"played","device":"","time":"2026-03-02T07:30:00+08:00","id":"e1","colour":"green"}`)
  expect(writeEvent(event).toString()).toBe('{"id":"e1","time":"2026-03-02T07:30:00.000+08:00","received":"2026-03-02T07:30:00.700+08:00","action":"played","platform":"p1","learner":"L1","chapter":"c1","position":10}')
})

test('records that say the same are written the same, so that it does not matter which of two stays', () => {
  const one = canonical(beat({ extra: 1 }))
  const other = canonical(beat({ extra: 2 }).replace('12.5', '1.25e1').replace('+08:00', '.000+08:00'))
  expect(one.raw).not.toBe(other.raw)
  expect(writeEvent(one).equals(writeEvent(other))).toBe(true)
})

test('a place is one object for all events that share it', () => {
  const telemetry = createTelemetryDecoder(none)
  const places = ['1.1.1.1', '1.1.1.2'].map((ip) => {
    const event = canonical(beat({ ip }))
    enrich(event)
    return decode(writeEvent(event), telemetry).place
  })
  expect(places[0]).toStrictEqual(YUNNAN)
  expect(places[1]).toBe(places[0])
})

test.each([
  ['no place', beat({ ip: '1.2.3.4' })],
  ['a place without kind', beat({ ip: '1.2.3.4', place: 'country=XX' })],
  ['an unknown kind', beat({ ip: '1.2.3.4', place: 'kind=odd' })],
  ['half a latitude', beat({ ip: '1.2.3.4', place: 'kind=public&latitude=' })],
  ['no number', beat({ ip: '1.2.3.4', place: 'kind=public&asn=AS1' })],
  ['a place that is not last', beat({ ip: '1.2.3.4', place: 'kind=public', device: 'd' })],
  ['a place within a text', beat({ ip: '1.2.3.4', device: ',"place":"kind=public' })],
  ['a place within an object', beat({ ip: '1.2.3.4', x: { a: 1, place: 'kind=public' } })],
])('an address is looked up where the record has %s', (_, line) => {
  const event = decode(Buffer.from(line), createTelemetryDecoder((e) => { e.place = YUNNAN }))
  expect(event.place).toBe(YUNNAN)
})

test('a platform is not believed where its addresses are, but in `telemetry`', () => {
  const line = beat({ ip: '1.2.3.4', place: 'kind=private' })
  expect(canonical(line).place).toBeUndefined()
  expect(decode(Buffer.from(line), createTelemetryDecoder(none)).place).toEqual({ kind: 'private' })
  expect(decode(Buffer.from(beat({ place: 'kind=private' })), createTelemetryDecoder(() => fail('no address'))).place).toBeUndefined()
})

test('events that wait keep apart, and records serve again once read or dropped', () => {
  const telemetry = createTelemetryDecoder(none)
  const read: string[] = []
  for (let round = 0; round < 3; round++) {
    const waiting = ['1.1.1.1', '10.0.0.1', '9.9.9.9'].map((ip, n) => {
      const event = canonical(beat({ ip, id: `${round}.${n}`, platform: `p${n}` }))
      enrich(event)
      const held: Parameters<Parameters<Decoder['decode']>[0]['event']>[0][] = []
      telemetry.decode({ event: (e) => held.push(e), reject: fail, ignored: fail }, writeEvent(event))
      return held[0]
    })
    expect(waiting.map((h) => h?.platform)).toEqual(['p0', 'p1', 'p2'])
    waiting[1]?.drop()
    for (const n of [2, 0]) read.push(waiting[n]?.read().id ?? '')
  }
  expect(read).toEqual(['0.2', '0.0', '1.2', '1.0', '2.2', '2.0'])
})

test('what is no event is told as elsewhere', () => {
  const out: string[] = []
  createTelemetryDecoder(none).decode({ event: () => fail('an event'), reject: (reason) => out.push(reason), ignored: fail }, Buffer.from(beat({ learner: undefined })))
  expect(out).toEqual(['missing-field'])
})
