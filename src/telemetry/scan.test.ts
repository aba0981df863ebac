import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { buildEvent } from './build.ts'
import { ACTIONS, Event, eventSchema, PLAYBACK } from './event.ts'
import { Chunk, Waiting } from './held.ts'
import { Scanner } from './scan.ts'
import { ROOM_OF_ONE, Tape } from './tape.ts'
import { FIELD_RULES, findFault } from './validate.ts'
import { parseTime } from '../base/time.ts'

/** Numbers in 0..1 that are the same in every run. */
function random(seed: number): (n: number) => number {
  let s = seed
  return (n) => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0
    return Math.floor((s / 2 ** 32) * n)
  }
}

const TEXTS = ['', 'a', 'p1', 't-000123', 'x'.repeat(12), 'y'.repeat(13), 'z'.repeat(31), 'w'.repeat(32), '张三', 'é', '😀'.repeat(20), 'u'.repeat(255), 'v'.repeat(1024), 'v'.repeat(1025), '😀'.repeat(512), 'd'.repeat(2049), 'a"b', 'a\\b', 'a\nb', 'a/b', 'ab\0', '\ud800', '1.5', 'true', 'deadBEEF', 'passed']
const NUMBERS = [0, -0, 1, 1.5, 12.345678901234567, 0.1, 100, -1, -0.5, 1e21, 1e-7, 123456789012345, 1234567890123456, 0.123456789012345, 9007199254740992, 4294967296, 2147483648]
const TIMES = ['2026-03-02T08:00:00Z', '2026-03-02T08:00:00.123+08:00', '2026-03-02 08:00:60Z', '2026-02-30T08:00:00Z', 'now', '2016-12-31T23:59:60.5-11:30']

function value(pick: (n: number) => number, name: string, type: string): unknown {
  const from = <T>(list: readonly T[]): T => list[pick(list.length)] as T
  if (pick(300) === 0) return from<unknown>([null, true, false, 7, 'odd', '7', [], {}, [1], { a: 1 }])
  if (name === 'time' || name === 'received') return pick(20) ? TIMES[pick(2)] : from(TIMES)
  if (name === 'action') return pick(50) ? from(ACTIONS) : 'dance'
  if (name === 'outcome') return from(['passed', 'failed', 'unusable', 'missed', pick(30) ? 'missed' : 'odd'])
  if (name === 'photo') return pick(30) ? '0123456789abcdef' : from(TEXTS)
  if (type === 'boolean') return pick(2) === 0
  if (type === 'string') return from(pick(40) ? TEXTS.slice(1, 11) : TEXTS)
  if (name === 'similarity') return pick(30) ? pick(1000) / 999 : from(NUMBERS)
  if (type === 'integer') return pick(30) ? pick(50) : from(NUMBERS)
  return pick(20) ? pick(100_000) / 1000 : from(NUMBERS)
}

function record(pick: (n: number) => number): Record<string, unknown> {
  const out: [string, unknown][] = []
  const density = pick(4)
  for (const { name, required, type } of FIELD_RULES) if (required ? pick(60) : pick(4) <= density) out.push([name, value(pick, name, type)])
  if (pick(6) === 0) out.push([['extra', 'lengths', 'ident', '名'][pick(4)] as string, [1, 'x', null, true, { deep: [] }, [], '张'][pick(7)]])
  for (let n = pick(3); n > 0; n--) out.push(...out.splice(pick(out.length), 1))
  return Object.fromEntries(out)
}

/** JSON with the freedoms that writers take: spaces, escapes, doubled keys, and now and then damage. */
function write(pick: (n: number) => number, r: Record<string, unknown>): string {
  const [colon, comma] = [[':', ','], [': ', ', '], [' :', ' ,'], [':\t', ',']][pick(12)] ?? [':', ',']
  let members = Object.entries(r).map(([k, v]) => `${JSON.stringify(k)}${colon}${JSON.stringify(v)}`)
  if (pick(10) === 0) members = [members[pick(members.length)] ?? '', ...members].filter(Boolean)
  if (pick(10) === 0) members.push(`"${['chapter', 'learner', 'position', 'rate', 'time'][pick(5)]}":${['""', '"q"', '3', '-0', 'null', '1e1', '007', '+1', '.5', 'tru', 'NaN'][pick(11)]}`)
  let line = `{${members.join(comma)}}`
  if (pick(12) === 0) line = line.replace('a', '\\u0061')
  if (pick(15) === 0) {
    const at = pick(line.length)
    line = line.slice(0, at) + ['', '"', '\\', '{', '}', ',', ':', '\u0001', ' ', '1', 'é'][pick(11)] + line.slice(at + pick(2))
  }
  return pick(12) ? line : `${line}${[' ', '\r', ',', 'x', '}'][pick(5)]}`
}

