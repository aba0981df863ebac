import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { flag, number, rare, record, ref, type Shape } from '../base/record.ts'
import { formatTime } from '../base/time.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { at, driveRules, instant, ruleOf, type Fields } from '../testing/drive.ts'
import { Restarting } from '../testing/restarting.ts'
import { again, beats, crowd, lates } from '../testing/tiny-detectors.ts'
import { newEvidence, type Evidence } from '../warnings/evidence.ts'
import type { Warning } from '../warnings/warning.ts'
import { Machine } from './machine.ts'
import type { Rule } from './rule.ts'
import type { Sighting } from './sighting.ts'
import { loadKeys, saveKeys, type Keyed } from './keys.ts'
import { LearnerStage } from './learner-stage.ts'
import { saveMachine } from './snapshot.ts'

const catalogue = new Catalogue(catalogueSchema.parse({ classes: [{ id: 'k', platform: 'p1', closes: '2026-03-02' }] }))
const beat = (time: string, learner = 'L1', fields: Fields = {}) => at(time, 'heartbeat', learner, 'c1', fields)
const make = (rules: Rule[], partitions = 1) => new Restarting({ rules, catalogue, context: 'one', partitions })
const warnings = (run: Restarting) => run.end().map((t) => (JSON.parse(t) as { value: Warning }).value)
const brief = (w: Warning) => `${w.rule} ${w.raised.slice(11, 19)} ${w.subject.id} ${w.revision} ${w.episode}`

/** An hour of three learners on one address. */
const hour = Array.from({ length: 180 }, (_, i) => {
  const time = formatTime(instant('08:00:00') + Math.floor(i / 3) * 50_000 + (i % 3) * 1000)
  return beat(time, `L${i % 3}`, { ip: '1.2.3.4', class: 'k', received: time })
})

describe('stopped and started, with base and deltas', () => {
  const rules = [ruleOf(beats), ruleOf(again), ruleOf(lates), ruleOf(crowd, {}, { prompt: { en: 'leave' } })]
  const whole = make(rules)
  for (const e of hour) whole.observe(e)
  const golden = whole.end()

  test.each([[[1]], [[4]], [[1, 4, 2, 7]]])('over partitions %j in turn', async (partitions) => {
    const run = make(rules, partitions[0])
    for (const [i, e] of hour.entries()) {
      run.observe(e)
      if (i % 7 !== 3) continue
      run.machine.mark()
      await run.restart({ partitions: partitions[i % partitions.length] })
    }
    expect(run.end()).toEqual(golden)
    expect(golden.length).toBeGreaterThan(100)
  })

  test('counters go on, too', async () => {
    const [one, other] = [make(rules), make(rules)]
    for (const [i, e] of hour.entries()) {
      for (const r of [one, other]) {
        r.observe(e)
        if (i % 5 === 0) r.observe(e)
        if (i % 10 === 9) r.machine.passTo(e.time)
      }
      if (i % 10 === 9) await other.restart()
    }
    for (const r of [one, other]) r.end()
    expect(other.machine.duplicates()).toBe(36)
    expect([other.machine.duplicates(), other.machine.coverage(), other.machine.unjudged(), other.machine.timekeeper.mark])
      .toEqual([one.machine.duplicates(), one.machine.coverage(), one.machine.unjudged(), one.machine.timekeeper.mark])
  })
})

test('what a delta does not name stays as it was in the base', async () => {
  const run = make([ruleOf(beats)])
  run.observe(beat('08:00:00', 'L1'))
  run.observe(beat('08:00:10', 'L1'))
  run.machine.passTo(instant('08:00:20'))
  run.save()
  run.observe(beat('08:00:30', 'L2'))
  run.machine.passTo(instant('08:00:40'))
  expect([...saveKeys(run.machine, false)].reduce((n, c) => n + c.length, 0)).toBeLessThan([...saveKeys(run.machine, true)].reduce((n, c) => n + c.length, 0))
  await run.restart()
  run.machine.passTo(instant('09:00:00'))
  expect(warnings(run).map(brief)).toEqual(['beats 08:00:10 L1 1 ongoing', 'beats 08:01:10 L1 2 ended'])
})

