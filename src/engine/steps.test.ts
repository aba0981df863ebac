import { expect, test } from 'vitest'
import { Steps } from './steps.ts'

test('what arrived before is taken, the rest is left', () => {
  const steps = new Steps()
  steps.add(1000, 5)
  steps.add(1050, 9)
  steps.add(1020, 7)
  steps.add(1100, 8)
  expect(steps.has(1099)).toBe(false)
  expect(steps.take(1099)).toBe(-Infinity)
  expect(steps.take(1100)).toBe(9)
  expect(steps.whole).toEqual({ arrival: 1199, reach: 8 })
  expect(steps.take(Infinity)).toBe(8)
  expect(steps.whole).toBeUndefined()
})

test('a backlog of days takes a bounded memory, and nothing of it is taken too soon', () => {
  const steps = new Steps()
  const arrivals = Array.from({ length: 50_000 }, (_, i) => i * 5000)
  for (const a of arrivals) steps.add(a, a)
  expect((steps as unknown as { steps: Map<number, number> }).steps.size).toBeLessThanOrEqual(4096)
  let taken = -Infinity
  for (let before = 0; before < 250_000_000; before += 1_000_000) {
    taken = Math.max(taken, steps.take(before))
    expect(taken).toBeLessThan(before)
    if (before > 1_000_000) expect(taken).toBeGreaterThan(before - 500_000)
  }
  expect(Math.max(taken, steps.take(Infinity))).toBe(arrivals.at(-1))
})

test('who goes on from what another had left takes none of it sooner', () => {
  const one = new Steps()
  for (let i = 0; i < 20; i++) one.add(i * 1000, i)
  const other = Steps.of(one.whole)
  expect(other.take(19_000)).toBe(-Infinity)
  expect(other.take(19_100)).toBe(19)
})
