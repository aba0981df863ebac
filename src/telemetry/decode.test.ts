import { describe, expect, test } from 'vitest'
import { createDecoder, type DecoderOptions, FORMATS } from './decode.ts'
import type { Event } from './event.ts'
import { FIELDS } from './event.ts'
import { Chunk, type Held } from './held.ts'
import { REJECT_REASONS } from './rejects.ts'
import { Tape } from './tape.ts'

type Outcome = Event | { reason: string; message: string } | { verb: string }

function decode(line: string | Buffer, options: DecoderOptions = { format: 'canonical' }): Outcome[] {
  const out: Outcome[] = []
  createDecoder(options).decode(
    { event: (e) => out.push(e.read()), reject: (reason, message) => out.push({ reason, message }), ignored: (verb) => out.push({ verb }) },
    Buffer.from(line as string),
  )
  return out
}

const BEAT = { id: 'e1', time: '2026-03-02T08:00:00+08:00', action: 'heartbeat', platform: 'p1', learner: 'L1', chapter: 'c1', position: 12.5 }
const beat = (more: object = {}): string => JSON.stringify({ ...BEAT, ...more })

test('an event', () => {
  const line = beat({ visible: false, inputs: 3, ip: '1.2.3.4', colour: 'green' })
  const [e] = decode(line) as [Event]
  expect(e).toMatchObject({ id: 'e1', time: Date.UTC(2026, 2, 2), offset: 480, action: 'heartbeat', learner: 'L1', position: 12.5, visible: false, inputs: 3, raw: line })
  expect(FIELDS.filter((_, n) => e.present & (1 << n))).toEqual(['ip', 'chapter', 'position', 'visible', 'inputs'])
})

test.each([
  ['unknown fields, however deep', beat({ extra: { a: [1, { b: null }] } })],
  ['white space', ` { "id" : "e1" ,\t"time":"2026-03-02T08:00:00+08:00", "action": "heartbeat", "platform":"p1","learner" :"L1","chapter":"c1","position": 12.5 } \r`],
  ['a byte order mark', `\uFEFF${beat()}`],
  ['escapes', beat().replace('"L1"', '"\\u004c1"')],
  ['an exponent', beat().replace('12.5', '125e-1')],
  ['two keys of one name: the last one wins', beat().replace('{', '{"learner":"other","position":"no",')],
  ['an empty text counts as absent', beat({ device: '', session: '', photo: '', outcome: '', received: '' })],
])('takes %s', (_, line) => {
  const { raw, ...rest } = decode(line)[0] as Event
  const { raw: plain, ...expected } = decode(beat())[0] as Event
  expect(rest).toEqual(expected)
  expect(raw).toBe(line.replace('\uFEFF', '').replace('\r', ''))
  expect(plain).toBe(beat())
})

test('Chinese text stays what it is', () => {
  const line = beat({ learner: '张三', chapter: '第一章', agent: 'é'.repeat(600), class: '😀' })
  expect(decode(line)[0]).toMatchObject({ learner: '张三', chapter: '第一章', class: '😀', raw: line })
})

test.each(['', ' ', '\t \r', '\uFEFF'])('skips a blank line: %j', (line) => {
  expect(decode(line)).toEqual([])
})

