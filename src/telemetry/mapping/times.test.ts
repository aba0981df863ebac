import { fc } from '../../testing/fuzz.ts'
import { describe, expect, test } from 'vitest'
import { timeReader, USUAL_FORMATS, writeMoment } from './times.ts'

function read(format: string, text: string, zone?: string): string | undefined {
  const reader = timeReader(format)
  if (typeof reader === 'string') return `error: ${reader}`
  const moment = reader.read(text, zone)
  return typeof moment === 'object' ? writeMoment(moment) : moment
}

test.each([
  ['rfc3339', '2026-03-02T08:00:00.5+08:00', '2026-03-02T08:00:00.500+08:00'],
  ['epoch-s', '1772409600', '2026-03-02T00:00:00.000Z'],
  ['epoch-s', '1772409600.25', '2026-03-02T00:00:00.250Z'],
  ['epoch-ms', '1772409600250', '2026-03-02T00:00:00.250Z'],
  ['epoch-ms', '1772409600', undefined],
  ['YYYY-MM-DD HH:mm:ss', '2026-03-02 08:00:07', '2026-03-02T08:00:07.000+08:00'],
  ['YYYY-MM-DD HH:mm:ss.S', '2026-03-02 08:00:07.1239', '2026-03-02T08:00:07.123+08:00'],
  ['YYYY/M/D H:mm', '2026/3/2 8:05', '2026-03-02T08:05:00.000+08:00'],
  ['YYYY年M月D日 H:mm', '2026年3月2日 18:05', '2026-03-02T18:05:00.000+08:00'],
  ['YYYY年M月D日 Ah:mm', '2026年3月2日 下午6:05', '2026-03-02T18:05:00.000+08:00'],
  ['D/MM/YY, HH:mm', '2/03/26, 14:05', '2026-03-02T14:05:00.000+08:00'],
  ['M/D/YY, h:mm A', '3/2/26, 12:05 AM', '2026-03-02T00:05:00.000+08:00'],
  ['D MMMM YYYY, h:mm A', '2 March 2026, 2:05 p.m.', '2026-03-02T14:05:00.000+08:00'],
  ['DDDD, D MMM YYYY HH:mm:ss Z', 'Mon, 2 Mar 2026 08:00:00 -0530', '2026-03-02T08:00:00.000-05:30'],
  ['YYYY-MM-DD HH:mm:ss', '2026-3-2 08:00:07', undefined],
  ['YYYY-MM-DD HH:mm:ss', '2026-02-30 08:00:07', undefined],
  ['YYYY-MM-DD HH:mm', '2026-03-02 24:00', undefined],
  ['YYYY-MM-DD HH:mm', '1970-03-02 20:00', undefined],
  ['M/D/YY h:mm A', '3/2/26 13:05 PM', undefined],
  ['D MMM YYYY H:mm', '2 Smarch 2026 1:00', undefined],
])('%s of %s', (format, text, expected) => {
  expect(read(format, text, 'Asia/Shanghai')).toBe(expected)
})

test('a time that names neither offset nor zone is told apart', () => {
  expect(read('YYYY-MM-DD HH:mm', '2026-03-02 08:00')).toBe('no-zone')
})

test.each([
  ['YYYY-MM-DD', 'it does not tell the hour (`HH` or `H`) and the minute (`mm`)'],
  ['YYYY-DD HH:mm', 'it does not tell the month (`MM` or `M`)'],
  ['YYYY-MM-DD h:mm', 'hours of a half day (`h`) and its half (`A`) go together'],
  ['YYYY-MM-DD HH:mm:ss MM', 'it tells the month twice'],
  ['', 'it does not tell the year'],
])('no format: %s', (format, why) => {
  expect(timeReader(format)).toContain(why)
})

describe('clocks that are changed', () => {
  test.each([
    ['2026-03-29 01:59', '2026-03-29T01:59:00.000+01:00'],
    ['2026-03-29 03:00', '2026-03-29T03:00:00.000+02:00'],
    // Both at +02:00 and, an hour later, at +01:00: the first.
    ['2026-10-25 02:30', '2026-10-25T02:30:00.000+02:00'],
    ['2026-10-25 03:00', '2026-10-25T03:00:00.000+01:00'],
  ])('%s in Berlin', (text, expected) => {
    expect(read('YYYY-MM-DD HH:mm', text, 'Europe/Berlin')).toBe(expected)
  })
})

test('what a zone shows comes back as the moment', () => {
  const zones = ['Asia/Shanghai', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia', 'UTC']
  const moments = fc.integer({ min: Date.UTC(2001, 0), max: Date.UTC(2098, 0) }).map((ms) => ms - (ms % 1000))
  fc.assert(fc.property(moments, fc.constantFrom(...zones), (ms, zone) => {
    const shown = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(ms)
    const back = Date.parse(read('YYYY-MM-DD HH:mm:ss', shown, zone) ?? '')
    // Where clocks are set back, an hour is shown twice, and the first is meant.
    expect([0, 30 * 60_000, 3_600_000]).toContain(ms - back)
  }), { numRuns: 300 })
})

test('the usual formats take no text in two ways', () => {
  const readers = USUAL_FORMATS.map((f) => timeReader(f)).flatMap((r) => (typeof r === 'string' ? [] : [r.read]))
  expect(readers).toHaveLength(USUAL_FORMATS.length)
  for (const text of ['20260302080000', '2026-03-02 08:00:00.000', '2026-03-02T08:00:00.0', '2026-03-02T08:00:00+08:00', '1772409600', '1772409600000', '2026-3-2 8:00:00', '2026/3/2 8:00', '2026年3月2日 08:00']) {
    const moments = readers.map((r) => r(text, 'Asia/Shanghai')).filter((m) => m !== undefined)
    expect([text, new Set(moments.map((m) => (typeof m === 'object' ? m.ms : m))).size]).toEqual([text, 1])
    expect(moments[0]).toMatchObject({ ms: Date.UTC(2026, 2, 2) })
  }
})