function scan(scanner: Scanner, bytes: Buffer, start: number, end: number): Event | undefined {
  const chunk = new Chunk(bytes, new Tape(2 * ROOM_OF_ONE))
  // Another record before it must make no difference.
  const before = Buffer.from('{"id":"e","time":"2026-03-02T08:00:00Z","action":"navigated","platform":"p","learner":"l"}')
  scanner.look(before, 0, before.length, chunk.tape)
  const seen = scanner.look(bytes, start, end, chunk.tape)
  return seen && new Waiting(scanner.texts).hold(seen, chunk, start, end).read()
}

test('the scanner agrees with JSON.parse and the check, or says that it does not know', () => {
  const pick = random(42)
  const scanner = new Scanner('')
  let scanned = 0
  let events = 0
  for (let i = 0; i < 20_000; i++) {
    const line = write(pick, record(pick))
    const before = pick(5) ? '' : '...\n'
    const bytes = Buffer.from(`${before}${line}${pick(2) ? '\n{"id":"next"' : ''}`)
    const start = before.length
    const end = start + Buffer.byteLength(line)
    const fast = scan(scanner, bytes, start, end)
    let slow: ReturnType<typeof buildEvent> | undefined
    try {
      slow = buildEvent(JSON.parse(bytes.toString('utf8', start, end)) as Record<string, unknown>, bytes.toString('utf8', start, end))
    } catch (error) {
      expect(error).toBeInstanceOf(SyntaxError)
    }
    if (slow instanceof Event) events++
    if (fast === undefined) continue
    scanned++
    if (!isDeepStrictEqual(fast, slow)) expect({ line, event: fast }).toEqual({ line, event: slow })
  }
  expect(scanned).toBeGreaterThan(5000)
  expect(scanned / events).toBeGreaterThan(0.5)
})

test('numbers are exactly those of JSON.parse', () => {
  const pick = random(3)
  const scanner = new Scanner('')
  for (let i = 0; i < 10_000; i++) {
    const digits = String(pick(10 ** (1 + pick(9)))) + (pick(2) ? String(pick(1e6)) : '')
    const text = `${digits}${pick(3) ? `.${String(pick(1e9)).slice(0, 1 + pick(9))}` : ''}`
    const line = `{"id":"e","time":"2026-03-02T08:00:00Z","action":"navigated","platform":"p","learner":"l","position":${text}}`
    const bytes = Buffer.from(line)
    const event = scan(scanner, bytes, 0, bytes.length)
    if (event) expect(event.position).toBe(Number(text))
    else expect(text).toMatch(/^0\d/)
  }
})

test('the check agrees with the schema', () => {
  const pick = random(9)
  const verdicts = new Set<string>()
  for (let i = 0; i < 3000; i++) {
    const r = JSON.parse(JSON.stringify(record(pick))) as Record<string, unknown>
    const fault = findFault(r)
    verdicts.add(fault?.reason ?? 'fine')
    // The schema knows no texts with NUL or half a surrogate pair, and nothing of empty optional texts.
    if (fault?.reason === 'nul' || fault?.reason === 'bad-utf8') continue
    for (const rule of FIELD_RULES) if (rule.type === 'string' && !rule.required && r[rule.name] === '') delete r[rule.name]
    const parsed = eventSchema.safeParse(r)
    expect([r, fault === undefined]).toEqual([r, parsed.success])
    if (!parsed.success && fault) expect(parsed.error.issues.map((x) => x.path[0])).toContain(/`(\w+)`/.exec(fault.reason === 'unknown-action' ? '`action`' : fault.message)?.[1])
  }
  expect([...verdicts].sort()).toEqual(['bad-utf8', 'fine', 'missing-field', 'nul', 'number-in-quotes', 'out-of-range', 'string-too-long', 'unknown-action', 'wrong-type'])
})

test('what the schema promises of playback and times is kept', () => {
  expect([...PLAYBACK].every((a) => (ACTIONS as readonly string[]).includes(a))).toBe(true)
  expect(parseTime('2026-03-02T08:00:00.123456789+08:00')).toBeDefined()
  expect(z.toJSONSchema(eventSchema, { io: 'input' }).required).toEqual(['id', 'time', 'action', 'platform', 'learner'])
})
