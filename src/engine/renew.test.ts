import { beforeAll, describe, expect, test } from 'vitest'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { detectors } from '../detectors/index.ts'
import { at, instant, ruleOf, type Fields } from '../testing/drive.ts'
import { match } from '../detectors/match.ts'
import { ruleForEach } from '../testing/examples.ts'
import { duplicated, fivePlatforms, seeded } from '../testing/five-platforms.ts'
import { Fleet, inOrder, stamped } from '../testing/fleet.ts'
import { again, beats, crowd, lates } from '../testing/tiny-detectors.ts'
import { testModels } from '../testing/tiny-model.ts'
import type { Warning } from '../warnings/warning.ts'
import { loadKeys, saveKeys } from './keys.ts'
import { Machine } from './machine.ts'
import type { Output } from './output.ts'
import type { Rule } from './rule.ts'
import type { Setup } from './runtime.ts'
import { loadMachine, saveMachine } from './snapshot.ts'

const models = await testModels()
const catalogue = new Catalogue(catalogueSchema.parse({ platforms: [{ id: 'normal', global: ['learner'] }, { id: 'silent', global: ['learner'], heartbeat: '15s' }] }))
const shipped = (without: readonly string[] = []) => ruleForEach(detectors.filter((d) => !without.includes(d.name)))

describe('changes of rules on the way', () => {
  const first: Setup = { catalogue, models, context: 'first', rules: [...shipped(), ruleOf(beats, { quiet: '20s', every: 40 }), ruleOf(crowd, { most: 2 })] }
  // Another parameter, then rules that go and come, then the first ones again.
  const other: Setup = { ...first, context: 'other', rules: [...shipped(), ruleOf(beats, { quiet: '2m', every: 25 }), ruleOf(crowd, { most: 3 })] }
  const gone = ['hang-up', 'shared-account', 'shared-photo']
  const coming = [ruleOf(again), ruleOf(lates), ruleOf(crowd, { most: 2 }, { id: 'a-crowd' }), ruleOf(beats, { every: 60 }, { id: 'z-beats' })]
  const third: Setup = { ...first, context: 'third', rules: [...shipped(gone), ruleOf(crowd, { most: 3 }), ...coming] }
  const MARK_EVERY = 700
  const arrivals = [...duplicated(fivePlatforms(5, 5), 3)].map((a, i) => (i % 211 === 210 ? { ...a, at: a.at + 11 * 60_000 } : a)).sort((a, b) => a.at - b.at)
  const marks = Math.floor(arrivals.length / MARK_EVERY)
  /** After which mark each is in force. */
  const changes = new Map<number, Setup>([[Math.floor(marks / 4), other], [Math.floor(marks / 2), third], [Math.floor((marks * 3) / 4), { ...first, context: 'last' }]])
  let golden: string[]

  // One process that is stopped at each change, and goes on from its snapshot under the next rules.
  beforeAll(async () => {
    const outputs: Output[] = []
    const make = (setup: Setup) => new Machine({ ...setup, records: true, output: (o) => outputs.push(o) })
    let machine = make(first)
    const held: { event: ReturnType<typeof stamped>; mark: number }[] = []
    for (const [i, a] of arrivals.entries()) {
      held.push({ event: stamped(a), mark: machine.timekeeper.mark + 1 })
      machine.observe(stamped(a))
      if (i % MARK_EVERY !== MARK_EVERY - 1) continue
      machine.mark()
      const next = changes.get((i + 1) / MARK_EVERY)
      if (next === undefined) continue
      const [old, oldest] = [machine, machine.oldestMark()]
      machine = make(next)
      loadMachine(machine, structuredClone(saveMachine(old)))
      await loadKeys(machine, (async function* () { yield* saveKeys(old, true) })())
      for (const { event, mark } of held) if (mark >= oldest) machine.refill(event, mark)
    }
    machine.end()
    golden = inOrder(outputs)
    const warnings = golden.map((t) => (JSON.parse(t) as Output).value).filter((v): v is Warning => 'episode' in v)
    expect([...new Set(warnings.map((w) => w.context))].sort()).toEqual(['first', 'last', 'other', 'third'])
    // Some of each kind, or it proves nothing: begun and ended under different rules, and ended since its rule was gone.
    const contextsOf = (rule: string) => warnings.filter((w) => w.rule === rule).map((w) => `${w.context} ${w.episode}`)
    expect(contextsOf('hang-up')).toContain('third ended')
    expect(contextsOf('beats')).toContain('third ended')
    expect(contextsOf('a-crowd')).toContain('last ended')
    expect(contextsOf('crowd')).toContain('third ongoing')
    expect(contextsOf('z-beats')).toContain('last ended')
  })

  test.each([[1, 1, 0], [3, 2, 0], [4, 5, 0], [1, 1, 3], [3, 2, 2], [4, 5, 1]])('%i learner and %i resource tasks, each taken over at one in %i marks', async (learners, resources, every) => {
    const random = seeded(11 + learners)
    const fleet = new Fleet(first, learners, resources, true)
    const chance = async () => {
      if (every > 0 && random() * every < 1) await fleet.restart()
    }
    for (const [i, a] of arrivals.entries()) {
      fleet.observe(stamped(a))
      if (i % MARK_EVERY !== MARK_EVERY - 1) continue
      fleet.mark()
      await chance()
      const next = changes.get((i + 1) / MARK_EVERY)
      if (next === undefined) continue
      fleet.renew(next)
      await chance()
    }
    expect(fleet.end()).toEqual(golden)
  })

  test.each([[1], [3]])('one process that goes on, with %i tasks a stage', (partitions) => {
    const outputs: Output[] = []
    const machine = new Machine({ ...first, partitions, records: true, output: (o) => outputs.push(o) })
    for (const [i, a] of arrivals.entries()) {
      machine.observe(stamped(a))
      if (i % MARK_EVERY !== MARK_EVERY - 1) continue
      machine.mark()
      const next = changes.get((i + 1) / MARK_EVERY)
      if (next !== undefined) machine.renew(next)
    }
    machine.end()
    expect(outputs.map((o) => JSON.stringify(o))).toEqual(golden)
  })

  test('the same rules anew change nothing but the context', () => {
    const [one, renewed, moved] = [new Fleet(first, 2, 2), new Fleet(first, 2, 2), new Fleet(first, 2, 2)]
    // Detectors that are equal but not the same have all keys moved.
    const copies: Setup = { ...first, rules: first.rules.map((r) => ({ ...r, detector: { ...r.detector } })) }
    for (const [i, a] of arrivals.slice(0, 9000).entries()) {
      for (const f of [one, renewed, moved]) {
        f.observe(stamped(a))
        if (i % MARK_EVERY === MARK_EVERY - 1) f.mark()
      }
      if (i % 1500 !== 1499) continue
      renewed.renew({ ...first, rules: [...first.rules].reverse() })
      moved.renew(i % 3000 === 1499 ? copies : first)
    }
    const golden = one.end()
    expect(golden.length).toBeGreaterThan(20)
    expect(renewed.end()).toEqual(golden)
    expect(moved.end()).toEqual(golden)
    for (const f of [renewed, moved]) {
      expect(f.learners.map((t) => t.save())).toEqual(one.learners.map((t) => ({ ...t.save(), orphans: f === moved })))
      expect(f.resources.map((t) => t.save())).toEqual(one.resources.map((t) => ({ ...t.save(), orphans: f === moved })))
    }
  })
})

