import { expect, test } from 'vitest'
import { formatTime } from '../base/time.ts'
import type { Event } from '../telemetry/event.ts'
import { at, drive, instant, type DriveOptions, type Fields } from '../testing/drive.ts'
import { seekAhead } from './seek-ahead.ts'

const catalogue: NonNullable<DriveOptions['catalogue']> = {
  platforms: [{ id: 'p1', since: '2026-03-01' }],
  courses: [{ id: 'k', chapters: [{ id: 'c1', length: 600 }, { id: 'c2', length: 600 }] }],
  classes: [{ id: 'a', platform: 'p1', courses: ['k'], opens: '2026-03-02', learners: ['L1'] }],
}

/** Plays from media second `from` to `to`, a beat every 15 s, and pauses. */
function play(time: string, from: number, to: number, chapter = 'c1', fields: Fields = {}): Event[] {
  const begin = instant(time)
  const when = (s: number) => formatTime(begin + (s - from) * 1000)
  const events = [at(time, 'played', 'L1', chapter, { position: from, ...fields })]
  for (let s = from + 15; s < to; s += 15) events.push(at(when(s), 'heartbeat', 'L1', chapter, { position: s, ...fields }))
  return [...events, at(when(to), 'paused', 'L1', chapter, { position: to, ...fields })]
}
function done(time: string, chapter = 'c1', fields: Fields = {}): Event {
  return at(time, 'completed', 'L1', chapter, { position: 600, ...fields })
}
function warned(events: Event[], params: Record<string, unknown> = {}, options: DriveOptions = { catalogue }) {
  return drive(seekAhead, params, options).feed(...events).mark('2026-03-20T00:00:00').latest()
}

test('a seek beyond what was watched is a mild warning', () => {
  const [w, ...more] = warned([...play('08:00:00', 0, 60), at('08:01:05', 'seeked', 'L1', 'c1', { from: 60, to: 300 })])
  expect(more).toEqual([])
  expect(w).toMatchObject({
    severity: 'low', episode: 'ended', begin: '2026-03-02T08:01:05.000Z', chapters: ['c1'], disputed: [],
    facts: { seeks: 1, jumpSeconds: 240, limitSeconds: 10, completions: 0 },
  })
})

test('a chapter completed without most of it is the same warning, grown grave', () => {
  const all = drive(seekAhead, {}, { catalogue }).feed(
    ...play('08:00:00', 0, 60), at('08:01:05', 'seeked', 'L1', 'c1', { from: 60, to: 560 }), ...play('08:01:06', 560, 600), done('08:01:46'),
  ).mark('09:00:00').warnings()
  expect(all.map((w) => [w.episode, w.severity, w.facts.completions, w.facts.coverage])).toEqual([
    ['ongoing', 'low', 0, 1], ['ongoing', 'medium', 1, 0.167], ['ended', 'medium', 1, 0.167],
  ])
  expect(all[2]?.disputed).toMatchObject([{ chapter: 'c1', end: '2026-03-02T08:01:46.000Z', seconds: 500 }])
})

test('a completion probe of several chapters is one warning', () => {
  expect(warned([done('08:00:00'), done('08:00:00', 'c2')])).toMatchObject([{ facts: { completions: 2, coverage: 0 }, chapters: ['c1', 'c2'] }])
})

test('half a chapter played and then completed', () => {
  expect(warned([...play('08:00:00', 0, 300), done('08:05:01', 'c1', { position: 300 })])).toMatchObject([{ facts: { completions: 1, coverage: 0.5 } }])
})

test('media faster than the clock is not watched', () => {
  const events = [at('08:00:00', 'played', 'L1', 'c1', { position: 0 }), at('08:01:30', 'heartbeat', 'L1', 'c1', { position: 300 }), at('08:03:00', 'completed', 'L1', 'c1', { position: 600 })]
  expect(warned(events)).toMatchObject([{ facts: { completions: 1, coverage: 0 } }])
})

/** At `speed`, which no event tells, a beat every 30 s. */
const untold = (speed: number) => [
  at('08:00:00', 'played', 'L1', 'c1', { position: 0 }),
  ...Array.from({ length: Math.floor(600 / speed / 30) }, (_, i) => at(formatTime(instant('08:00:00') + (i + 1) * 30_000), 'heartbeat', 'L1', 'c1', { position: (i + 1) * 30 * speed })),
  done('08:06:50'),
]

test.each([
  ['offered by the platform', 1.5, 1.5, []],
  ['faster than the platform offers', 3, 1.5, [1]],
  ['on a platform that offers none', 1.5, undefined, [1]],
])('a rate that no event tells, %s', (_, speed, rate, completions) => {
  const options = { catalogue: { ...catalogue, platforms: [{ id: 'p1', since: '2026-03-01', rate }] } }
  expect(warned(untold(speed), {}, options).map((w) => w.facts.completions)).toEqual(completions)
})

test.each([
  ['45 s further, hours later', '12:00:00', 105, []],
  ['two minutes further', '12:00:00', 195, [0.775]],
  ['45 s further, at once', '08:01:02', 105, [0.925]],
])('a player closed without a word that goes on %s', (_, time, from, coverage) => {
  const events = [
    ...play('08:00:00', 0, 75).slice(0, -1).map((e) => Object.assign(e, { session: 's1' })), ...play(time, from, 600, 'c1', { session: 's2' }),
    done('12:30:00', 'c1', { session: 's2' }),
  ]
  expect(warned(events, { coverage: 0.95 }).map((w) => w.facts.coverage)).toEqual(coverage)
})

