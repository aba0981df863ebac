import { expect, test } from 'vitest'
import { HOUR, MINUTE } from '../base/time.ts'
import { Sweeping } from './sweeping.ts'

test('is due after ten minutes of event time, not before time has begun', () => {
  const sweeping = new Sweeping()
  expect(sweeping.isDue(-Infinity, 100, () => 1)).toBe(false)
  expect(sweeping.isDue(0, 1, () => 1)).toBe(true)
  expect(sweeping.isDue(9 * MINUTE, 1, () => 1)).toBe(false)
  expect(sweeping.isDue(10 * MINUTE, 0, () => 1)).toBe(true)
})

test('looks at no more than sixteen keys for an event, however fast time passes, but once a day', () => {
  const sweeping = new Sweeping()
  let sweeps = 0
  for (let hour = 0; hour < 10_000; hour++) if (sweeping.isDue(hour * HOUR, 1000, () => 100_000)) sweeps++
  expect(sweeps).toBe(1 + Math.floor((10_000 - 1) / 7))
  const quiet = new Sweeping()
  let days = 0
  for (let hour = 0; hour < 240; hour++) if (quiet.isDue(hour * HOUR, 0, () => 100_000)) days++
  expect(days).toBe(10)
})
