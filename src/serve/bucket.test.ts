import { expect, test } from 'vitest'
import { Bucket } from './bucket.ts'

test('what was taken beyond what there was is paid back before more is given', () => {
  const bucket = new Bucket(100, 200, 0)
  expect(bucket.wait(0)).toBe(0)
  bucket.take(500, 0)
  expect(bucket.wait(0)).toBeCloseTo(3010)
  expect(bucket.wait(3000)).toBeCloseTo(10)
  expect(bucket.wait(3010)).toBe(0)
})

test('whoever keeps asking gets the rate on average, and no more than the burst at once after a rest', () => {
  const bucket = new Bucket(50, 100, 0)
  let taken = 0
  for (let now = 0; now < 60_000; now += 5) {
    if (bucket.wait(now) > 0) continue
    bucket.take(1, now)
    taken++
  }
  expect(taken).toBeGreaterThanOrEqual(50 * 60)
  expect(taken).toBeLessThanOrEqual(50 * 60 + 100)
  let atOnce = 0
  for (; bucket.wait(1e9) === 0; atOnce++) bucket.take(1, 1e9)
  expect(atOnce).toBe(100)
})
