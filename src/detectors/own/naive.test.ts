import { expect, test } from 'vitest'
import type { AnyDetector } from '../../engine/detector.ts'
import type { Action, Event } from '../../telemetry/event.ts'
import { at, drive, instant } from '../../testing/drive.ts'
import { seeded } from '../../testing/five-platforms.ts'
import { absence } from '../absence.ts'
import { sequence } from '../sequence.ts'
import { threshold } from '../threshold.ts'

const KINDS = ['played', 'paused', 'completed'] as const
const [A, B, C] = KINDS.map((k) => `action == "${k}"`) as [string, string, string]
const WITHIN = 60_000

/** Events of one learner, some at the same instant, in order of time. */
function events(seed: number): Event[] {
  const random = seeded(seed)
  let second = 0
  return Array.from({ length: 40 }, () => {
    second += Math.floor(random() * 25)
    const clock = `08:${String(Math.floor(second / 60)).padStart(2, '0')}:${String(second % 60).padStart(2, '0')}`
    return at(clock, KINDS[Math.floor(random() * 3)] as Action, 'L1', 'c1')
  })
}

const latest = (detector: AnyDetector, params: Record<string, unknown>, given: readonly Event[]) => drive(detector, params).feed(...given).mark('12:00:00').latest()
const SEEDS = Array.from({ length: 100 }, (_, i) => i + 1)

test('a sequence ends first where a look at all triples says so', () => {
  for (const seed of SEEDS) {
    const given = events(seed)
    const ends = given.flatMap((a) => given.flatMap((b) => given.flatMap((c) =>
      a.action === 'played' && b.action === 'paused' && c.action === 'completed' && a.time < b.time && b.time < c.time && c.time - a.time <= WITHIN ? [c.time] : [])))
    const [first] = latest(sequence, { steps: [A, B, C], within: '60s', end: '1s' }, given)
    expect([seed, first && Date.parse(first.end)]).toEqual([seed, ends.length === 0 ? undefined : Math.min(...ends)])
  }
})

test('a threshold is first passed where a count of the window says so', () => {
  for (const seed of SEEDS) {
    const given = events(seed)
    const over = given.filter((e, i) => e.action === 'paused' && given.slice(0, i + 1).filter((x) => x.action === 'paused' && x.time >= e.time - WITHIN).length > 2)
    const [first] = drive(threshold, { where: B, window: '60s', most: 2 }).feed(...given).warnings()
    expect([seed, first && Date.parse(first.raised)]).toEqual([seed, over[0]?.time])
  }
})

test('what is missed is what nothing follows in time', () => {
  for (const seed of SEEDS) {
    const given = events(seed)
    const missed = given.filter((a) => a.action === 'played' && !given.some((b) => b.action === 'paused' && b.time >= a.time && b.time <= a.time + WITHIN))
    const warnings = latest(absence, { after: A, expect: B, within: '60s', end: '30m' }, given)
    expect([seed, warnings.reduce((n, w) => n + Number(w.facts.times), 0)]).toEqual([seed, missed.length])
    expect(warnings.every((w) => Date.parse(w.end) <= instant('12:00:00'))).toBe(true)
  }
})
