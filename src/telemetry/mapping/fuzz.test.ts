import { fc } from '../../testing/fuzz.ts'
import { expect, test } from 'vitest'
import { createDecoder, createRowsDecoder } from '../decode.ts'
import type { Event } from '../event.ts'
import { JoinTable } from './joins.ts'
import { loadMapping } from './load.ts'
import { Mapping, neededOf } from './mapping.ts'
import { usualOf } from './values.ts'

/** More runs by hand: `INVIGIL_FUZZ=100000`. */
const RUNS = { numRuns: Number(process.env.INVIGIL_FUZZ ?? 400) }

const MAPPING = `
platform: p1
timeZone: Asia/Shanghai
absent: ['NULL']
joins: { logins: { file: l, key: sid, by: session, time: at } }
ignore: [{ robot: '1' }]
fields:
  id: id
  learner: [who, name]
  session: session
  chapter: { text: '{course}/{lesson}' }
  ip: { join: logins, from: addr }
  position: { from: position, unit: clock }
  length: { from: length, unit: min }
  to: { from: share, unit: percent }
  rate: rate
  visible: { from: visible, map: { a: true, '*': false } }
  muted: muted
  inputs: inputs
  correct: correct
  similarity: { from: similarity, unit: percent }
  outcome: outcome
  photo: { from: photo, pattern: '([0-9a-f]+)' }
events:
  - fields: { action: { from: action, ignore: '*', map: { a: heartbeat, b: answered } }, time: time }
  - when: { end: { present: true, not: '0' } }
    fields: { action: { constant: paused }, time: { from: end, format: [epoch-s, 'D MMM YYYY h:mm A'] } }
`.replace('learner: [who, name]', 'learner: { from: [who, name] }')
const COLUMNS = ['id', 'who', 'name', 'session', 'course', 'lesson', 'position', 'length', 'share', 'rate', 'visible', 'muted', 'inputs', 'correct', 'similarity', 'outcome', 'photo', 'action', 'time', 'end', 'robot']

function mappingOf(text: string): Mapping {
  const file = loadMapping(text, 'm')
  const joins = new Map(Object.entries(file.joins).map(([name, join]) => {
    const table = new JoinTable(join, { needed: neededOf(file, name), usual: usualOf(file), timeZone: file.timeZone })
    for (let i = 0; i < 3; i++) table.add({ sid: `s${i % 2}`, addr: `1.1.1.${i}`, at: `2026-03-0${i + 1} 00:00:00` })
    table.close()
    return [name, table]
  }))
  return new Mapping(file, joins)
}

const value = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('', 'NULL', 'a', 'b', '是', '0', '1', '12.5', '-3', '1e999', 'NaN', '01:02:03', '50%', 's0', 's1', 'passed', '2026-03-02 08:00:00', '2026/3/2 8:00', '1772409600', '2 Mar 2026 8:05 AM', '2026-02-30 08:00:00', 'deadbeef', '__proto__', '\ud800') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
)

