import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createDecoder, MOST_BYTES } from '../telemetry/decode.ts'
import { createEnricher } from '../telemetry/enrich.ts'
import type { Event } from '../telemetry/event.ts'
import { createTelemetryDecoder } from '../telemetry/wire.ts'
import { Intake, type Taken } from './intake.ts'
import { kafkaRejectSchema, originalOf, type KafkaReject, type SourceRecord } from './kafka-rejects.ts'

const BEAT = { id: 'e1', time: '2026-03-02T08:00:00+08:00', action: 'heartbeat', platform: 'p1', learner: '张三', chapter: 'c1', position: 12.5, ip: '1.2.3.4' }
const beat = (more: object = {}): string => JSON.stringify({ ...BEAT, ...more })
const statement = (more: object = {}): object => ({
  id: 's1', timestamp: '2026-03-02T08:00:00Z', actor: { account: { name: 'L7', homePage: 'https://lms.example.org' } }, verb: { id: 'https://w3id.org/xapi/video/verbs/played' },
  object: { id: 'v1', definition: { type: 'https://w3id.org/xapi/video/activity-type/video' } }, result: { extensions: { 'https://w3id.org/xapi/video/extensions/time': 3 } }, ...more,
})
const deep = (n: number): string => `${'['.repeat(n)}${']'.repeat(n)}`

const open = (): Intake => new Intake({
  decoders: new Map([['events', createDecoder({ format: 'canonical' })], ['lrs', createDecoder({ format: 'xapi' })]]),
  enrich: createEnricher({ geo: [{ covers: ['country'], lookup: () => ({ country: 'CN' }) }] }),
})
const recordOf = (value: Buffer | string | null, more: Partial<SourceRecord> = {}): SourceRecord => ({
  topic: 'events', partition: 2, offset: '41', key: Buffer.from('any'), value: typeof value === 'string' ? Buffer.from(value) : value, timestamp: '1772409600000', ...more,
})
const rejectsOf = ({ rejects }: Taken): KafkaReject[] => rejects.map((r) => kafkaRejectSchema.parse(JSON.parse(r.value.toString())))

const fail = (): never => { throw new Error('not an event') }
const decoder = createTelemetryDecoder(fail)

function eventsOf({ telemetry }: Taken): Event[] {
  const events: Event[] = []
  for (const { value } of telemetry) decoder.decode({ event: (e) => events.push(e.read()), reject: fail, ignored: fail }, value)
  return events
}

test('an event goes to `telemetry` under its learner, with its place and where it came from', () => {
  const intake = open()
  const record = recordOf(beat({ extra: [1] }))
  const taken = intake.take(record)
  expect(eventsOf(taken)).toMatchObject([{ id: 'e1', learner: '张三', offset: 480, position: 12.5, ip: '1.2.3.4', place: { kind: 'public', country: 'CN' } }])
  const [message] = taken.telemetry
  expect(message?.key).toEqual(Buffer.from('p1\u0000张三'))
  expect(message?.headers).toEqual({
    'source-topic': 'events', 'source-partition': '2', 'source-offset': '41', 'source-time': record.timestamp, 'source-sha256': createHash('sha256').update(record.value as Buffer).digest('hex'),
  })
  expect(taken.rejects).toEqual([])
  expect(intake.counts).toEqual({ records: 1, events: 1, rejected: new Map(), ignored: new Map() })
})

test('a list of statements: events, what is not used and one reject for all that is wrong', () => {
  const intake = open()
  const list = [
    statement(), statement({ id: 's2', verb: { id: 'http://adlnet.gov/expapi/verbs/passed' } }), statement({ id: 's3', actor: {} }), 7, statement({ id: 's4', actor: { mbox: 'mailto:a@example.org' } }),
    statement({ id: 's5', actor: { account: { name: 'L8', homePage: 'https://lms.example.org' } } }),
  ]
  const taken = intake.take(recordOf(JSON.stringify(list), { topic: 'lrs' }))
  expect(eventsOf(taken).map((e) => [e.id, e.platform, e.learner])).toEqual([['s1', 'lms.example.org', 'L7'], ['s5', 'lms.example.org', 'L8']])
  expect(taken.telemetry[1]?.headers).toEqual(taken.telemetry[0]?.headers)
  expect(rejectsOf(taken)).toMatchObject([{ reason: 'missing-field', topic: 'lrs', faults: 3, text: JSON.stringify(list) }])
  expect(intake.counts).toEqual({ records: 1, events: 2, rejected: new Map([['missing-field', 2], ['not-an-object', 1]]), ignored: new Map([['passed', 1]]) })
})

