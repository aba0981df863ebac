import { describe, expect, test } from 'vitest'
import type { Adapter } from './adapters/adapter.ts'
import type { Event } from './event.ts'
import { ForeignDecoder, PART } from './foreign.ts'

type Outcome = Event | { reason: string; message: string } | { verb: string }

/** One record, two events and what else there is. */
const pair: Adapter = {
  name: 'pair',
  sources: { learner: '`who`' },
  json: (line) => line.replace(/^[^{[]*/, ''),
  several: (value) => (Array.isArray(value) ? value as unknown[] : undefined),
  recognises: () => true,
  adapt({ who, at, one }, { platform, digest }) {
    const event = (n: number, action: string) => ({ kind: 'event', fields: { id: `${digest()}.${n}`, time: at, action, platform, learner: who, chapter: 'c1' } }) as const
    if (one !== undefined) return event(0, 'heartbeat')
    return [event(0, 'played'), { kind: 'ignored', verb: 'winked' }, { kind: 'reject', reason: 'out-of-range', message: 'too much' }, event(1, 'paused')]
  },
}

function decode(line: string): Outcome[] {
  const out: Outcome[] = []
  new ForeignDecoder([pair], 'p1').decode(
    { event: (e) => out.push(e.read()), reject: (reason, message) => out.push({ reason, message }), ignored: (verb) => out.push({ verb }) },
    Buffer.from(line),
  )
  return out
}

const RECORD = '{"who": "L1", "at": "2026-03-02T08:00:00Z"}'

test('several outcomes of one record, in order', () => {
  expect(decode(RECORD)).toMatchObject([{ action: 'played' }, { verb: 'winked' }, { reason: 'out-of-range' }, { action: 'paused' }])
})

describe('each event\'s own record', () => {
  test('gives that event alone', () => {
    const events = decode(RECORD).filter((o): o is Event => 'raw' in o)
    expect(events.map((e) => JSON.parse(e.raw) as unknown)).toEqual([0, 3].map((n) => ({ ...(JSON.parse(RECORD) as object), [PART]: n })))
    for (const e of events) expect(decode(e.raw)).toEqual([e])
  })

  test.each(['9', '-1', '0.5', '"0"', 'null'])('a part that there is not says nothing: %s', (part) => {
    expect(decode(RECORD.replace('{', `{"${PART}":${part},`)).map((o) => 'reason' in o ? o.reason : '')).toHaveLength(4)
  })

  test('is the line itself where it gives one', () => {
    const line = `INFO - ${RECORD.replace('}', ', "one": 1}')}`
    expect(decode(line)).toMatchObject([{ action: 'heartbeat', raw: line }])
  })
})

test('the digest does not depend on spacing, on a list around it or on what stands before', () => {
  const compact = JSON.stringify(JSON.parse(RECORD))
  const ids = [RECORD, compact, `[${RECORD}]`, `[[${compact}]]`, `INFO - ${RECORD}`].map((line) => (decode(line)[0] as Event).id)
  expect(new Set(ids)).toEqual(new Set([expect.stringMatching(/^[0-9a-f]{32}\.0$/) as string]))
  expect((decode(RECORD.replace('L1', 'L2'))[0] as Event).id).not.toBe(ids[0])
})

test('messages say where a field would be', () => {
  expect(decode('{"one":1,"at":"2026-03-02T08:00:00Z"}')).toEqual([{ reason: 'missing-field', message: '`learner` is missing (from `who`)' }])
  expect(decode('[7, []]')).toEqual([{ reason: 'not-an-object', message: 'a record of pair is a JSON object, not a number' }, { verb: 'empty list' }])
})