describe('open episodes', () => {
  const beat = (time: string, fields: Fields = {}) => at(time, 'heartbeat', 'L1', 'c1', fields)
  const setupOf = (context: string, ...rules: Rule[]): Setup => ({ rules, catalogue, context })
  const [a, b, slow] = [ruleOf(beats, {}, { id: 'a' }), ruleOf(beats, {}, { id: 'b' }), ruleOf(beats, { quiet: '5m' }, { id: 'slow' })]
  const brief = (fleet: Fleet, rule: string) => {
    fleet.passTo(instant('09:00:00'))
    const warnings = inOrder(fleet.outputs).map((t) => (JSON.parse(t) as { value: Warning }).value).filter((w) => w.rule === rule)
    return warnings.map((w) => `${w.raised.slice(11, 19)} ${w.revision} ${w.episode} ${w.context}`)
  }
  const open = (...rules: Rule[]) => {
    const fleet = new Fleet(setupOf('one', ...rules), 1, 1)
    for (const time of ['08:00:00', '08:00:10']) fleet.observe(beat(time, { ip: '1.2.3.4' }))
    fleet.passTo(instant('08:00:20'))
    return fleet
  }

  test('go on under other parameters, and their timers with them', () => {
    const fleet = open(a)
    fleet.renew(setupOf('two', ruleOf(beats, { quiet: '5m' }, { id: 'a' })))
    // Set under the rules before: it is due when it was.
    expect(brief(fleet, 'a')).toEqual(['08:00:10 1 ongoing one', '08:01:10 2 ended two'])
    const other = open(a)
    other.renew(setupOf('two', ruleOf(beats, { quiet: '5m' }, { id: 'a' })))
    other.observe(beat('08:00:30'))
    expect(brief(other, 'a')).toEqual(['08:00:10 1 ongoing one', '08:00:30 2 ongoing two', '08:05:30 3 ended two'])
  })

  test('go on while other rules come and go', () => {
    const fleet = open(a, b)
    fleet.renew(setupOf('two', ruleOf(again, {}, { id: '0' }), b))
    fleet.observe(beat('08:00:30'))
    expect(brief(fleet, 'b')).toEqual(['08:00:10 1 ongoing one', '08:00:30 2 ongoing two', '08:01:30 3 ended two'])
  })

  test.each([['gone', [b]], ['of another detector', [b, ruleOf(lates, {}, { id: 'a' })]]])('of a rule that is %s end at the next event', (_, rules) => {
    const fleet = open(a, b)
    fleet.renew(setupOf('two', ...rules))
    fleet.observe(beat('08:00:50'))
    expect(brief(fleet, 'a')).toEqual(['08:00:10 1 ongoing one', '08:00:50 2 ended two'])
  })

  test('or at the next timer', () => {
    const fleet = open(a, slow)
    fleet.renew(setupOf('two', slow))
    expect(brief(fleet, 'a')).toEqual(['08:00:10 1 ongoing one', '08:05:10 2 ended two'])
  })

  test('of a resource end at its next sighting, though no rule sees its kind any more', async () => {
    const fleet = new Fleet(setupOf('one', ruleOf(crowd, { most: 1 })), 1, 1)
    fleet.observe(beat('08:00:00', { ip: '1.2.3.4' }))
    fleet.passTo(instant('08:00:30'))
    fleet.renew(setupOf('two', b))
    await fleet.restart()
    expect(brief(fleet, 'crowd')).toEqual(['08:00:00 1 ongoing one', '08:10:00 2 ended two'])
  })

  test('of a rule that comes to look over another resource, or over events, end at the next sighting or timer', async () => {
    const over = (what: string) => ruleOf(match, { over: what, where: what === 'events' ? 'action == "attended"' : 'kind == "first"', end: '6m' }, { id: 'own' })
    for (const what of ['device', 'events']) {
      const fleet = new Fleet(setupOf('one', over('ip')), 1, 1)
      fleet.observe(beat('08:00:00', { ip: '1.2.3.4', device: 'd1' }))
      fleet.passTo(instant('08:00:30'))
      fleet.renew(setupOf('two', over(what)))
      await fleet.restart()
      // A timer of the rule is still there in the first case; in the second it is gone with the rule's place in the stage.
      expect(brief(fleet, 'own')).toEqual(['08:00:00 1 ongoing one', what === 'device' ? '08:06:00 2 ended two' : '08:10:00 2 ended two'])
    }
  })

  test('a new rule sees the sightings that were held when it came', () => {
    const fleet = new Fleet(setupOf('one', a), 1, 1)
    for (const time of ['08:00:00', '08:02:00']) fleet.observe(beat(time, { ip: '1.2.3.4' }))
    fleet.mark()
    fleet.renew(setupOf('two', a, ruleOf(crowd, { most: 1 })))
    expect(brief(fleet, 'crowd')).toEqual(['08:00:00 1 ongoing two', '08:00:45 2 ended two'])
  })
})

