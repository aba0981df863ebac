import { expect, test } from 'vitest'
import { gridOf, overlayText, parseAxis, pointName } from './sweep.ts'

const values = (text: string) => parseAxis(text).values.map((v) => v.text)

test.each([
  ['parallel-chapters.overlap=10s..60s:10s', ['10s', '20s', '30s', '40s', '50s', '1m'], 'duration'],
  ['hang-up.idle=1m30s..3m:45s', ['1m30s', '2m15s', '3m'], 'duration'],
  ['over-credit.excess=0.1..0.35:0.1', ['0.1', '0.2', '0.3'], 'number'],
  ['over-credit.excess=0..0.3:0.1', ['0', '0.1', '0.2', '0.3'], 'number'],
  ['face-check.misses=1,3,5', ['1', '3', '5'], 'number'],
  ['face-check.answer=30s, 1m', ['30s', '1m'], 'duration'],
  ['over-credit.everywhere=true,false', ['true', 'false'], 'text'],
  ['seek-ahead.ahead=5s', ['5s'], 'duration'],
  ['over-credit.excess=1e-1..3e-1:1e-1', ['0.1', '0.2', '0.3'], 'number'],
])('%s', (text, expected, kind) => {
  expect(values(text)).toEqual(expected)
  expect(parseAxis(text).kind).toBe(kind)
})

test.each([
  ['overlap=10s..60s:10s', 'is no sweep; write it like'],
  ['a.b', 'is no sweep'],
  ['a.b=10s..60s', 'has no step'],
  ['a.b=60s..10s:5s', 'goes from `60s` down to `10s`; name the smaller first'],
  ['a.b=1..10:0', 'a step is larger than 0'],
  ['a.b=1..2:1e-9', 'and 50 are tried at once'],
  ['a.b=1..1e309:1', 'goes from a number to a number'],
  ['a.b=1s..10:1', 'goes from a number to a number'],
  ['a.b=x..y:z', 'goes from a number to a number'],
  ['a.b=1..1000:1', 'has 1000 values, and 50 are tried at once'],
  ['a.b=1,2,1', 'names `1` twice'],
  ['a.b=1,,2', 'has an empty value'],
  ['a.b=[1', 'no value of YAML'],
])('%s: %s', (text, message) => {
  expect(() => parseAxis(text)).toThrow(message)
})

test('a grid has every combination, and its overlays lay each rule once', () => {
  const axes = [parseAxis('a.x=1,2'), parseAxis('b.signs.even=10s'), parseAxis('a.y=true,word')]
  const points = gridOf(axes)
  expect(points.map((p) => pointName(axes, p))).toEqual([
    'a.x=1 b.signs.even=10s a.y=true', 'a.x=1 b.signs.even=10s a.y=word', 'a.x=2 b.signs.even=10s a.y=true', 'a.x=2 b.signs.even=10s a.y=word',
  ])
  expect(overlayText(axes, points[1] ?? [])).toBe('- rule: a\n  params:\n    x: 1\n    y: word\n- rule: b\n  params:\n    signs:\n      even: 10s\n')
})

test('a grid that is too large, or sweeps a parameter twice, is refused', () => {
  expect(() => gridOf([parseAxis('a.x=1..10:1'), parseAxis('a.y=1..6:1')])).toThrow('the sweep has 60 variants (10 × 6), and 50 are tried at once')
  expect(() => gridOf([parseAxis('a.x=1'), parseAxis('a.x=2')])).toThrow('`a.x` is swept twice')
  expect(() => gridOf([parseAxis('a.x=1'), parseAxis('a.x.y=2')])).toThrow('is swept twice')
  expect(gridOf([parseAxis('a.x=1'), parseAxis('a.xy=2'), parseAxis('b.x=2')])).toHaveLength(1)
})
