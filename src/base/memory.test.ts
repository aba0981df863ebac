import { expect, test } from 'vitest'
import { Slabs } from './memory.ts'

test('what is kept stays, whatever becomes of the original', () => {
  const slabs = new Slabs()
  const sizes = [0, 1, 7, 200_000, 60_000, 1 << 18, 100_000, 100_000, 3, 1 << 20]
  const kept = sizes.map((size, i) => {
    const bytes = new Uint8Array(size).fill(i + 1)
    const copy = slabs.keep(bytes)
    bytes.fill(99)
    return copy
  })
  kept.forEach((bytes, i) => {
    expect(bytes.length).toBe(sizes[i])
    expect(bytes.every((b) => b === i + 1)).toBe(true)
  })
})

test('small pieces share memory, and V8 is told of none of it', () => {
  const slabs = new Slabs()
  const bytes = new Uint8Array(16_384)
  const { external } = process.memoryUsage()
  const kept = Array.from({ length: 2000 }, () => slabs.keep(bytes))
  expect(new Set(kept.map((k) => k.buffer)).size).toBe(2000 / 16)
  expect(process.memoryUsage().external - external).toBeLessThan(2000 * 16_384 / 4)
})