test('what changes is noted only once there is a base to add it to', () => {
  const run = make([ruleOf(beats), ruleOf(crowd)])
  const changed = () => [...run.machine.learners, ...run.machine.resources].reduce((n, t) => n + t.dirty.length, 0)
  run.observe(beat('08:00:00', 'L1', { ip: '1.2.3.4' }))
  run.machine.passTo(instant('08:05:00'))
  expect(changed()).toBe(0)
  run.save()
  run.observe(beat('08:10:00', 'L1', { ip: '1.2.3.4' }))
  run.machine.passTo(instant('08:11:00'))
  expect(changed()).toBe(2)
  run.save()
  expect(changed()).toBe(0)
})

test('what a learner sent before the restart is a duplicate when it comes late again', async () => {
  const run = make([ruleOf(lates)])
  for (const e of hour) run.observe(e)
  run.machine.passTo(instant('09:00:00'))
  await run.restart()
  for (const e of hour.slice(-9)) expect(run.observe(e)).toBe('late')
  run.machine.passTo(instant('09:10:00'))
  expect([run.machine.duplicates(), run.late.length]).toEqual([9, 0])
})

describe('other rules after a restart', () => {
  const open = async (before: Rule[], after: Rule[]) => {
    const run = make(before)
    for (const t of ['08:00:00', '08:00:10']) run.observe(beat(t))
    run.observe(at('08:00:11', 'played', 'L1', 'c1'))
    run.machine.passTo(instant('08:00:20'))
    await run.restart({ rules: after, context: 'two' })
    return run
  }
  const [a, b] = [ruleOf(beats, {}, { id: 'b-beats' }), ruleOf(again)]

  test('a rule more, before the others: state and timers stay with theirs', async () => {
    const run = await open([a, b], [ruleOf(lates, {}, { id: 'a-lates' }), ruleOf(beats, { most: 1 }, { id: 'ab-beats' }), b, a])
    run.observe(at('08:00:30', 'played', 'L1', 'c1'))
    run.observe(beat('08:00:31'))
    run.machine.passTo(instant('09:00:00'))
    expect(new Set(warnings(run).map(brief))).toEqual(new Set([
      'b-beats 08:00:10 L1 1 ongoing', 'again 08:00:30 L1 1 ended', 'ab-beats 08:00:31 L1 1 ongoing', 'b-beats 08:00:31 L1 2 ongoing',
      'ab-beats 08:01:31 L1 2 ended', 'b-beats 08:01:31 L1 3 ended',
    ]))
  })

  test('who leaves an address is seen to leave it, whichever rules came or went', async () => {
    const gone = { ...crowd, onSighting: (s: Sighting, { raise }: Parameters<typeof crowd.onSighting>[1]) => {
      if (s.kind === 'left') raise({ episode: 'ended', begin: s.time, end: s.time, facts: { learners: 1 }, evidence: newEvidence() })
    } }
    const run = make([ruleOf(gone), ruleOf(beats)])
    run.observe(beat('08:00:00', 'L1', { ip: '1.2.3.4' }))
    run.machine.passTo(instant('08:05:00'))
    await run.restart({ rules: [ruleOf(again), ruleOf(beats), ruleOf(gone), ruleOf(lates)] })
    run.machine.passTo(instant('09:00:00'))
    expect(warnings(run).map(brief)).toEqual(['crowd 08:10:00 1.2.3.4 1 ended'])
  })

  test('a rule that is gone: its episode ends at the next event, under the new context', async () => {
    const run = await open([a, b], [b])
    run.observe(beat('08:00:50'))
    const all = warnings(run)
    expect(all.map((w) => [brief(w), w.context])).toEqual([['b-beats 08:00:10 L1 1 ongoing', 'one'], ['b-beats 08:00:50 L1 2 ended', 'two']])
  })

  test('or at the next timer', async () => {
    const run = await open([a, b, ruleOf(beats, { quiet: '5m' }, { id: 'slow' })], [ruleOf(beats, { quiet: '5m' }, { id: 'slow' })])
    run.machine.passTo(instant('09:00:00'))
    expect(warnings(run).filter((w) => w.rule === 'b-beats').map(brief)).toEqual(['b-beats 08:00:10 L1 1 ongoing', 'b-beats 08:05:10 L1 2 ended'])
  })

  test('a rule whose detector is another one: its episode ends, and its state is new', async () => {
    const run = await open([a], [{ ...ruleOf(lates), id: 'b-beats' }])
    run.observe(beat('08:00:50'))
    expect(warnings(run).map(brief)).toEqual(['b-beats 08:00:10 L1 1 ongoing', 'b-beats 08:00:50 L1 2 ended'])
  })

  test('what had been taken back stays so when its rule goes', async () => {
    const run = make([ruleOf(beats, {}, { unless: (w) => (w.facts.n as number) === 3 })])
    for (const t of ['08:00:00', '08:00:10', '08:00:11']) run.observe(beat(t))
    run.machine.passTo(instant('08:00:20'))
    await run.restart({ rules: [] })
    run.observe(beat('08:00:50'))
    expect(warnings(run).map(brief)).toEqual(['beats 08:00:10 L1 1 ongoing', 'beats 08:00:11 L1 2 withdrawn'])
  })

  test('an open episode goes on under new parameters', async () => {
    const run = await open([a], [ruleOf(beats, { quiet: '3m' }, { id: 'b-beats' })])
    run.observe(beat('08:00:30'))
    run.machine.passTo(instant('09:00:00'))
    expect(warnings(run).map(brief).at(-1)).toBe('b-beats 08:03:30 L1 3 ended')
  })

  test('state of an older version is brought up; of a newer one it is refused', async () => {
    const newer = { ...beats, version: 2, migrations: { 1: (state: unknown) => ({ ...(state as object), n: 10 }) } }
    const run = await open([a], [ruleOf(newer, {}, { id: 'b-beats' })])
    run.observe(beat('08:00:30'))
    expect(warnings(run).map((w) => w.facts.n)).toEqual([2, 11])
    await expect(open([ruleOf(newer, {}, { id: 'b-beats' })], [a])).rejects.toMatchObject({ code: 'bad-state' })
  })

  test('an object becomes a record, and a record one with other fields', async () => {
    type Counts = { n: number; begin: number; last: number; evidence: Evidence }
    const small = record({ n: number(), begin: number(), last: number(), evidence: rare<Evidence>() }) as unknown as Shape<Counts>
    const large = record({ evidence: ref<Evidence>(), more: number(3), last: number(), begin: number(), n: number(), odd: flag }) as unknown as Shape<Counts>
    const rest = { ...beats, newState: undefined as never }
    const two = { ...rest, state: small, version: 2, migrations: { 1: (s: unknown) => s } }
    const three = { ...rest, state: large, version: 3, migrations: { 1: (s: unknown) => s, 2: (s: unknown) => ({ ...(s as Counts), n: (s as Counts).n + 100 }) } }
    const run = await open([a], [ruleOf(two, {}, { id: 'b-beats' })])
    run.observe(beat('08:00:30'))
    run.machine.passTo(instant('08:00:40'))
    await run.restart({ rules: [ruleOf(lates), ruleOf(three, {}, { id: 'b-beats' })] })
    run.machine.passTo(instant('08:00:50'))
    await run.restart()
    run.observe(beat('08:01:00'))
    run.machine.passTo(instant('09:00:00'))
    expect(warnings(run).map((w) => [brief(w), w.facts.n])).toEqual([
      ['b-beats 08:00:10 L1 1 ongoing', 2], ['b-beats 08:00:30 L1 2 ongoing', 3], ['b-beats 08:01:00 L1 3 ongoing', 104], ['b-beats 08:02:00 L1 4 ended', 104],
    ])
  })
})

