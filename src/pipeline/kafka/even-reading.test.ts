import { expect, test } from 'vitest'
import { EvenReading } from './even-reading.ts'

interface Record { offset: string; timestamp: string }

/** Records with these offsets, each stamped ten times its offset unless said. */
const records = (...of: (number | [offset: number, stamp: number])[]): Record[] => of.map((o) => {
  const [offset, stamp] = typeof o === 'number' ? [o, o * 10] : o
  return { offset: String(offset), timestamp: String(stamp) }
})

function opened(partitions: number, piece = 1000): EvenReading<Record> {
  const reading = new EvenReading<Record>(100, piece)
  for (let p = 0; p < partitions; p++) reading.begin(p, 0)
  return reading
}

function give(reading: EvenReading<Record>, partition: number, all: Record[]): void {
  reading.add(partition, all)
  reading.progress(partition, Number(all.at(-1)?.offset) + 1)
}

function drained(reading: EvenReading<Record>, now = 0): [string, string[]] {
  const out: string[] = []
  const reached = reading.drain(now, (p, all) => out.push(...all.map((r) => `${p}:${r.offset}`)))
  return [reached, out]
}

test('what is beyond the goal of one partition waits for the others', () => {
  const reading = opened(2)
  reading.aim([2, 3], 0)
  give(reading, 0, records(0, 1, 2, 3))
  give(reading, 1, records(0, 1))
  expect(drained(reading, 1)).toEqual(['nothing', ['0:0', '0:1', '1:0', '1:1']])
  // The last offset before the goal is a marker.
  reading.progress(1, 3)
  expect(drained(reading, 2)).toEqual(['goals', []])
  expect(reading.waiting(0)).toBe(2)
  reading.aim([4, 3], 3)
  expect(drained(reading, 4)).toEqual(['goals', ['0:2', '0:3']])
})

test('records younger than what another partition has still to bring wait for it', () => {
  const reading = opened(3)
  reading.aim([4, 4, 0], 0)
  give(reading, 0, records(0, 1, 2, 3))
  expect(drained(reading)).toEqual(['nothing', []])
  give(reading, 1, records([0, 5], [1, 15]))
  expect(drained(reading)).toEqual(['nothing', ['0:0', '0:1', '1:0', '1:1']])
  expect(reading.stamp).toBe(15)
  give(reading, 1, records([2, 500], [3, 501]))
  expect(drained(reading)).toEqual(['goals', ['0:2', '0:3', '1:2', '1:3']])
})

test('of a backlog, pieces are handed over, the oldest records first', () => {
  const reading = opened(2, 3)
  reading.aim([4, 4], 0)
  give(reading, 1, records(0, 1))
  give(reading, 1, records(2, 3))
  give(reading, 0, records([0, 15], [1, 16]))
  give(reading, 0, records([2, 35], [3, 36]))
  expect(drained(reading)).toEqual(['piece', ['1:0', '1:1', '0:0', '0:1']])
  expect(drained(reading)).toEqual(['piece', ['1:2', '1:3', '0:2', '0:3']])
  expect(drained(reading)).toEqual(['goals', []])
})

test('a partition that does not come to its goal is waited for as long as something comes, and not for ever', () => {
  const reading = opened(2)
  reading.aim([2, 3], 0)
  give(reading, 0, records(0))
  give(reading, 1, records([0, 0], [1, 1]))
  expect(drained(reading, 99)).toEqual(['nothing', ['0:0', '1:0']])
  give(reading, 0, records(1))
  expect(drained(reading, 198)).toEqual(['nothing', ['1:1']])
  expect(drained(reading, 297)).toEqual(['nothing', []])
  expect(drained(reading, 298)).toEqual(['patience', ['0:1']])
})
