import { expect, test } from 'vitest'
import { at, drive } from '../testing/drive.ts'
import { sequence } from './sequence.ts'

const VERBS = { p: 'played', s: 'seeked', c: 'completed' } as const
/** `p0 s10` : played at 08:00:00, seeked at 08:00:10. */
const events = (text: string) =>
  text.split(' ').map((word) => at(`08:${String(Math.floor(Number(word.slice(1)) / 60)).padStart(2, '0')}:${String(Number(word.slice(1)) % 60).padStart(2, '0')}`, VERBS[word[0] as 'p'], 'L1', 'c1'))
const three = { steps: ['action == "played"', 'action == "seeked"', 'action == "completed"'], within: '60s', end: '1s' }

test.each([
  ['in order', 'p0 s10 c20', ['0-20']],
  ['with others between', 'p0 c5 s10 p15 c20', ['0-20']],
  ['at the limit', 'p0 s10 c60', ['0-60']],
  ['a second later', 'p0 s10 c61', []],
  ['in another order', 's0 p10 c20', []],
  ['at the same instant', 'p0 s0 c20', []],
  ['the latest beginning is the one that counts', 'p0 s10 p50 s55 c100', ['50-100']],
  ['a later beginning that has not come as far does not undo an earlier', 'p0 s10 p50 c55', ['0-55']],
  ['no event is part of two', 'p0 s10 c20 c30 s40 c50', ['0-20']],
  ['again', 'p0 s10 c20 p30 s40 c50', ['0-20', '30-50']],
])('%s', (_, given, expected) => {
  const warnings = drive(sequence, three).feed(...events(given)).latest()
  expect(warnings.map((w) => `${(Date.parse(w.begin) - Date.UTC(2026, 2, 2, 8)) / 1000}-${(Date.parse(w.end) - Date.UTC(2026, 2, 2, 8)) / 1000}`)).toEqual(expected)
})

test('two steps alike take two events', () => {
  const of = (given: string) => drive(sequence, { steps: ['action == "played"', 'action == "played"'], within: '60s' }).feed(...events(given)).latest().map((w) => w.evidence.count)
  expect(of('p0')).toEqual([])
  expect(of('p0 p10')).toEqual([2])
})

test('it says in what time, or how often', () => {
  const en = (given: string, end: string) => drive(sequence, { ...three, end }).feed(...events(given)).mark('09:00:00').latest().map((w) => w.summary.en)
  expect(en('p0 s10 c20', '1m')).toEqual(['3 steps followed one another in 20 s (limit 1 min), once'])
  expect(en('p0 s10 c20 p30 s40 c50', '10m')).toEqual(['3 steps followed one another (limit 1 min), 2 times'])
})
