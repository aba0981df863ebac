import { describe, expect, test } from 'vitest'
import {
  DAY, HOUR, MINUTE, duration, formatDuration, formatTime, isTimeZone, local, offsetOf, offsetOfBytes, parseDuration, parseTime, parseTimeBytes,
} from './time.ts'

/** What a time means, said slowly: the code under test must agree with it. */
const PATTERN = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/
function reference(text: string): number | undefined {
  const m = PATTERN.exec(text)
  if (!m) return undefined
  const [year, month, day, hour, minute, second] = m.slice(1, 7).map(Number) as [number, number, number, number, number, number]
  if (month < 1 || month > 12 || day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const fraction = m[7] === undefined ? 0 : Number(m[7].padEnd(3, '0').slice(0, 3))
  if (m[8] !== undefined && (Number(m[9]) > 23 || Number(m[10]) > 59)) return undefined
  const offset = m[8] === undefined ? 0 : (m[8] === '-' ? -1 : 1) * (Number(m[9]) * 60 + Number(m[10]))
  const ms = Date.UTC(year, month - 1, day, hour, minute, second, fraction) - offset * MINUTE
  return ms >= Date.UTC(2000, 0, 1) && ms < Date.UTC(2100, 0, 1) ? ms : undefined
}

/** Numbers in 0..1 that are the same in every run. */
function random(seed: number): () => number {
  let s = seed
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0
    return s / 2 ** 32
  }
}

describe('parseTime', () => {
  test.each([
    ['2026-03-02T08:00:00Z', '2026-03-02T08:00:00.000Z'],
    ['2026-03-02T08:00:00+08:00', '2026-03-02T00:00:00.000Z'],
    ['2026-03-02t08:00:00.5z', '2026-03-02T08:00:00.500Z'],
    ['2026-03-02 08:00:00.1239-03:30', '2026-03-02T11:30:00.123Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['2021-11-24T00:04:32.169562+00:00', '2021-11-24T00:04:32.169Z'],
    ['2000-01-01T00:00:00Z', '2000-01-01T00:00:00.000Z'],
    ['2099-12-31T23:59:59.999Z', '2099-12-31T23:59:59.999Z'],
  ])('%s', (text, expected) => {
    expect(formatTime(parseTime(text) as number)).toBe(expected)
  })

  test.each([
    '', 'yesterday', '2026-03-02', '2026-03-02T08:00:00', '2026-03-02T08:00Z', '2026-02-29T00:00:00Z', '2026-13-01T00:00:00Z', '2026-00-10T00:00:00Z',
    '2026-04-31T00:00:00Z', '2026-03-02T24:00:00Z', '2026-03-02T08:60:00Z', '2026-03-02T08:00:61Z', '2026-03-02T08:00:00.Z', '2026-03-02T08:00:00.1234567890Z',
    '2026-03-02T08:00:00+24:00', '2026-03-02T08:00:00+08:60', '2026-03-02T08:00:00+0800', '2026-03-02T08:00:00Z\n', ' 2026-03-02T08:00:00Z',
    '1999-12-31T23:59:59Z', '2100-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '２026-03-02T08:00:00Z', '2026-03-02T08:00:00Zİ', '2026-03-02T08:00:00.1 3Z',
  ])('not a time: %j', (text) => {
    expect(parseTime(text)).toBeUndefined()
  })

  test('agrees with the slow reading on thousands of times, good and damaged', () => {
    const next = random(7)
    const pick = (n: number): number => Math.floor(next() * n)
    const two = (n: number): string => String(n).padStart(2, '0')
    for (let i = 0; i < 20_000; i++) {
      const zone = pick(2) ? 'Z' : `${pick(2) ? '+' : '-'}${two(pick(25))}:${two(pick(61))}`
      const fraction = pick(2) ? '' : `.${String(pick(1e9)).slice(0, pick(10))}`
      let text = `${1998 + pick(104)}-${two(pick(14))}-${two(pick(33))}T${two(pick(25))}:${two(pick(61))}:${two(pick(62))}${fraction}${zone}`
      if (pick(4) === 0) {
        const at = pick(text.length)
        text = text.slice(0, at) + 'Z-+:. T9x/\u00e9'.charAt(pick(11)) + text.slice(at + pick(2))
      }
      expect([text, parseTime(text)]).toEqual([text, reference(text)])
      if (reference(text) !== undefined) {
        const bytes = Buffer.from(`..${text}..`)
        expect(parseTimeBytes(bytes, 2, bytes.length - 2)).toBe(reference(text))
        expect(offsetOfBytes(bytes, bytes.length - 2)).toBe(offsetOf(text))
      }
    }
  })

  test('a time that runs over the end of the bytes is none', () => {
    expect(parseTimeBytes(Buffer.from('2026-03-02T08:00:00'), 0, 20)).toBeNaN()
  })
})

test.each([
  ['2026-03-02T08:00:00Z', 0], ['2026-03-02T08:00:00+08:00', 480], ['2026-03-02T08:00:00-03:30', -210],
])('the offset of %s is %i minutes', (text, minutes) => {
  expect(offsetOf(text)).toBe(minutes)
})

test.each([['45s', 45_000], ['1m30s', 90_000], ['250ms', 250], ['24h', DAY], ['1.5h', 1.5 * HOUR], ['2d', 2 * DAY]])('%s is a duration', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
  expect(parseDuration(formatDuration(ms))).toBe(ms)
})

test.each(['', '45', 's', '45 s', '-45s', '1h30', 'P1D', '1e3s'])('%j is not a duration', (text) => {
  expect(parseDuration(text)).toBeUndefined()
  expect(duration.safeParse(text).success).toBe(false)
})

test('durations are written in the shortest form', () => {
  expect([0, 45_000, 90_000, HOUR, DAY + 1].map(formatDuration)).toEqual(['0s', '45s', '1m30s', '1h', '1d1ms'])
})

describe('local', () => {
  const at = (text: string): number => parseTime(text) as number

  test('a zone decides the day', () => {
    const { day, clock } = local(at('2026-03-02T17:30:00Z'), 'Asia/Shanghai')
    expect([day * DAY, clock]).toEqual([at('2026-03-03T00:00:00Z'), 90 * MINUTE])
  })

  test('without a zone, the offset decides it', () => {
    expect(local(at('2026-03-02T23:30:00Z'), undefined, 60).clock).toBe(30 * MINUTE)
    expect(local(at('2026-03-02T00:30:00Z'), undefined, -60).clock).toBe(23.5 * HOUR)
  })

  test('summer time begins and ends', () => {
    expect(local(at('2026-03-29T00:59:59Z'), 'Europe/Berlin').clock).toBe(2 * HOUR - 1000)
    expect(local(at('2026-03-29T01:00:00Z'), 'Europe/Berlin').clock).toBe(3 * HOUR)
    expect(local(at('2026-10-25T01:00:00Z'), 'Europe/Berlin').clock).toBe(2 * HOUR)
  })

  test('zones are known or not', () => {
    expect([isTimeZone('Asia/Shanghai'), isTimeZone('Asia/Atlantis')]).toEqual([true, false])
  })
})