const nested = (n: number): string => '['.repeat(n) + ']'.repeat(n)
test.each<[string, string | Buffer, string]>([
  ['too-long', beat({ extra: 'x'.repeat(1 << 20) }), 'the line has 10'],
  ['bad-utf8', Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xc3, 0x28]), Buffer.from(beat().slice(7))]), 'the line is not valid UTF-8'],
  ['bad-utf8', beat().replace('"L1"', '"\\ud800"'), '`learner` contains half of a surrogate pair'],
  ['nul', `${beat()}\0`, 'the line contains a NUL character'],
  ['nul', beat({ learner: 'a\0b' }), '`learner` contains a NUL character'],
  ['bad-json', beat().slice(0, -1), 'the line is not JSON: '],
  ['bad-json', beat().replace('12.5', '012.5'), 'the line is not JSON: '],
  ['bad-json', beat().replace('12.5', '12.'), 'the line is not JSON: '],
  ['bad-json', beat().replace('L1', 'L\t1'), 'the line is not JSON: '],
  ['bad-json', `${beat()}${beat()}`, 'the line is not JSON: '],
  ['too-deep', beat().replace('{', `{"x":${nested(32)},`), 'objects and lists are nested deeper than 32'],
  ['too-deep', nested(5000), 'objects and lists are nested deeper than 32'],
  ['too-deep', '['.repeat(500_000), 'objects and lists are nested deeper than 32'],
  ['not-an-object', '[1]', 'an event is one JSON object, not a list'],
  ['not-an-object', 'null', 'an event is one JSON object, not null'],
  ['missing-field', beat({ learner: undefined }), '`learner` is missing'],
  ['missing-field', beat({ id: '' }), '`id` is empty'],
  ['missing-field', beat({ platform: undefined }), '`platform` is missing'],
  ['wrong-type', beat({ session: null }), '`session` must be text, not null'],
  ['wrong-type', beat({ position: true }), '`position` must be a number, not true or false'],
  ['wrong-type', beat({ visible: 'true' }), '`visible` must be true or false, not text'],
  ['wrong-type', beat({ inputs: 1.5 }), '`inputs` must be a whole number, not 1.5'],
  ['wrong-type', beat({ learner: ['L1'] }), '`learner` must be text, not a list'],
  ['number-in-quotes', beat({ position: '12.5' }), '`position` must be a number, not text: `12.5`'],
  ['unknown-action', beat({ action: 'danced' }), '`danced` is not an action; known are logged-in, '],
  ['out-of-range', beat({ position: -1 }), '`position` must be at least 0, not -1'],
  ['out-of-range', beat({ rate: 0 }), '`rate` must be more than 0, not 0'],
  ['out-of-range', beat({ similarity: 1.01 }), '`similarity` must be at most 1, not 1.01'],
  ['out-of-range', beat().replace('12.5', '1e999'), '`position` must be at most '],
  ['out-of-range', beat({ outcome: 'maybe' }), '`outcome` must be passed, failed, unusable, missed, not `maybe`'],
  ['out-of-range', beat({ photo: 'xyz' }), '`photo` must consist of hex digits, not `xyz`'],
  ['bad-date', beat({ time: '2026-02-30T08:00:00Z' }), '`time` is no date-time of the calendar from 2000 to 2099: `2026-02-30T08:00:00Z`'],
  ['bad-date', beat({ time: '2026-03-02T08:00:00' }), '`time` is not RFC 3339 with an offset, like '],
  ['bad-date', beat({ received: 'now' }), '`received` is not RFC 3339 with an offset, like '],
  ['string-too-long', beat({ session: 's'.repeat(1025) }), '`session` has 1025 characters, 1024 are allowed'],
  ['missing-chapter', beat({ chapter: undefined }), '`chapter` is missing, and `heartbeat` is playback of one'],
  ['missing-chapter', beat({ chapter: '' }), '`chapter` is missing, and `heartbeat` is playback of one'],
])('rejects as %s', (reason, line, message) => {
  const out = decode(line)
  expect(out).toEqual([{ reason, message: expect.any(String) as string }])
  expect((out[0] as { message: string }).message.startsWith(message)).toBe(true)
})

test('exactly 32 levels are taken', () => {
  expect(decode(beat().replace('{', `{"x":${nested(31)},`))[0]).toMatchObject({ id: 'e1' })
  expect(decode(beat({ agent: '[{'.repeat(40) }))[0]).toMatchObject({ id: 'e1' })
})

test.each([beat({ platform: undefined }), beat({ platform: '' })])('a named platform fills in: %s', (line) => {
  expect(decode(line, { format: 'canonical', platform: 'pilot' })[0]).toMatchObject({ platform: 'pilot' })
  expect(decode(beat(), { format: 'canonical', platform: 'pilot' })[0]).toMatchObject({ platform: 'p1' })
})

test('an action that is no playback needs no chapter', () => {
  expect(decode(beat({ action: 'logged-in', chapter: undefined }))[0]).toMatchObject({ action: 'logged-in', chapter: undefined })
})

test('records of one chunk are read when their turn comes', () => {
  const lines = [beat(), beat({ id: 'e2', learner: '张' }), beat({ id: 'e3'.repeat(10) }), beat({ id: 'e4' })]
  const bytes = Buffer.from(lines.join('\r\n'))
  const chunk = new Chunk(bytes, new Tape(1000))
  const decoder = createDecoder({ format: 'canonical' })
  const out: Held[] = []
  const fail = (): never => { throw new Error('not an event') }
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at)
    const stop = end < 0 ? bytes.length : end
    decoder.decode({ event: (e) => out.push(e), reject: fail, ignored: fail }, bytes, at, stop, chunk)
    at = stop + 1
  }
  expect(chunk.holds).toBe(4)
  expect(out.map((e) => [e.time, e.platform])).toEqual(lines.map(() => [Date.UTC(2026, 2, 2), 'p1']))
  out.pop()?.drop()
  expect(out.map((e) => e.read().raw)).toEqual(lines.slice(0, 3))
  expect(chunk.holds).toBe(0)
})

test('every reason says what it means and how to mend it', () => {
  for (const { means, mend } of Object.values(REJECT_REASONS)) expect(`${means}; ${mend}`).toMatch(/^[a-z].*[^.]$/)
  expect(FORMATS).toEqual(['canonical', 'openedx', 'caliper', 'xapi', 'moodle', 'auto'])
})

describe('lines cut short', () => {
  test.each(Array.from({ length: beat().length - 1 }, (_, n) => n + 1))('after %i characters: never an event', (n) => {
    expect(decode(beat().slice(0, n))).toEqual([{ reason: 'bad-json', message: expect.any(String) as string }])
  })
})