/** What a record became; every event is read again from its own record, and is the same. */
function decode(decoder: { decode: ReturnType<typeof createDecoder>['decode'] }, bytes: Buffer): string[] {
  const out: string[] = []
  const events: Event[] = []
  decoder.decode({ event: (e) => events.push(e.read()), reject: (reason, message) => out.push(`${reason}: ${message}`), ignored: (verb) => out.push(`ignored ${verb}`) }, bytes)
  for (const { raw, ...event } of events) {
    const again: Event[] = []
    createDecoder({ format: 'canonical' }).decode({ event: (e) => again.push(e.read()), reject: (r, m) => out.push(`again ${r}: ${m}`), ignored: () => out.push('again') }, Buffer.from(raw))
    expect(again.map(({ raw: _raw, ...rest }) => rest)).toEqual([event])
    out.push('event')
  }
  for (const o of out) expect(o).not.toMatch(/^again|undefined|\[object/)
  return out
}

test('any row is events, not used, or rejects with their reasons, and never a throw', () => {
  const seen = new Set<string>()
  const decoder = createRowsDecoder({ format: 'mapping', mapping: mappingOf(MAPPING), delimiter: ',' })
  expect(decoder.header(COLUMNS.join(','))).toEqual([])
  fc.assert(fc.property(fc.array(value, { minLength: COLUMNS.length, maxLength: COLUMNS.length }), (fields) => {
    const out = decode(decoder, Buffer.from(fields.map((f) => `"${f.replaceAll('"', '""')}"`).join(',')))
    expect(out.length).toBeGreaterThan(0)
    for (const o of out) seen.add(o.split(/[: ]/)[0] as string)
  }), RUNS)
  // It must have been worth it.
  expect([...seen].sort()).toEqual(expect.arrayContaining(['ignored', 'wrong-type']))
})

test('rows of which most is good', () => {
  const good: Record<string, string> = { id: 'e1', who: 'L1', session: 's1', course: 'c', lesson: '1', position: '00:10', length: '45', action: 'a', time: '2026-03-02 08:00:00', visible: 'a' }
  const decoder = createRowsDecoder({ format: 'mapping', mapping: mappingOf(MAPPING), delimiter: ',' })
  decoder.header(COLUMNS.join(','))
  const seen = new Map<string, number>()
  fc.assert(fc.property(fc.dictionary(fc.constantFrom(...COLUMNS), value, { maxKeys: 2 }), (changes) => {
    const row = { ...good, ...changes }
    for (const o of decode(decoder, Buffer.from(COLUMNS.map((c) => `"${(row[c] ?? '').replaceAll('"', '""')}"`).join(',')))) {
      const kind = o.split(/[: ]/)[0] as string
      seen.set(kind, (seen.get(kind) ?? 0) + 1)
    }
  }), RUNS)
  expect(seen.get('event')).toBeGreaterThan(RUNS.numRuns / 4)
  expect([...seen.keys()]).toEqual(expect.arrayContaining(['bad-date', 'wrong-type', 'out-of-range', 'ignored']))
})

test('any bytes under a header', () => {
  const decoder = createRowsDecoder({ format: 'mapping', mapping: mappingOf(MAPPING), delimiter: ',' })
  decoder.header(COLUMNS.join(','))
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.string().map((s) => Buffer.from(s.padEnd(20, ',')))), (bytes) => {
    decode(decoder, Buffer.from(bytes))
  }), RUNS)
})

test('any JSON', () => {
  const paths = MAPPING.replace('platform: p1', 'platform: p1\nformat: json').replace('learner: { from: [who, name] }', 'learner: { from: ["who[0].id", name.first] }')
  const decoder = createDecoder({ format: 'mapping', mapping: mappingOf(paths) })
  const key = fc.oneof(fc.constantFrom(...COLUMNS, '__proto__', 'constructor', 'toString', 'statements'), fc.string())
  const any = fc.oneof(value, fc.jsonValue(), fc.double(), fc.constantFrom(null, true, [{ id: 'L1' }], { first: { toString: 1 } }))
  fc.assert(fc.property(fc.oneof(fc.dictionary(key, any), fc.array(fc.dictionary(key, any), { maxLength: 3 }), fc.jsonValue()), (record) => {
    expect(decode(decoder, Buffer.from(JSON.stringify(record))).length).toBeGreaterThan(0)
  }), RUNS)
})

test('any mapping is good, or told what is wrong with it', { timeout: 60_000 + RUNS.numRuns * 10 }, () => {
  const word = fc.oneof(fc.constantFrom('fields', 'events', 'joins', 'time', 'learner', 'action', 'from', 'text', 'unit', 'map', 'pattern', 'format', 'when', 'csv', 'json', 'id', '{a}', '(', 'YYYY', '*'), fc.string())
  const { tree } = fc.letrec((tie) => ({ tree: fc.oneof({ maxDepth: 5 }, word, fc.integer(), fc.boolean(), fc.constant(null), fc.array(tie('tree'), { maxLength: 3 }), fc.dictionary(word, tie('tree'), { maxKeys: 5 })) }))
  fc.assert(fc.property(fc.dictionary(word, tree), (mapping) => {
    try {
      expect(new Mapping(loadMapping(JSON.stringify(mapping), 'm'), new Map()).reads.length).toBeGreaterThan(0)
    } catch (e) {
      expect(e).toMatchObject({ code: 'bad-mapping' })
      for (const p of (e as { problems: { message: string }[] }).problems) expect(p.message).not.toMatch(/undefined|\[object/)
    }
  }), RUNS)
})
