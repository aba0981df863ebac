import { expect, test } from 'vitest'
import { formatTime } from '../base/time.ts'
import type { Event } from '../telemetry/event.ts'
import { at, drive, instant, type DriveOptions, type Fields } from '../testing/drive.ts'
import { chapterSkip } from './chapter-skip.ts'

const chapters = [{ id: 'c1', length: 600 }, { id: 'c2', length: 600 }, { id: 'p1', kind: 'practice' as const }, { id: 'c3', length: 600 }, { id: 'c4' }]
const catalogue: NonNullable<DriveOptions['catalogue']> = {
  platforms: [{ id: 'p1', since: '2026-03-01' }],
  courses: [{ id: 'k', chapters }],
  classes: [{ id: 'a', platform: 'p1', courses: ['k'], opens: '2026-03-02', learners: ['L1'] }],
}

function play(from: string, seconds: number, chapter: string, fields: Fields = {}): Event[] {
  const begin = instant(from)
  const events = [at(from, 'played', 'L1', chapter, { position: 0, ...fields })]
  for (let s = 15; s <= seconds; s += 15) events.push(at(formatTime(begin + s * 1000), 'heartbeat', 'L1', chapter, { position: s, ...fields }))
  return events
}
function warned(events: Event[], params: Record<string, unknown> = {}, options: DriveOptions = { catalogue }) {
  return drive(chapterSkip, params, options).feed(...events.sort((a, b) => a.time - b.time)).mark('2026-04-30T00:00:00').latest()
}

test('a later chapter that is really played warns once, naming what is missing', () => {
  const warnings = warned([...play('08:00:00', 60, 'c1'), ...play('08:02:00', 600, 'c3')])
  expect(warnings).toMatchObject([{
    episode: 'ended', begin: '2026-03-02T08:02:00.000Z', end: '2026-03-02T08:02:30.000Z', class: 'a', course: 'k', chapters: ['c3'], disputed: [],
    facts: { chapter: 'c3', order: 4, missing: 'c1', missingOrder: 1, missingCount: 2, seconds: 30, completed: false }, evidence: { count: 2 },
  }])
})

test('each chapter skipped to warns once', () => {
  const events = [...play('08:00:00', 60, 'c2'), ...play('09:00:00', 60, 'c3'), ...play('10:00:00', 600, 'c2')]
  expect(warned(events).map((w) => w.facts.chapter)).toEqual(['c2', 'c3'])
})

test('chapters skipped to one soon after the other are one warning', () => {
  const events = [...play('08:00:00', 60, 'c2'), ...play('08:00:00', 60, 'c3'), ...play('08:10:00', 60, 'c4')]
  expect(warned(events)).toMatchObject([{ revision: 2, episode: 'ended', chapters: ['c2', 'c3', 'c4'], facts: { chapters: 3, chapter: 'c2' } }])
})

test('a completion without playback is a skip, too', () => {
  expect(warned([at('08:00:00', 'completed', 'L1', 'c2', { position: 600 })])).toMatchObject([{ facts: { chapter: 'c2', completed: true, seconds: 0 } }])
})

test.each<[string, Event[], Record<string, unknown>?]>([
  ['in order', [...play('08:00:00', 600, 'c1'), at('08:10:01', 'completed', 'L1', 'c1'), ...play('08:11:00', 600, 'c2'), at('08:21:01', 'completed', 'L1', 'c2'), ...play('08:22:00', 600, 'c3')]],
  ['a look of a few seconds', [...play('08:00:00', 60, 'c1'), ...play('08:02:00', 15, 'c2'), ...play('08:03:00', 600, 'c1')]],
  ['a look now and another tomorrow', [...play('08:00:00', 15, 'c2'), ...play('2026-03-03T08:00:00', 15, 'c2')]],
  ['completed elsewhere a moment later', [...play('08:00:00', 30, 'c1'), ...play('08:00:31', 15, 'c2'), at('08:00:50', 'completed', 'L1', 'c1'), ...play('08:00:51', 60, 'c2', { position: undefined })]],
  ['a completion that was lost', [...play('08:00:00', 585, 'c1'), ...play('08:11:00', 300, 'c2')]],
  ['a practice chapter not attended', [at('08:00:00', 'completed', 'L1', 'c1'), at('08:00:01', 'completed', 'L1', 'c2'), ...play('08:02:00', 60, 'c3')]],
  ['a practice chapter attended', [at('08:00:00', 'completed', 'L1', 'c1'), at('08:00:01', 'completed', 'L1', 'c2'), at('08:00:02', 'attended', 'L1', 'p1'), ...play('08:02:00', 60, 'c3')], { practice: true }],
  ['a beat whose media stands still', [at('08:00:00', 'played', 'L1', 'c2', { position: 0 }), at('08:05:00', 'heartbeat', 'L1', 'c2', { position: 0 })]],
])('does not accuse: %s', (_, events, params) => {
  expect(warned(events, params)).toEqual([])
})

test('practice counts where the rule says so', () => {
  const events = [at('08:00:00', 'completed', 'L1', 'c1'), at('08:00:01', 'completed', 'L1', 'c2'), ...play('08:02:00', 60, 'c3')]
  expect(warned(events, { practice: true })).toMatchObject([{ facts: { chapter: 'c3', missing: 'p1' } }])
})

test.each<[string, DriveOptions['catalogue']]>([
  ['the class opened before the log begins', { ...catalogue, platforms: [] }],
  ['the class is unknown', { ...catalogue, classes: [] }],
  ['the course is unknown', { ...catalogue, courses: [] }],
  ['the opening is unknown', { ...catalogue, classes: [{ id: 'a', platform: 'p1', courses: ['k'], learners: ['L1'] }] }],
])('nobody is accused where %s, and it is counted once', (_, given) => {
  const d = drive(chapterSkip, {}, { catalogue: given }).feed(...play('08:00:00', 120, 'c3'), ...play('08:10:00', 120, 'c4'))
  expect(d.warnings()).toEqual([])
  expect(Object.values(d.machine.unjudged())).toEqual([1])
})

test('progress lives for weeks', () => {
  const done = [at('08:00:00', 'completed', 'L1', 'c1')]
  expect(warned([...done, ...play('2026-03-30T08:00:00', 120, 'c2')])).toEqual([])
})
