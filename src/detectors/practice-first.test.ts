import { expect, test } from 'vitest'
import type { Event } from '../telemetry/event.ts'
import { at, type Fields } from '../testing/drive.ts'
import { classCatalogue, judged, type ClassFile } from '../testing/class-study.ts'
import { practiceFirst } from './practice-first.ts'

const OPENS = '2026-03-02T08:00:00Z'

/** A class whose first course has `theory` chapters `c1`… and practice `p1`, and whose second has theory `d1`. */
function catalogue(theory: number, more: ClassFile = {}) {
  const chapters = [...Array.from({ length: theory }, (_, i) => ({ id: `c${i + 1}`, length: 600 })), { id: 'p1', kind: 'practice' as const }]
  return { ...classCatalogue({ courses: ['a', 'b'], learners: ['L1', 'L2'], opens: OPENS, ...more }), courses: [{ id: 'a', chapters }, { id: 'b', chapters: [{ id: 'd1', length: 600 }] }] }
}

const did = (time: string, action: Event['action'], chapter: string | undefined, position?: number, fields: Fields = {}) => at(time, action, 'L1', chapter, { position, ...fields })
const completed = (...chapters: string[]) => chapters.flatMap((c, i) => [did(`08:${String(2 * i).padStart(2, '0')}:00`, 'played', c, 0), did(`08:${String(2 * i + 1).padStart(2, '0')}:00`, 'completed', c, 600)])
/** The log begins when the class opens. */
const from = at('08:00:00', 'logged-in', 'L2')
const facts = (events: Event[], theory = 2, more: ClassFile = {}, params = {}) => judged(practiceFirst, catalogue(theory, more), [from, ...events], params).warnings.map((w) => [w.facts.kind, w.facts.completed, w.facts.theory, w.facts.missing])

test('theory of all courses of the class comes first', () => {
  expect(facts([...completed('c1', 'c2'), did('14:00:00', 'attended', 'p1')])).toEqual([['attended', 2, 3, 'd1']])
  expect(facts([...completed('c1', 'd1', 'c2'), did('14:00:00', 'attended', 'p1')])).toEqual([])
})

test('a lesson is attended though the platform does not say which', () => {
  const [warning] = judged(practiceFirst, catalogue(2), [...completed('c1'), did('14:00:00', 'attended', undefined)]).warnings
  expect(warning).toMatchObject({ episode: 'ended', subject: { kind: 'learner', id: 'L1' }, class: 'k1', institutions: ['i1'], chapters: [], disputed: [], facts: { practice: '', limitCompleted: 3 } })
  expect(warning?.summary.en).toBe('a practice lesson was attended when 1 of 3 theory chapters were complete (limit 3), the first missing being c2')
})

test('once for each learner and class', () => {
  const events = ['14', '15', '16'].map((hour) => did(`${hour}:00:00`, 'attended', 'p1'))
  expect(facts([...events, at('14:00:00', 'attended', 'L2', 'p1')])).toEqual([['attended', 0, 3, 'c1'], ['attended', 0, 3, 'c1']])
})

test('a practice chapter that is looked at for half a minute in all is played', () => {
  const look = (hour: string, seconds: number) => [did(`${hour}:00:00`, 'played', 'p1', 0), did(`${hour}:00:${seconds}`, 'paused', 'p1', seconds)]
  expect(facts(look('09', 20))).toEqual([])
  expect(facts([...look('09', 20), ...look('10', 10)])).toEqual([['played', 0, 3, 'c1']])
  // A seek to its end is no playback.
  expect(facts([did('09:00:00', 'played', 'p1', 0), did('09:00:01', 'seeked', 'p1', undefined, { from: 1, to: 500 }), did('09:00:02', 'paused', 'p1', 501)])).toEqual([])
})

test('a lost `completed`: by the end of the chapter, or by the share that is enough', () => {
  const toEnd = [did('09:00:00', 'played', 'd1', 0), did('09:09:00', 'heartbeat', 'd1', 540)]
  expect(facts([...completed('c1', 'c2'), ...toEnd, did('14:00:00', 'attended', 'p1')])).toEqual([])
  const most = Array.from({ length: 9 }, (_, i) => `c${i + 1}`)
  expect(facts([...completed(...most), did('14:00:00', 'attended', 'p1')], 9)).toEqual([])
  expect(facts([...completed(...most), did('14:00:00', 'attended', 'p1')], 9, {}, { complete: 1 })).toEqual([['attended', 9, 10, 'd1']])
})

test.each<[string, ClassFile, string]>([
  ['the class opened before the log', { opens: '2026-02-01' }, 'the class opened before the log begins'],
  ['nobody knows when it opened', { opens: undefined }, 'opening of the class unknown'],
  ['nobody knows what it teaches', { courses: [] }, 'a course of the class is unknown, or its chapters are'],
  ['nobody knows the class', { learners: ['L2'] }, 'class unknown'],
])('%s: not evaluable', (_, more, reason) => {
  const events = [did('08:00:00', 'attended', 'p1'), did('09:00:00', 'attended', 'p1')]
  expect(judged(practiceFirst, catalogue(2, more), events)).toEqual({ warnings: [], unjudged: [`p1: ${reason} (1)`] })
})

test('a teacher shows the practice first', () => {
  expect(facts([did('14:00:00', 'attended', 'p1')], 2, { teachers: ['L1'] })).toEqual([])
})
