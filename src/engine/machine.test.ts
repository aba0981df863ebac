import { describe, expect, test } from 'vitest'
import { MINUTE } from '../base/time.ts'
import { at, drive, driveRules, instant, ruleOf, type Fields } from '../testing/drive.ts'
import { again, beats, crowd, lates } from '../testing/tiny-detectors.ts'
import type { Warning } from '../warnings/warning.ts'

const beat = (time: string, learner = 'L1', fields: Fields = {}) => at(time, 'heartbeat', learner, 'c1', fields)
const play = (time: string, fields: Fields = {}) => at(time, 'played', 'L1', 'c1', fields)
const brief = (w: Warning) => `${w.raised.slice(11, 19)} ${w.subject.id} ${w.revision} ${w.episode}`

describe('an episode', () => {
  test('opens as soon as it is sure and is ended by a timer, in event time', () => {
    const run = drive(beats).feed(beat('08:00:00'), beat('08:00:30'), beat('08:10:00', 'L2'))
    expect(run.warnings().map(brief)).toEqual(['08:00:30 L1 1 ongoing', '08:01:30 L1 2 ended'])
    expect(new Set(run.warnings().map((w) => w.id)).size).toBe(1)
  })

  test('is what it was when it was raised, whatever its detector does to the facts afterwards', () => {
    const [first] = drive(again).feed(play('08:00:00'), play('08:01:00'), at('08:02:00', 'played', 'L1', 'c2')).warnings()
    expect(first?.facts).toEqual({ chapter: 'c1', known: ['c1'] })
  })

  test('is never seen while `unless` holds, and is taken back, once, when it comes to hold', () => {
    const unless = (from: number, to: number) => (w: Warning) => (w.facts.n as number) >= from && (w.facts.n as number) <= to
    const run = (from: number, to: number) => driveRules([ruleOf(beats, {}, { unless: unless(from, to) })]).feed(...[0, 10, 20, 30, 40].map((s) => beat(`08:00:${String(s).padStart(2, '0')}`))).mark('09:00:00').warnings().map(brief)
    expect(run(0, 9)).toEqual([])
    expect(run(0, 3)).toEqual(['08:00:30 L1 1 ongoing', '08:00:40 L1 2 ongoing', '08:01:40 L1 3 ended'])
    expect(run(4, 9)).toEqual(['08:00:10 L1 1 ongoing', '08:00:20 L1 2 ongoing', '08:00:30 L1 3 withdrawn'])
    expect(run(3, 4)).toEqual(['08:00:10 L1 1 ongoing', '08:00:20 L1 2 withdrawn', '08:00:40 L1 3 ongoing', '08:01:40 L1 4 ended'])
  })

  test('that is exempt is counted and not seen; one already sent is taken back with the reason', () => {
    const all = driveRules([ruleOf(beats, {}, { exempt: () => 'demo account' })]).feed(beat('08:00:00'), beat('08:00:30')).mark('09:00:00')
    expect(all.warnings()).toEqual([])
    expect(all.machine.exempted()).toEqual({ beats: 2 })
    const later = driveRules([ruleOf(beats, {}, { exempt: (w) => (w.revision > 1 ? 'demo account' : undefined) })]).feed(beat('08:00:00'), beat('08:00:30')).mark('09:00:00')
    expect(later.warnings().map((w) => [brief(w), w.why])).toEqual([['08:00:30 L1 1 ongoing', undefined], ['08:01:30 L1 2 withdrawn', 'exempt: demo account']])
  })
})

test('versions of a rule run side by side, each with warnings as if it were alone', () => {
  const versions = [['beats', 2], ['beats~1', 3]] as const
  const events = ['08:00:00', '08:00:10', '08:00:20', '08:05:00'].map((t) => beat(t))
  const seen: string[] = []
  const versionOf = (id: string, most: number) => ruleOf(beats, { most }, { id, as: 'beats', version: id, unless: (w) => w.rule === 'beats' && seen.push(w.id) === 0 })
  const together = driveRules(versions.map(([id, most]) => versionOf(id, most))).feed(...events).mark('09:00:00').warnings()
  for (const [id, most] of versions) {
    const alone = driveRules([ruleOf(beats, { most }, { version: id })]).feed(...events).mark('09:00:00').warnings()
    expect(alone.length).toBeGreaterThan(1)
    expect(together.filter((w) => w.ruleVersion === id)).toEqual(alone)
  }
  // Both speak of the same episode.
  expect(new Set(together.map((w) => w.id)).size).toBe(1)
  expect(new Set(seen)).toEqual(new Set(together.map((w) => w.id)))
})

test('a prompt goes to each learner of a warning, once, in an order that nothing disturbs', () => {
  const rule = ruleOf(crowd, {}, { prompt: { en: '{learners} of you' } })
  const run = (order: string[], partitions: number) => {
    const r = driveRules([rule], { partitions }).feed(...order.map((l) => beat('08:00:00', l, { ip: '1.2.3.4' })))
    return r.prompts().map((p) => [p.learner, p.text.en])
  }
  expect(run(['L3', 'L1', 'L2'], 1)).toEqual([['L1', '3 of you'], ['L2', '3 of you'], ['L3', '3 of you']])
  expect(run(['L1', 'L2', 'L3'], 4)).toEqual(run(['L3', 'L1', 'L2'], 1))
})

