import { expect, test } from 'vitest'
import { z } from 'zod'
import { at, drive } from '../testing/drive.ts'
import { newEvidence, addEvidence } from '../warnings/evidence.ts'
import { defineDetector } from './detector.ts'

const counter = defineDetector<z.ZodObject<{ most: z.ZodDefault<z.ZodInt> }>, { n: number; begin: number }, { n: number }>({
  name: 'counter', version: 1, summary: 'Counts.', stage: 'learner', params: z.strictObject({ most: z.int().default(2) }),
  actions: ['heartbeat'], needs: [],
  newState: () => ({ n: 0, begin: 0 }),
  onEvent(event, c) {
    c.state.n++
    if (c.state.n === 1) c.state.begin = event.time
    c.wakeAt(event.time + 60_000)
    const evidence = newEvidence()
    addEvidence(evidence, event.id)
    if (c.state.n === c.params.most) c.raise({ episode: 'ongoing', begin: c.state.begin, end: event.time, facts: { n: c.state.n }, evidence })
  },
  onTimer(_at, c) {
    if (c.state.n >= c.params.most) c.raise({ episode: 'ended', begin: c.state.begin, end: c.now - 60_000, facts: { n: c.state.n }, evidence: newEvidence() })
    c.state.n = 0
  },
  explain: ({ n }) => ({ en: `${n} beats`, zh: `${n} 次心跳` }),
})

test('an episode opens as soon as it is sure and is closed by a timer, in event time', () => {
  const run = drive(counter).feed(at('08:00:00', 'heartbeat', 'L1', 'c1'), at('08:00:30', 'heartbeat', 'L1', 'c1'), at('08:10:00', 'heartbeat', 'L2', 'c1'))
  expect(run.warnings().map((w) => [w.subject.id, w.revision, w.episode, w.raised])).toEqual([
    ['L1', 1, 'ongoing', '2026-03-02T08:00:30.000Z'],
    ['L1', 2, 'ended', '2026-03-02T08:01:30.000Z'],
  ])
})

test('the same event twice is one, whatever the order', () => {
  const twice = at('08:00:00', 'heartbeat', 'L1', 'c1')
  expect(drive(counter).feed(twice, twice).warnings()).toEqual([])
})

test('learners of two platforms with the same id are two', () => {
  const run = drive(counter).feed(at('08:00:00', 'heartbeat', 'L1', 'c1'), at('08:00:30', 'heartbeat', 'L1', 'c1', { platform: 'p2' }))
  expect(run.warnings()).toEqual([])
})

test('an event older than the watermark is late and is not handled', () => {
  const run = drive(counter).feed(at('08:00:00', 'heartbeat', 'L1', 'c1')).mark('08:05:00').feed(at('08:00:30', 'heartbeat', 'L1', 'c1'))
  expect(run.warnings()).toEqual([])
  expect(run.late()).toHaveLength(1)
})
