import { describe, expect, test } from 'vitest'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { at, recordsOf } from '../testing/records.ts'

const catalogue = new Catalogue(catalogueSchema.parse({
  platforms: [{ id: 'p1', rate: 2 }],
  courses: [{ id: 'k', chapters: [{ id: 'c1', length: 600 }, { id: 'c2', length: 300 }] }],
  classes: [{ id: 'C', platform: 'p1', institution: 'I', courses: ['k'], learners: ['L1'] }],
}))

/** The latest revision of each record, in order of beginning. */
const latest = (...events: ReturnType<typeof at>[]) => {
  const byId = new Map(recordsOf(events, { catalogue }).map((r) => [r.id, r]))
  return [...byId.values()].sort((a, b) => (a.begin < b.begin ? -1 : 1))
}

describe('what counts', () => {
  test.each([
    ['played to a pause', [at('08:00:00', 'played', { position: 0 }), at('08:01:00', 'paused', { position: 60 })], { watched: [[0, 60]], union: 60, credited: 60, wallClock: 60 }],
    ['lost beats in between', [at('08:00:00', 'played', { position: 10 }), at('08:05:00', 'heartbeat', { position: 310 })], { watched: [[10, 310]], credited: 300 }],
    ['the clock, where it is played twice as fast as allowed', [at('08:00:00', 'played', { position: 0, rate: 2 }), at('08:01:00', 'paused', { position: 120 })], { union: 120, credited: 60 }],
    ['a media jump proves nothing', [at('08:00:00', 'played', { position: 0 }), at('08:00:15', 'heartbeat', { position: 500 })], { watched: [], credited: 0 }],
    ['going back without a word proves nothing', [at('08:00:00', 'played', { position: 100 }), at('08:00:15', 'heartbeat', { position: 20 })], { watched: [], credited: 0 }],
    ['buffering: what advanced', [at('08:00:00', 'played', { position: 0 }), at('08:00:30', 'heartbeat', { position: 12 })], { watched: [[0, 12]], credited: 12 }],
    ['seen again counts once', [
      at('08:00:00', 'played', { position: 0 }), at('08:01:00', 'seeked', { from: 60, to: 0 }), at('08:02:00', 'paused', { position: 60 }),
    ], { watched: [[0, 60]], credited: 60, wallClock: 120 }],
    ['a seek leaves a hole', [
      at('08:00:00', 'played', { position: 0 }), at('08:00:30', 'seeked', { from: 30, to: 100 }), at('08:01:00', 'paused', { position: 130 }),
    ], { watched: [[0, 30], [100, 130]], union: 60, credited: 60 }],
    ['a pause and a start at the same place are one stretch', [
      at('08:00:00', 'played', { position: 0 }), at('08:00:30', 'paused', { position: 30.02 }), at('08:05:00', 'played', { position: 30.05 }), at('08:05:30', 'paused', { position: 60 }),
    ], { watched: [[0, 60]], union: 60, credited: 60 }],
    ['the same in whole seconds', [
      at('08:00:00', 'played', { position: 0 }), at('08:00:30', 'paused', { position: 30 }), at('08:05:00', 'played', { position: 31 }), at('08:05:30', 'paused', { position: 61 }),
    ], { watched: [[0, 61]] }],
    ['no positions: the clock between signs of playing, and it says so', [at('08:00:00', 'played'), at('08:00:15', 'heartbeat'), at('08:00:30', 'paused')], {
      watched: [], union: 0, credited: 30, coverage: { state: 'partial', missing: 'some of its playback has no positions' },
    }],
    ['a start without a position: by the clock', [at('08:00:00', 'played'), at('08:00:15', 'heartbeat', { position: 15 }), at('08:00:30', 'paused', { position: 30 })], { watched: [[0, 30]], credited: 30 }],
    ['whole seconds of the clock and of the media, uneven from beat to beat', Array.from({ length: 21 }, (_, i) => at(new Date(Date.UTC(2026, 2, 2, 8, 0, Math.floor(10.3 * i))).toISOString(), i === 0 ? 'played' : 'heartbeat', { position: Math.floor(10.3 * i + 0.5) })), { credited: 206, union: 206, wallClock: 206 }],
    ['nothing after the last evidence', [at('08:00:00', 'played', { position: 0 }), at('08:00:15', 'heartbeat', { position: 15 }), at('08:20:00', 'initialized', { position: 15 })], { watched: [[0, 15]], credited: 15 }],
  ])('%s', (_, events, expected) => {
    expect(latest(...events)).toEqual([expect.objectContaining(expected)])
  })

  test('two chapters at once: each second of the clock for one of them', () => {
    const both = latest(
      at('08:00:00', 'played', { chapter: 'c1', session: 'a', position: 0 }), at('08:00:00.500', 'played', { chapter: 'c2', session: 'b', position: 0 }),
      at('08:01:00', 'paused', { chapter: 'c1', session: 'a', position: 60 }), at('08:01:10', 'paused', { chapter: 'c2', session: 'b', position: 69.5 }),
    )
    expect(both.map((r) => [r.chapter, r.union, r.credited])).toEqual([['c1', 60, 60], ['c2', 69.5, 10]])
  })

  test('more stretches than a record holds: the shortest is not told, and the record says so', () => {
    const events = [at('08:00:00', 'played', { position: 0 })]
    for (let i = 0; i < 300; i++) events.push(at(new Date(Date.UTC(2026, 2, 2, 8, 0, 2 * (i + 1))).toISOString(), 'seeked', { from: i * 100 + 2, to: (i + 1) * 100 }))
    const [record] = latest(...events)
    expect(record?.watched.length).toBe(256)
    expect(record?.union).toBe(512)
    expect(record?.coverage).toEqual({ state: 'partial', missing: 'it has more than 256 stretches of media, of which the shortest are not told' })
  })
})