test('a detector takes what it needs out of its context; a timer for now is a bug', () => {
  const rule = ruleOf({ ...beats, onEvent: (event, { wakeAt }) => wakeAt(event.time) })
  expect(() => driveRules([rule]).feed(beat('08:00:00')).warnings()).toThrow('a timer of `beats` is set for now or earlier')
})

test('the same event twice is one, whatever the order', () => {
  const twice = beat('08:00:00')
  expect(drive(beats).feed(twice, twice).warnings()).toEqual([])
})

test('learners of two platforms with the same id are two', () => {
  expect(drive(beats).feed(beat('08:00:00'), beat('08:00:30', 'L1', { platform: 'p2' })).warnings()).toEqual([])
})

test('a platform may be called anything', () => {
  const run = drive(beats).feed(...['__proto__', 'constructor'].flatMap((platform) => [beat('08:00:00', '__proto__', { platform }), beat('08:00:30', '__proto__', { platform })])).mark('09:00:00')
  expect(run.latest().map((w) => [w.subject.platform, w.episode])).toEqual(expect.arrayContaining([['__proto__', 'ended'], ['constructor', 'ended']]))
})

test('an event with a wrong clock is refused, and refused again when the log is read again', () => {
  const { machine } = drive(beats)
  const [good, wrong] = [beat('08:00:00', 'L1', { received: '08:00:00' }), beat('08:10:00', 'L2', { received: '08:00:00' })]
  expect([machine.observe(good), machine.observe(wrong)]).toEqual(['held', 'future'])
  machine.refill(wrong, 1)
  machine.passTo(instant('09:00:00'))
  expect(machine.keys().learners).toBe(1)
})

describe('a late event', () => {
  const others = Array.from({ length: 100 }, (_, i) => beat('08:04:00', `M${i}`))

  test('is not handled, is handed out with the watermark it missed, and makes what its learner is warned of partial for a day', () => {
    const run = drive(beats).feed(beat('08:00:00'), ...others).mark('08:05:00').feed(beat('08:00:30')).mark('08:06:00')
      .feed(beat('08:07:00'), beat('08:07:01'), beat('08:07:00', 'L2'), beat('08:07:01', 'L2'), beat('2026-03-03T08:05:01'), beat('2026-03-03T08:05:02'))
    expect(run.late().map((l) => [l.event.time, l.watermark])).toEqual([[instant('08:00:30'), instant('08:05:00')]])
    expect(run.latest().map((w) => `${w.begin.slice(5, 19)} ${w.subject.id} ${w.coverage.state}`).sort()).toEqual([
      '03-02T08:07:00 L1 partial', '03-02T08:07:00 L2 full', '03-03T08:05:01 L1 full',
    ])
  })

  test('whose id is among the last 64 of its learner is a duplicate', () => {
    const many = Array.from({ length: 65 }, (_, i) => beat(`08:00:${String(i % 60).padStart(2, '0')}`, 'L1', { id: `n${String(i).padStart(2, '0')}` }))
    many.forEach((e, i) => (e.time += i))
    const sorted = many.slice().sort((a, b) => a.time - b.time)
    const run = drive(lates).feed(...many, ...others).mark('08:05:00').feed(sorted[0]!, sorted[2]!, sorted[64]!)
    expect(run.late().map((l) => l.event.id)).toEqual([sorted[0]?.id])
    expect(run.machine.duplicates()).toBe(2)
    expect(run.warnings()).toHaveLength(1)
  })

  test('of a platform in trouble counts against nobody, but the learner is not judged on all there is', () => {
    const few = others.slice(0, 10)
    const run = drive(lates, {}, { rules: [ruleOf(beats)] }).feed(...few).mark('08:05:00').feed(beat('08:00:30')).mark('08:06:00').feed(beat('08:07:00'), beat('08:07:01'))
    expect(run.latest().map((w) => [w.rule, w.coverage.state])).toEqual([['beats', 'partial']])
    expect(run.late()).toHaveLength(1)
  })

  test('keeps its learner alive: one all of whose events are late is not forgotten between them', () => {
    const run = drive(lates).feed(...others)
    for (const [hour, day] of [['08', 2], ['20', 2], ['08', 3], ['20', 3]] as const) {
      run.mark(`2026-03-0${day}T${hour}:05:00`).feed(beat(`2026-03-0${day}T${hour}:00:00`))
      run.mark(`2026-03-0${day}T${hour}:06:00`)
      for (const task of run.machine.learners) task.sweep()
    }
    expect(run.latest().map((w) => w.facts.n)).toEqual([1, 2, 3, 4])
  })
})