describe('what an old catalogue had forgotten', () => {
  const closing = (closes: string) => new Catalogue(catalogueSchema.parse({ platforms: [{ id: 'p1' }], classes: [{ id: 'k', platform: 'p1', closes }] }))
  const play = (time: string) => at(time, 'played', 'L1', 'c1', { class: 'k' })
  const rules = [ruleOf(again)]

  test.each([[true], [false]])('stays so under one that remembers longer, swept: %s', (swept) => {
    const fleet = new Fleet({ rules, catalogue: closing('2026-03-02'), context: 'one' }, 1, 1)
    fleet.observe(play('08:00:00'))
    fleet.passTo(instant('2026-03-05T08:00:00'))
    if (swept) for (const task of fleet.learners) task.stage.sweep()
    fleet.renew({ rules, catalogue: closing('2026-12-31'), context: 'two' })
    fleet.observe(play('2026-03-05T09:00:00'))
    fleet.passTo(instant('2026-03-05T10:00:00'))
    expect(inOrder(fleet.outputs)).toEqual([])
  })
})

test('a key swept between two changes of rules stays gone, though the base holds it under a rule that came back', async () => {
  const [with1, without]: [Setup, Setup] = [{ rules: [ruleOf(again)], catalogue, context: 'one' }, { rules: [ruleOf(lates)], catalogue, context: 'two' }]
  const fleet = new Fleet(with1, 1, 1)
  fleet.observe(at('08:00:00', 'played', 'L1', 'c1'))
  fleet.passTo(instant('08:10:00'))
  await fleet.restart()
  fleet.renew(without)
  fleet.passTo(instant('2026-03-03T10:00:00'))
  for (const task of fleet.learners) task.stage.sweep()
  fleet.renew(with1)
  await fleet.restart()
  fleet.observe(at('2026-03-03T11:00:00', 'played', 'L1', 'c1'))
  expect(fleet.end()).toEqual([])
})
