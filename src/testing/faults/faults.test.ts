import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MINUTE } from '../../base/time.ts'
import { temporary } from '../runs.ts'
import { compare, kindsOf } from './compare.ts'
import { eventsOf } from './feed.ts'
import { KINDS, planOf } from './plan.ts'

const dir = temporary()
const warning = (id: string, revision: number, more: object = {}) => JSON.stringify({ id, revision, ...more })
const [a1, a2, b1] = [warning('a', 1), warning('a', 2), warning('b', 1)]

test.each<[string, string[], string, RegExp[]]>([
  ['the same in another order', [b1, a2, a1], 'read_committed', []],
  ['one twice, of what was not committed', [a1, a1, a2, b1], 'read_uncommitted', []],
  ['one twice, though only what is committed is read', [a1, a1, a2, b1], 'read_committed', [/1 warnings written twice/]],
  ['one that is lacking', [a1, b1], 'read_committed', [/1 warnings lacking/]],
  ['one too many', [a1, a2, b1, warning('c', 1)], 'read_uncommitted', [/1 warnings that one process does not give/]],
  ['other bytes', [a1, a2, warning('b', 1, { x: 1 })], 'read_uncommitted', [/1 warnings lacking/, /1 warnings that one process does not give/]],
  ['other bytes beside the right ones', [a1, a2, b1, warning('b', 1, { x: 1 })], 'read_uncommitted', [/1 warnings of one revision with other bytes/]],
])('%s: told', (_, found, level, problems) => {
  const told = compare(level as 'read_committed', found, [a1, a2, b1], dir).problems
  expect(told.length).toBe(problems.length)
  problems.forEach((p, i) => expect(told[i]).toMatch(p))
})

test('what differs is written down whole', () => {
  compare('read_committed', [a1], [a1, a2, b1], dir)
  expect(readFileSync(`${dir}/read_committed-lacking.ndjson`, 'utf8')).toBe(`${a2}\n${b1}\n`)
})

test('a warning is of a timer where none of its learners did anything when it was raised', () => {
  const raised = (detector: string, time: string) => JSON.stringify({ detector, raised: time, learners: [{ platform: 'p', id: 'L1' }] })
  const times = new Set([`p\u0000L1\u0000${Date.UTC(2026, 2, 2, 8)}`])
  expect(kindsOf([raised('face-check', '2026-03-02T08:00:00Z'), raised('face-check', '2026-03-02T08:00:01Z'), raised('shared-device', '2026-03-02T08:00:00Z')], times)).toEqual({ resource: 1, timer: 1 })
})

test('a plan follows from its seed, has every kind of fault, and changes the rules before a crash', () => {
  expect(planOf(7, 12 * MINUTE)).toEqual(planOf(7, 12 * MINUTE))
  for (const seed of [1, 2, 3]) {
    const { due, drawn } = planOf(seed, 12 * MINUTE)
    expect(new Set([...due, ...drawn].map((d) => d.kind))).toEqual(new Set(KINDS))
    expect(due.map((d) => d.kind)).toEqual(['kill-time', 'publish', 'intake-stop', 'intake-start', 'publish-kill', 'kill-time'])
  }
})

test('events are about as many as were asked for, some of them twice and some late', () => {
  const { messages } = eventsOf(20_000, 1)
  expect(Math.abs(messages.length - 20_000)).toBeLessThan(2000)
  const texts = messages.map((m) => String(m.value))
  expect(texts.length - new Set(texts).size).toBeGreaterThan(100)
})