const LONG = beat({ extra: 'x'.repeat(MOST_BYTES) })
test.each<[string, Partial<SourceRecord>, string, string]>([
  ['no value', { value: null }, 'bad-json', 'the record has no value'],
  ['nothing', { value: Buffer.alloc(0) }, 'bad-json', 'the record is empty'],
  ['white space', { value: Buffer.from(' \r\n') }, 'bad-json', 'the record is blank'],
  ['a topic without format', { topic: 'other', value: Buffer.from(beat()) }, 'unknown-format', 'no format is known for the topic `other`'],
  ['no value in a topic without format', { topic: 'other', value: null }, 'unknown-format', 'no format is known'],
  ['900 KB of one text', { value: Buffer.from(beat({ device: 'x'.repeat(900_000) })) }, 'string-too-long', '`device` has 900000 characters'],
  ['900 KB that are no UTF-8', { value: Buffer.alloc(900_000, 0xff) }, 'bad-utf8', 'the line is not valid UTF-8'],
  ['900 KB of NUL', { value: Buffer.alloc(900_000) }, 'nul', 'the line contains a NUL'],
  ['900 KB of brackets', { value: Buffer.alloc(900_000, '[') }, 'too-deep', 'objects and lists are nested deeper'],
  ['1 MiB of quotes', { value: Buffer.alloc(MOST_BYTES, '"') }, 'bad-json', 'the line is not JSON'],
  ['no learner', { value: Buffer.from(beat({ learner: undefined })) }, 'missing-field', '`learner` is missing'],
  ['invalid UTF-8', { value: Buffer.from([0x7b, 0xc3, 0x28, 0x7d]) }, 'bad-utf8', 'the line is not valid UTF-8'],
  ['nesting', { value: Buffer.from(deep(5000)) }, 'too-deep', 'objects and lists are nested deeper'],
  ['a byte order mark and nothing else wrong but JSON', { value: Buffer.from('\uFEFF{') }, 'bad-json', 'the line is not JSON'],
  ['another format in bytes', { value: Buffer.from([0, 0, 0, 0, 7, 2, 6, 8]) }, 'nul', 'the line contains a NUL'],
  ['a statement where events come', { value: Buffer.from(JSON.stringify(statement())) }, 'missing-field', '`time` is missing'],
  ['an event where statements come', { topic: 'lrs', value: Buffer.from(beat()) }, 'missing-field', ''],
  ['prototypes', { value: Buffer.from('{"__proto__":{"id":"e1"},"constructor":1}') }, 'missing-field', '`id` is missing'],
])('%s is a reject, the next record is taken, and the bytes come back', (_, more, reason, message) => {
  const intake = open()
  const record = recordOf(null, more)
  const taken = intake.take(record)
  expect(taken.telemetry).toEqual([])
  const rejects = rejectsOf(taken)
  expect(rejects).toMatchObject([{ format: 1, reason, topic: record.topic, partition: 2, offset: 41, stamp: '2026-03-02T00:00:00.000Z', length: record.value?.length ?? 0 }])
  expect(rejects[0]?.message.startsWith(message)).toBe(true)
  expect(taken.rejects[0]?.key.toString()).toBe(`${record.topic}/2`)
  // What the topic takes.
  expect(taken.rejects[0]?.value.length).toBeLessThan(2_000_000)
  const { value, ...from } = originalOf(taken.rejects[0]?.value as Buffer)
  expect(from).toEqual({ topic: record.topic, partition: 2, offset: 41, key: record.key })
  // Not by `toEqual`, which takes seconds for a buffer of this size.
  expect(value === null || record.value === null ? value === record.value : value.equals(record.value)).toBe(true)
  intake.take(recordOf(beat()), taken)
  expect([taken.telemetry.length, taken.rejects.length]).toEqual([1, 1])
  expect(intake.counts).toMatchObject({ records: 2, events: 1, rejected: new Map([[reason, 1]]) })
})

