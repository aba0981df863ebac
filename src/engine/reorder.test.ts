import { describe, expect, test } from 'vitest'
import { seeded } from '../testing/five-platforms.ts'
import { Reorder } from './reorder.ts'

interface Item {
  time: number
  id: string
  raw: string
}

const item = (time: number, id = 'a', raw = ''): Item => ({ time, id, raw })
const make = () => new Reorder<Item>((a, b) => a.time - b.time || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0), (a, b) => (a.raw <= b.raw ? a : b), (i) => i)

function released(buffer: Reorder<Item>, watermark: number): string[] {
  const out: string[] = []
  buffer.release(watermark, (i) => out.push(`${i.time}${i.id}${i.raw}`))
  return out
}

test('hands out what is before the watermark, in order, once', () => {
  const buffer = make()
  for (const [t, id] of [[5000, 'b'], [1200, 'x'], [5000, 'a'], [1100, 'y'], [999, 'z']] as const) buffer.add(item(t, id), 1)
  expect(released(buffer, 5000)).toEqual(['999z', '1100y', '1200x'])
  expect(buffer.size).toBe(2)
  expect(released(buffer, 5001)).toEqual(['5000a', '5000b'])
  expect([released(buffer, Infinity), buffer.size, [...buffer.values()]]).toEqual([[], 0, []])
})

test('a watermark inside a second takes part of it; what comes after it into the same second is not lost', () => {
  const buffer = make()
  for (const t of [1000, 1400, 1999]) buffer.add(item(t), 1)
  expect(released(buffer, 1400)).toEqual(['1000a'])
  buffer.add(item(1500), 2)
  expect(released(buffer, 1400)).toEqual([])
  expect(released(buffer, 2000)).toEqual(['1400a', '1500a', '1999a'])
  buffer.add(item(1600), 3)
  expect(released(buffer, 2000)).toEqual(['1600a'])
})

describe('of items that are the same, the smaller stays', () => {
  test.each([[['p', 'q', 'r']], [['r', 'q', 'p']], [['q', 'r', 'p']]])('%j', (raws) => {
    const buffer = make()
    for (const raw of raws) buffer.add(item(1000, 'a', raw), 1)
    expect(released(buffer, 2000)).toEqual(['1000ap'])
    expect(buffer.duplicates).toBe(2)
  })
})

test('the oldest mark is the lowest that covers something held', () => {
  const buffer = make()
  expect(buffer.oldestMark()).toBe(Infinity)
  buffer.add(item(9000), 3)
  buffer.add(item(1000), 4)
  buffer.add(item(9500), 2)
  expect(buffer.oldestMark()).toBe(2)
  released(buffer, 2000)
  expect(buffer.oldestMark()).toBe(2)
  released(buffer, 10_000)
  expect(buffer.oldestMark()).toBe(Infinity)
})

test('any arrival, released in any steps, is the sorted sequence', () => {
  const random = seeded(3)
  for (let round = 0; round < 20; round++) {
    const items = Array.from({ length: 200 }, (_, i) => item(Math.floor(random() * 20_000), `#${i}`))
    const buffer = make()
    const out: string[] = []
    let mark = 0
    for (const i of items) {
      if (i.time < mark) continue
      buffer.add(i, 1)
      if (random() < 0.1) out.push(...released(buffer, (mark += Math.floor(random() * 2000))))
    }
    out.push(...released(buffer, Infinity))
    const times = out.map((o) => parseInt(o, 10))
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(new Set(out).size).toBe(out.length)
  }
})