describe('sittings', () => {
  test('half an hour without a word ends one; the next is another record', () => {
    const two = latest(
      at('08:00:00', 'played', { position: 0 }), at('08:01:00', 'paused', { position: 60 }), at('08:31:00', 'played', { position: 60 }), at('08:32:00', 'paused', { position: 120 }),
    )
    expect(two.map((r) => [r.begin.slice(11, 19), r.end.slice(11, 19), r.state, r.watched])).toEqual([
      ['08:00:00', '08:01:00', 'closed', [[0, 60]]], ['08:31:00', '08:32:00', 'open', [[60, 120]]],
    ])
  })

  test.each([
    ['to the end', [at('08:00:00', 'played', { position: 0, length: 2700 }), at('08:45:00', 'paused', { position: 2700 })], [[2700, 2700, 'full']]],
    ['whose length nobody knows', [at('08:00:00', 'played', { position: 0, chapter: 'c9' }), at('10:00:00', 'paused', { position: 7200, chapter: 'c9' })], [[7200, 7200, 'full']]],
    ['that the media does not fill', [at('08:00:00', 'played', { position: 0, length: 2700 }), at('08:50:00', 'paused', { position: 2000 })], [[0, 3000, 'partial']]],
    ['at the end of which the media has gone nowhere', [at('08:00:00', 'played', { position: 0, length: 2700 }), at('08:50:00', 'paused', { position: 1 })], [[0, 3000, 'full']]],
    ['without positions', [at('08:00:00', 'played', { length: 2700 }), at('08:50:00', 'paused')], [[0, 3000, 'partial']]],
    ['after a pause, which is another sitting', [at('08:00:00', 'paused', { position: 0 }), at('08:50:00', 'played', { position: 0 }), at('08:51:00', 'paused', { position: 60 })], [[0, 0, 'full'], [60, 60, 'full']]],
  ])('a player without heartbeats says nothing while it plays: a stretch %s', (_, events, expected) => {
    expect(latest(...events).map((r) => [r.credited, r.wallClock, r.coverage.state])).toEqual(expected)
  })

  test('a player with heartbeats that has been silent for so long ends a sitting; the next says that nobody knows, and credit never exceeds the clock', () => {
    const two = latest(
      at('07:59:45', 'played', { position: 0 }), at('08:00:00', 'heartbeat', { position: 15 }), at('08:45:00', 'heartbeat', { position: 2715 }), at('08:45:15', 'heartbeat', { position: 2730 }),
    )
    expect(two.map((r) => [r.credited, r.wallClock, r.coverage.state])).toEqual([[15, 15, 'full'], [15, 15, 'partial']])
    const seeked = latest(at('08:00:00', 'played', { position: 0 }), at('08:00:15', 'heartbeat', { position: 15 }), at('08:25:00', 'seeked', { to: 15 }))
    expect(seeked.map((r) => [r.credited, r.coverage.state])).toEqual([[15, 'partial']])
  })

  test.each([
    ['of two courses', { course: 'k' }, { course: 'm' }, ['k', 'm']],
    ['studied in two classes', { class: 'C', course: 'k' }, { class: 'D', course: 'k' }, ['C', 'D']],
  ])('a chapter of the same name %s is two sittings', (_, one, other, names) => {
    const two = latest(
      at('08:00:00', 'played', { ...one, position: 0 }), at('08:05:00', 'paused', { position: 300 }),
      at('08:06:00', 'played', { ...other, position: 0 }), at('08:11:00', 'paused', { position: 300 }),
    )
    expect(two.map((r) => [names[0] === 'C' ? r.class : r.course, r.credited])).toEqual([[names[0], 300], [names[1], 300]])
  })

  test('a sitting whose events name no class is of the class that was named before it', () => {
    const [record] = latest(
      at('08:00:00', 'logged-in', { chapter: undefined, class: 'C' }), at('08:00:10', 'played', { position: 0 }), at('08:05:10', 'paused', { position: 300 }), at('08:06:00', 'played', { chapter: 'c2', class: 'D', position: 0 }),
    )
    expect(record?.class).toBe('C')
  })

  test('revised every quarter of an hour while something comes, and once more when it is over', () => {
    const events = Array.from({ length: 80 }, (_, i) => at(new Date(Date.UTC(2026, 2, 2, 8, 0, 30 * i)).toISOString(), i === 0 ? 'played' : 'heartbeat', { position: 30 * i }))
    const all = recordsOf([...events, at('09:30:00', 'logged-out', { chapter: undefined })], { catalogue })
    expect(all.map((r) => [r.revision, r.state, r.written.slice(11, 19), r.credited])).toEqual([
      [1, 'open', '08:15:00', 870], [2, 'open', '08:30:00', 1770], [3, 'open', '08:45:00', 2370], [4, 'closed', '09:09:30', 2370],
    ])
  })

  test('what it says besides', () => {
    const [record] = latest(
      at('07:59:00', 'logged-in', { chapter: undefined, ip: '1.2.3.4', session: 's' }),
      at('08:00:00', 'initialized', { session: 's', device: 'd1', ip: '1.2.3.4', length: 599, account: 'acc' }), at('08:00:01', 'played', { position: 0, session: 's' }),
      at('08:01:00', 'face-requested', { challenge: 'f' }), at('08:01:05', 'face-checked', { chapter: undefined, challenge: 'f', outcome: 'passed', photo: 'ab', similarity: 0.9 }),
      at('08:02:00', 'answered', { item: 'q', correct: true }), at('08:02:10', 'answered', { item: 'r', correct: false }), at('08:03:00', 'completed', { position: 179, ip: '1.2.3.5', device: 'd2' }),
    )
    expect(record).toMatchObject({
      kind: 'playback', class: 'C', institution: 'I', course: 'k', account: 'acc', length: 600, completed: true, sessions: ['s'], devices: ['d1', 'd2'],
      login: { time: '2026-03-02T07:59:00.000Z', ip: '1.2.3.4' }, ips: [{ ip: '1.2.3.4' }, { ip: '1.2.3.5' }],
      checks: [{ time: '2026-03-02T08:01:05.000Z', challenge: 'f', outcome: 'passed', photo: 'ab', similarity: 0.9 }],
      checkCounts: { requested: 1, passed: 1, failed: 0, unusable: 0, missed: 0 }, answers: { count: 2, correct: 1 }, events: { count: 7 }, coverage: { state: 'full' },
    })
  })

  test('an offline lesson is a record of its own kind; what belongs to no chapter is none', () => {
    expect(latest(at('08:00:00', 'attended', { chapter: 'c2' })).map((r) => [r.kind, r.chapter, r.credited])).toEqual([['practice', 'c2', 0]])
    expect(latest(at('08:00:00', 'navigated', { chapter: undefined }), at('08:00:00', 'answered', { chapter: 'c1', item: 'q' }))).toEqual([])
  })
})