describe('forgetting gives the same whether the memory was swept or not', () => {
  const sweeps = (events: (string | ReturnType<typeof beat>)[], sweep: boolean, catalogue = {}) => {
    const run = driveRules([ruleOf(beats, { quiet: '30h' }), ruleOf(again), ruleOf(lates), ruleOf(crowd, { most: 1 })], { catalogue })
    for (const e of events) {
      if (typeof e !== 'string') run.feed(e)
      else run.mark(e)
      if (sweep) for (const task of [...run.machine.learners, ...run.machine.resources]) task.sweep()
    }
    return { texts: run.warnings().map((w) => JSON.stringify(w)), late: run.late().length, duplicates: run.machine.duplicates() }
  }
  const filler = (day: string) => Array.from({ length: 100 }, (_, i) => at(`${day}T00:00:00`, 'logged-in', `M${i}`))
  const klass = { classes: [{ id: 'k', platform: 'p1', closes: '2026-03-02' }, { id: 'open', platform: 'p1', closes: '2026-12-31' }] }

  test.each([
    ['within the horizon', ['2026-03-02T09:00:00', beat('2026-03-03T08:00:00')]],
    ['beyond it', ['2026-03-03T09:00:00', beat('2026-03-03T09:30:00'), beat('2026-03-03T09:31:00')]],
    ['the timer of a state that is forgotten', ['2026-03-05T09:00:00', beat('2026-03-05T10:00:00')]],
    ['an address', ['2026-03-03T12:00:00', beat('2026-03-03T13:00:00', 'L1', { ip: '1.2.3.4' })]],
    ['a late event that is a duplicate of one long ago', [...filler('2026-03-04'), '2026-03-04T09:00:00', beat('08:00:00', 'L1', { id: 'one' }), '2026-03-04T10:00:00']],
    ['the class named long ago', ['2026-03-04T09:00:00', beat('2026-03-04T10:00:00'), beat('2026-03-04T10:00:01')]],
  ])('%s', (_, then) => {
    const events = [beat('08:00:00', 'L1', { id: 'one', class: 'k', ip: '1.2.3.4' }), '08:30:00', ...then]
    expect(sweeps(events, true)).toEqual(sweeps(events, false))
  })

  test('progress lives until the class closes, and not longer', () => {
    const open = [play('08:00:00', { class: 'open' }), '2026-03-20T00:00:00', play('2026-03-20T10:00:00')]
    const closed = [play('08:00:00', { class: 'k' }), '2026-03-20T00:00:00', play('2026-03-20T10:00:00')]
    const agains = (events: Parameters<typeof sweeps>[0], sweep: boolean) => sweeps(events, sweep, klass).texts.filter((t) => t.includes('"rule":"again"')).length
    expect([agains(open, true), agains(open, false)]).toEqual([1, 1])
    expect([agains(closed, true), agains(closed, false)]).toEqual([0, 0])
  })

  test('a timer of a resource whose state is forgotten does not fire', () => {
    const events = ['L1', 'L2', 'L3'].map((l) => at('08:00:00', 'logged-in', l, undefined, { ip: '1.2.3.4' }))
    const episodes = (horizon: number) => drive({ ...crowd, horizon }).feed(...events).mark('09:00:00').latest().map((w) => w.episode)
    expect([episodes(45_000), episodes(44_999)]).toEqual([['ended'], ['ongoing']])
  })

  test('what is forgotten costs no memory', () => {
    const run = driveRules([ruleOf(beats), ruleOf(crowd)]).feed(beat('08:00:00', 'L1', { ip: '1.2.3.4' })).mark('08:30:00')
    expect(run.machine.keys()).toEqual({ learners: 1, resources: 1 })
    run.mark('2026-03-03T08:11:00')
    for (const task of [...run.machine.learners, ...run.machine.resources]) task.sweep()
    expect(run.machine.keys()).toEqual({ learners: 0, resources: 0 })
    expect(run.machine.learners[0]?.dirty).toEqual([])
  })
})

test('the resource stage waits ten minutes for the slowest platform, and its warnings take their place in the order', () => {
  const run = drive(crowd, { most: 2 }, { rules: [ruleOf(beats)] })
  run.feed(beat('08:00:00', 'L1', { ip: '1.2.3.4', received: '08:00:00' }), beat('08:00:30', 'L2', { ip: '1.2.3.4', platform: 'p2', received: '08:00:30' }))
  run.feed(beat('08:20:00', 'L3', { received: '08:20:00' }))
  run.machine.mark()
  run.feed(beat('08:20:30', 'L3', { received: '08:20:30' }))
  expect(run.warnings().map((w) => `${w.rule} ${brief(w)}`)).toEqual([
    'crowd 08:00:30 1.2.3.4 1 ongoing', 'crowd 08:01:15 1.2.3.4 2 ended', 'beats 08:20:30 L3 1 ongoing',
  ])
  expect(run.machine.timekeeper.resourceWatermark).toBeGreaterThan(instant('08:20:30') - 10 * MINUTE)
})
