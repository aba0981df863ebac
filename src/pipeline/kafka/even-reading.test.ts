import { expect, test } from 'vitest'
import { EvenReading } from './even-reading.ts'

const records = (...offsets: number[]) => offsets.map((o) => ({ offset: String(o) }))

function drained(reading: EvenReading<{ offset: string }>, now = 0): [boolean, string[]] {
  const out: string[] = []
  const isDone = reading.drain(now, (p, all) => out.push(...all.map((r) => `${p}:${r.offset}`)))
  return [isDone, out]
}

test('what was read beyond the goal of one partition waits for the others', () => {
  const reading = new EvenReading<{ offset: string }>(100)
  reading.begin(0, 0)
  reading.begin(1, 5)
  reading.aim([2, 8], 0)
  reading.add(0, records(0, 1, 2, 3))
  reading.progress(0, 4)
  expect(drained(reading, 1)).toEqual([false, ['0:0', '0:1']])
  reading.add(1, records(5, 6))
  reading.progress(1, 7)
  expect(drained(reading, 2)).toEqual([false, ['1:5', '1:6']])
  // The last offset before the goal is a marker.
  reading.progress(1, 8)
  expect(drained(reading, 3)).toEqual([true, []])
  expect(reading.waiting(0)).toBe(2)
  reading.aim([4, 8], 4)
  expect(drained(reading, 5)).toEqual([true, ['0:2', '0:3']])
})

test('a partition that does not come to its goal is not waited for for ever', () => {
  const reading = new EvenReading<{ offset: string }>(100)
  reading.begin(0, 0)
  reading.begin(1, 0)
  reading.aim([1, 3], 0)
  reading.add(0, records(0))
  reading.progress(0, 1)
  expect(drained(reading, 99)).toEqual([false, ['0:0']])
  expect(drained(reading, 100)).toEqual([true, []])
})
