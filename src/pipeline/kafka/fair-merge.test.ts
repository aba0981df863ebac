import { expect, test } from 'vitest'
import { FairMerge } from './fair-merge.ts'

const records = (...stamps: number[]) => stamps.map((s) => ({ timestamp: String(s) }))

function drained(merge: FairMerge<{ timestamp: string }>, now = 0): string[] {
  const out: string[] = []
  merge.drain(now, (p, all, from, to) => out.push(...all.slice(from, to).map((r) => `${p}:${r.timestamp}`)))
  return out
}

test('records come in the order of their stamps', () => {
  const merge = new FairMerge<{ timestamp: string }>(100)
  merge.begin(0, 0, 3)
  merge.begin(1, 0, 2)
  merge.add(0, records(1, 4, 6))
  merge.progress(0, 3, 3)
  merge.add(1, records(3, 5))
  merge.progress(1, 2, 2)
  expect(drained(merge)).toEqual(['0:1', '1:3', '0:4', '1:5', '0:6'])
  expect(merge.waiting(0)).toBe(0)
})

test('a partition that is not read to its end is waited for, but not for ever', () => {
  const merge = new FairMerge<{ timestamp: string }>(100)
  merge.begin(0, 0, 2)
  merge.begin(1, 0, 1)
  merge.add(0, records(5, 6))
  merge.progress(0, 2, 2)
  expect(drained(merge, 0)).toEqual([])
  expect(drained(merge, 99)).toEqual([])
  merge.add(1, records(2))
  merge.progress(1, 1, 3)
  expect(drained(merge, 120)).toEqual(['1:2'])
  expect(drained(merge, 219)).toEqual([])
  expect(drained(merge, 221)).toEqual(['0:5', '0:6'])
})

test('a partition at its end, or one with nothing in it, holds nobody', () => {
  const merge = new FairMerge<{ timestamp: string }>(100)
  merge.begin(0, 0, 1)
  merge.begin(1, 7, 7)
  merge.add(0, records(5))
  merge.progress(0, 1, 1)
  expect(drained(merge)).toEqual(['0:5'])
})
