import { describe, expect, test } from 'vitest'
import { codes, formatProblem, InvigilError, invariant } from './errors.ts'
import { canonicalJson, contentHash, fnv1a, sha256 } from './hash.ts'
import { compareText, Heap } from './order.ts'

describe('hash', () => {
  test('equal values have equal text, whatever the order of their members', () => {
    expect(canonicalJson({ b: [1, { d: undefined, c: null }], a: 'x' })).toBe('{"a":"x","b":[1,{"c":null}]}')
    expect(contentHash({ a: 1, b: 2 })).toBe(contentHash({ b: 2, a: 1 }))
    expect(canonicalJson([undefined])).toBe('[null]')
  })

  test('known hashes: what is stored depends on them', () => {
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(sha256(Buffer.from('张'))).toBe(sha256('张'))
    expect(['', 'a', 'foobar'].map((t) => fnv1a(t).toString(16))).toEqual(['811c9dc5', 'e40c292c', 'bf9cf968'])
  })
})

describe('order', () => {
  test('text is ordered by code units', () => {
    expect(['b', 'B', 'ä', 'a', '张', ''].sort(compareText)).toEqual(['', 'B', 'a', 'b', 'ä', '张'])
  })

  test('a heap gives the least first', () => {
    const heap = new Heap<number>((a, b) => a < b, [5, 3, 8])
    const out: (number | undefined)[] = []
    let seed = 1
    const all = [5, 3, 8]
    for (let i = 0; i < 500; i++) {
      seed = (seed * 48271) % 2147483647
      all.push(seed % 1000)
      heap.push(seed % 1000)
    }
    expect([heap.size, heap.peek(), heap.values().length]).toEqual([503, Math.min(...all), 503])
    while (heap.size > 0) out.push(heap.pop())
    expect(out).toEqual(all.sort((a, b) => a - b))
    expect([heap.pop(), heap.peek()]).toEqual([undefined, undefined])
  })
})

describe('errors', () => {
  test('a problem is written as compilers write it', () => {
    expect(formatProblem({ file: 'a.yaml', line: 3, column: 7, message: 'bad', mend: 'good' })).toBe('a.yaml:3:7: bad (good)')
    expect(formatProblem({ file: 'a.yaml', message: 'bad' })).toBe('a.yaml: bad')
    expect(formatProblem({ message: 'bad', column: 7 })).toBe('bad')
  })

  test('an error knows who must act', () => {
    const error = new InvigilError('bad-rules', 'no', { cause: new Error('why'), problems: [{ message: 'x' }] })
    expect([error.domain, error.name, error.problems.length, (error.cause as Error).message]).toEqual(['user', 'InvigilError', 1, 'why'])
    expect(() => invariant(0, 'never')).toThrow(InvigilError)
    expect(Object.values(codes).every((c) => !c.retry || (c.domain as string) === 'outside')).toBe(true)
  })
})