test('a key that was not touched since it was loaded is forgotten as any other', async () => {
  const run = make([ruleOf(beats), ruleOf(again), ruleOf(crowd)])
  run.observe(at('08:00:00', 'played', 'L1', 'c1', { ip: '1.2.3.4', class: 'k' }))
  run.observe(beat('08:00:00', 'L2', { ip: '1.2.3.4' }))
  run.machine.passTo(instant('08:30:00'))
  await run.restart()
  expect(run.machine.keys()).toEqual({ learners: 2, resources: 1 })
  run.machine.passTo(instant('2026-03-03T08:11:00'))
  for (const task of [...run.machine.learners, ...run.machine.resources]) task.sweep()
  // The class closed at the end of the day; progress is kept a day longer.
  expect(run.machine.keys()).toEqual({ learners: 1, resources: 0 })
  run.machine.passTo(instant('2026-03-04T00:00:01'))
  for (const task of run.machine.learners) task.sweep()
  expect(run.machine.keys()).toEqual({ learners: 0, resources: 0 })
})

test("a timer of forgotten progress does not fire, though only the snapshot's bytes know the class", async () => {
  const run = async (restart: boolean) => {
    const r = make([ruleOf(again)])
    r.observe(at('08:00:00', 'played', 'L1', 'c1', { class: 'k' }))
    r.machine.passTo(instant('08:30:00'))
    if (restart) await r.restart()
    r.machine.passTo(instant('2026-04-10T00:00:00'))
    return warnings(r).length
  }
  expect([await run(true), await run(false)]).toEqual([0, 0])
})

