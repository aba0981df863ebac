import { expect, test } from 'vitest'
import { classCatalogue, judged, studies } from '../testing/class-study.ts'
import { unconnectedClass } from './unconnected-class.ts'

const events = [studies('08:00:00', 'L1'), studies('08:30:00', 'L2'), studies('2026-03-03T08:30:00', 'L2')]

test('a class without supervision', () => {
  const { warnings, unjudged } = judged(unconnectedClass, classCatalogue({ connected: false }), events)
  expect(warnings).toMatchObject([{ subject: { kind: 'class', id: 'k1' }, institutions: ['i1'], learners: [], facts: { learners: 2 }, evidence: { events: events.slice(0, 2).map((e) => e.id), count: 2 } }])
  expect(unjudged).toEqual([])
})

test.each([[true, []], [undefined, ['p1: the catalogue does not say whether the class is connected (1)']]])('connected: %s', (connected, unjudged) => {
  expect(judged(unconnectedClass, classCatalogue(connected === undefined ? {} : { connected }), events)).toEqual({ warnings: [], unjudged })
})