test('900 KB of unknown fields are an event, and stay behind', () => {
  const taken = open().take(recordOf(beat({ extra: 'x'.repeat(900_000) })))
  expect(taken.rejects).toEqual([])
  expect(taken.telemetry[0]?.value.length).toBeLessThan(300)
})

test('of a record over 1 MiB the first 64 KiB are kept, and it cannot be fed back', () => {
  const taken = open().take(recordOf(LONG))
  const { reason, length, text, base64 } = rejectsOf(taken)[0] as KafkaReject
  expect([reason, length]).toEqual(['too-long', Buffer.byteLength(LONG)])
  expect(Buffer.from(text ?? base64 ?? '', text === undefined ? 'base64' : 'utf8').equals(Buffer.from(LONG).subarray(0, 65_536))).toBe(true)
  expect(() => originalOf(taken.rejects[0]?.value as Buffer)).toThrow(`of the record 41 in partition 2 of \`events\` only 65536 of ${Buffer.byteLength(LONG)} bytes were kept`)
})

test.each(['', '-1', '9223372036854775807', 'now'])('a stamp that is no date is left out: `%s`', (timestamp) => {
  expect(rejectsOf(open().take(recordOf('{', { timestamp })))[0]).not.toHaveProperty('stamp')
})

test('one record with a hundred thousand faults is one reject', () => {
  const taken = open().take(recordOf(`[${Array.from({ length: 100_000 }, (_, i) => i).join()}]`, { topic: 'lrs' }))
  expect(rejectsOf(taken)).toMatchObject([{ reason: 'not-an-object', faults: 100_000 }])
})

test('verbs without end do not fill the memory', () => {
  const intake = open()
  for (let n = 0; n < 3000; n++) intake.take(recordOf(JSON.stringify(statement({ verb: { id: `https://example.org/${'v'.repeat(n)}${n}` } })), { topic: 'lrs' }))
  const { ignored } = intake.counts
  expect(ignored.size).toBeLessThanOrEqual(1001)
  expect([...ignored.keys()].every((k) => k.length <= 100)).toBe(true)
  expect([...ignored.values()].reduce((a, b) => a + b)).toBe(3000)
})

test('any bytes at all: one outcome for each record, and what was rejected comes back', () => {
  const intake = open()
  let s = 7
  const pick = (n: number): number => ((s = (Math.imul(s, 1664525) + 1013904223) >>> 0), Math.floor((s / 2 ** 32) * n))
  const seeds = [beat(), JSON.stringify(statement()), JSON.stringify([statement(), statement({ id: 's2' })])].map((t) => Buffer.from(t))
  let [good, bad] = [0, 0]
  for (let n = 0; n < 1500; n++) {
    const bytes = Buffer.from(seeds[pick(3)] as Buffer)
    for (let k = pick(4); k > 0; k--) bytes[pick(bytes.length)] = pick(256)
    const record = recordOf(bytes.subarray(0, pick(4) === 0 ? pick(bytes.length) : bytes.length), { topic: ['events', 'lrs'][pick(2)] })
    const before = [...intake.counts.ignored.values()].reduce((a, b) => a + b, 0)
    const taken = intake.take(record)
    const ignored = [...intake.counts.ignored.values()].reduce((a, b) => a + b, 0) - before
    expect(taken.telemetry.length + taken.rejects.length + ignored).toBeGreaterThan(0)
    expect(eventsOf(taken).length).toBe(taken.telemetry.length)
    for (const { value } of taken.rejects) expect(originalOf(value).value?.equals(record.value as Buffer)).toBe(true)
    if (taken.rejects.length > 0) bad++
    else good++
  }
  expect(Math.min(good, bad)).toBeGreaterThan(100)
})

test('what is no reject cannot be fed back', () => {
  expect(() => originalOf(Buffer.from('{'))).toThrow('a reject is not JSON')
  expect(() => originalOf(Buffer.from('{"format":1}'))).toThrow('a reject is not as Invigil writes it: `reason`: ')
  const [reject] = open().take(recordOf('{')).rejects
  const changed = { ...(JSON.parse(String(reject?.value)) as KafkaReject), length: 2 }
  expect(() => originalOf(Buffer.from(JSON.stringify(changed)))).toThrow('only 1 of 2 bytes were kept')
})