test('a file that is cut off, empty or without its table of rules is refused', async () => {
  const run = make([ruleOf(beats)])
  for (const e of hour) run.observe(e)
  run.machine.passTo(instant('08:30:00'))
  const bytes = Buffer.concat(Array.from(saveKeys(run.machine, true), (c) => Buffer.from(c)))
  const load = (...chunks: Uint8Array[]) => loadKeys(new Machine({ rules: [ruleOf(beats)], catalogue, context: 'c', output: () => {} }), (async function* () { yield* chunks })())
  await load(bytes)
  await expect(load()).rejects.toMatchObject({ code: 'bad-state' })
  const last = bytes.length - 6
  for (const end of [1, 100, bytes.length - 1, last]) await expect(load(bytes.subarray(0, end))).rejects.toMatchObject({ code: 'bad-state' })
  await expect(load(bytes.subarray(4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)))).rejects.toMatchObject({ code: 'bad-state' })
})

test('a file from before a kind of resource was known is read', async () => {
  const run = make([ruleOf(crowd)])
  for (const e of hour) run.observe(e)
  run.machine.passTo(instant('08:30:00'))
  const bytes = Buffer.concat(Array.from(saveKeys(run.machine, true), (c) => Buffer.from(c)))
  const end = 4 + bytes.readUInt32BE(0)
  const packr = new Packr({ useRecords: false, moreTypes: false })
  const [kind, learners, { platform, ...kinds }] = packr.unpack(bytes.subarray(4, end)) as [string, unknown, Record<string, unknown>]
  expect(platform).toBeDefined()
  const head = packr.pack([kind, learners, kinds])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(head.length)
  const machine = new Machine({ rules: [ruleOf(crowd)], catalogue, context: 'c', output: () => {} })
  await loadKeys(machine, (async function* () { yield Buffer.concat([length, head, bytes.subarray(end)]) })())
  expect(machine.keys()).toEqual(run.machine.keys())
  expect(machine.keys().resources).toBeGreaterThan(0)
})