test('small seeks add up', () => {
  const events = [...play('08:00:00', 0, 60), at('08:01:01', 'seeked', 'L1', 'c1', { from: 60, to: 68 }), at('08:01:02', 'seeked', 'L1', 'c1', { from: 68, to: 76 })]
  expect(warned(events)).toMatchObject([{ facts: { seeks: 1, jumpSeconds: 16 } }])
})

test.each<[string, Event[]]>([
  ['watched to the end', [...play('08:00:00', 0, 600), done('08:10:00')]],
  ['half on Monday, half on Wednesday', [...play('08:00:00', 0, 300), ...play('2026-03-04T20:00:00', 300, 600), done('2026-03-04T20:05:00')]],
  ['a re-watcher who seeks about in a completed chapter', [...play('08:00:00', 0, 600), done('08:10:00'), at('09:00:00', 'seeked', 'L1', 'c1', { from: 0, to: 500 }), done('09:02:00')]],
  ['back and forward again within what was watched', [...play('08:00:00', 0, 300), at('08:05:01', 'seeked', 'L1', 'c1', { from: 300, to: 20 }), at('08:05:05', 'seeked', 'L1', 'c1', { from: 20, to: 309 })]],
  ['lost heartbeats', [at('08:00:00', 'played', 'L1', 'c1', { position: 0 }), at('08:00:15', 'heartbeat', 'L1', 'c1', { position: 15 }), at('08:06:40', 'heartbeat', 'L1', 'c1', { position: 400 }), done('08:10:00')]],
  ['lost starts', [at('08:00:00', 'played', 'L1', 'c1', { position: 0 }), at('08:02:00', 'paused', 'L1', 'c1', { position: 120 }), done('08:10:01')]],
  ['buffering', [at('08:00:00', 'played', 'L1', 'c1', { position: 0 }), at('08:10:00', 'heartbeat', 'L1', 'c1', { position: 300 }), at('08:20:00', 'completed', 'L1', 'c1', { position: 600 })]],
  ['positions in whole seconds', [at('08:00:00.400', 'played', 'L1', 'c1', { position: 0 }), ...Array.from({ length: 59 }, (_, i) => at(formatTime(instant('08:00:10.900') + i * 10_300), 'heartbeat', 'L1', 'c1', { position: 10 + Math.floor(i * 10.3) })), done('08:10:10')]],
  ['a connection that dropped, and resuming where the player knew it was', [
    ...play('08:00:00', 0, 300, 'c1', { session: 's1' }).slice(0, -1), at('08:10:00', 'seeked', 'L1', 'c1', { from: 0, to: 330, session: 's2' }),
  ]],
  ['a platform that says `completed` at 85 %, and the rest watched', [
    ...play('08:00:00', 0, 510).slice(0, -1), at('08:08:30', 'completed', 'L1', 'c1', { position: 510 }), ...play('08:08:31', 510, 600),
  ]],
  ['no position at the end', [...play('08:00:00', 0, 600).slice(0, -1), at('08:10:00', 'completed', 'L1', 'c1')]],
  ['the odd beat without a position', play('08:00:00', 0, 600).map((e, i) => (i % 5 === 3 ? Object.assign(e, { position: undefined }) : e)).concat(done('08:10:01'))],
])('does not accuse: %s', (_, events) => {
  expect(warned(events)).toEqual([])
})

test.each<[string, DriveOptions['catalogue']]>([
  ['the class opened before the log begins', { ...catalogue, platforms: [] }],
  ['the class is unknown', { ...catalogue, classes: [] }],
  ['the length is unknown', { ...catalogue, courses: [{ id: 'k', chapters: [{ id: 'c1' }, { id: 'c2' }] }] }],
])('nobody is accused where %s', (_, given) => {
  const d = drive(seekAhead, {}, { catalogue: given }).feed(...play('08:00:00', 0, 60), done('08:01:46'), done('08:05:00', 'c2'))
  expect(d.warnings()).toEqual([])
  expect(Object.values(d.machine.unjudged())).toEqual([1])
})

/** As a platform without starts tells it: beats, pauses and the end. */
const unstarted = (...steps: [clock: string, action: 'heartbeat' | 'paused' | 'completed', position: number][]) => steps.map(([clock, action, position]) => at(clock, action, 'L1', 'c1', { position, length: 60 }))

test('where starts are not told of, what may have been played before a first beat and between two pauses is watched', () => {
  expect(warned(unstarted(['08:00:30', 'heartbeat', 30], ['08:00:40', 'paused', 40], ['08:01:10', 'paused', 52], ['08:02:00', 'completed', 60]))).toEqual([])
})

test('where starts are not told of, no more is watched than the clock allows', () => {
  expect(warned(unstarted(['08:00:01', 'heartbeat', 1], ['08:00:02', 'paused', 2], ['08:00:10', 'completed', 60]))).toMatchObject([{ facts: { completions: 1 } }])
})