test('everything a snapshot holds is carried by msgpack as it is', () => {
  const { machine } = driveRules([ruleOf(beats), ruleOf(crowd)]).feed(...hour)
  machine.mark()
  const state = saveMachine(machine)
  const packr = new Packr({ useRecords: false })
  expect(JSON.stringify(packr.unpack(packr.pack({ ...state, timekeeper: null })))).toBe(JSON.stringify({ ...state, timekeeper: null }))
  expect(state.outputs.length).toBeGreaterThan(0)
})

test('a key that was handled and swept between two snapshots does not come back with its timers', async () => {
  const run = make([ruleOf(beats), ruleOf(crowd)])
  run.observe(beat('08:00:00', 'L1', { ip: '1.2.3.4' }))
  run.observe(beat('08:00:10', 'L1', { ip: '1.2.3.4' }))
  run.machine.passTo(instant('08:00:20'))
  run.save()
  // The episode ends, and a log that is read again is a day further before the next snapshot.
  run.machine.passTo(instant('2026-03-05T08:00:00'))
  for (const task of [...run.machine.learners, ...run.machine.resources]) task.sweep()
  expect(run.machine.keys()).toEqual({ learners: 0, resources: 0 })
  await run.restart()
  expect(run.machine.keys()).toEqual({ learners: 0, resources: 0 })
  run.machine.passTo(instant('2026-03-06T08:00:00'))
  expect(warnings(run).map(brief)).toEqual(['beats 08:00:10 L1 1 ongoing', 'beats 08:01:10 L1 2 ended'])
})

test('tasks that are saved in turn, chunk by chunk, are saved as each alone', () => {
  const packr = new Packr()
  const [one, other] = [1, 2].map((n) => {
    const machine = new Machine({ rules: [ruleOf(beats), ruleOf(again)], catalogue, context: 'one', output: () => undefined })
    // Some have much more to be packed than others.
    for (let i = 0; i < 9000; i++) machine.observe(beat('08:00:00', `L${n}-${i}`, { device: 'd'.repeat((i * 7 * n) % 900), session: `s${n}` }))
    machine.passTo(instant('08:10:00'))
    return machine
  }) as [Machine, Machine]
  const alone = [one, other].map((m) => Buffer.concat(Array.from(saveKeys(m, true), (c) => Buffer.from(c))))
  const running = [saveKeys(one, true), saveKeys(other, true)]
  const chunks: Buffer[][] = [[], []]
  for (let over = 0; over < 2;) {
    over = 0
    for (const [i, run] of running.entries()) {
      const { value, done } = run.next()
      if (done) over++
      else chunks[i]?.push(Buffer.from(value))
      packr.pack({ something: 'else', packed: 'meanwhile'.repeat(50) })
    }
  }
  expect(chunks.map((c) => c.length > 2)).toEqual([true, true])
  expect(chunks.map((c, i) => Buffer.concat(c).equals(alone[i] as Buffer))).toEqual([true, true])
})

test("one task's keys alone are those of its learners, and of nobody else", async () => {
  const machine = new Machine({ rules: [ruleOf(beats), ruleOf(crowd)], catalogue, context: 'c', partitions: 3, output: () => {} })
  for (const e of hour) machine.observe(e)
  machine.passTo(instant('10:00:00'))
  const learnersOf = (stage: LearnerStage | undefined) => [...(stage?.parts.values() ?? [])].flatMap((p) => [...p.learners.keys()])
  for (const stage of machine.learners) {
    const other = new LearnerStage({ rules: [ruleOf(beats), ruleOf(crowd)], catalogue, context: 'c' }, { output: () => {}, sighting: () => {}, late: () => {} })
    const alone = (one: LearnerStage): Keyed => ({ learners: [one], resources: [], learnerTask: () => one, resourceTask: () => { throw new Error('no resources here') } })
    await loadKeys(alone(other), (async function* () { yield* saveKeys(alone(stage), true) })())
    expect(learnersOf(other)).toEqual(learnersOf(stage))
  }
  expect(machine.learners.flatMap(learnersOf).sort()).toEqual(['L0', 'L1', 'L2'])
})
