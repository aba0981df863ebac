import { describe, expect, test } from 'vitest'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { at, instant, ruleOf, type Fields } from '../testing/drive.ts'
import { Fleet, inOrder } from '../testing/fleet.ts'
import { again, beats, crowd } from '../testing/tiny-detectors.ts'
import type { Warning } from '../warnings/warning.ts'
import { loadKeys, saveKeys } from './keys.ts'
import { Machine } from './machine.ts'
import type { Output } from './output.ts'
import { isReset } from './reset.ts'
import type { Rule } from './rule.ts'
import type { Setup } from './runtime.ts'
import { loadMachine, saveMachine } from './snapshot.ts'

const catalogue = new Catalogue(catalogueSchema.parse({}))
const beat = (time: string, fields: Fields = {}) => at(time, 'heartbeat', 'L1', 'c1', fields)
const setupOf = (context: string, ...rules: Rule[]): Setup => ({ rules, catalogue, context })
const versions = (more: Partial<Rule>, id = 'a') => ['1', '2'].map((version) => ruleOf(beats, {}, { id, version, ...more })) as [Rule, Rule]
const [kept, keptLater] = versions({})
const [fresh, freshLater] = versions({ onEdit: 'reset' })
const other = ruleOf(beats, { quiet: '5m' }, { id: 'other' })
const told = (outputs: readonly Output[], rule = 'a') => inOrder(outputs).map((t) => (JSON.parse(t) as { value: Warning }).value).filter((w) => w.rule === rule)
  .map((w) => `${w.raised.slice(11, 19)} ${w.revision} ${w.episode} ${w.context} ${w.facts.n as number}`)

/** An episode of two beats is open when the rules change; then come two more. */
async function through(before: Setup, after: Setup, { restart = false } = {}): Promise<string[]> {
  const fleet = new Fleet(before, 1, 1)
  for (const time of ['08:00:00', '08:00:10']) fleet.observe(beat(time))
  fleet.passTo(instant('08:00:20'))
  if (restart) await fleet.restart()
  fleet.renew(after)
  if (restart) await fleet.restart()
  for (const time of ['08:00:30', '08:00:40']) fleet.observe(beat(time))
  fleet.passTo(instant('08:00:50'))
  fleet.passTo(instant('09:00:00'))
  return told(fleet.outputs)
}

const goesOn = ['08:00:10 1 ongoing one 2', '08:00:30 2 ongoing two 3', '08:00:40 3 ongoing two 4', '08:01:40 4 ended two 4']
const beginsAnew = ['08:00:10 1 ongoing one 2', '08:00:30 2 ended two 2', '08:00:40 1 ongoing two 2', '08:01:40 2 ended two 2']

describe.each([[false], [true]])('an edited rule, tasks taken over by others: %s', (restart) => {
  test.each([
    ['keeps its state by default', kept, keptLater, goesOn],
    ['begins anew where it says so', fresh, freshLater, beginsAnew],
    ['begins anew where it says so only now', kept, freshLater, beginsAnew],
    ['keeps it where it says so only before', fresh, keptLater, goesOn],
    ['keeps it where nothing was edited', fresh, fresh, goesOn],
  ])('%s', async (_, before, after, expected) => {
    expect(await through(setupOf('one', before), setupOf('two', after), { restart })).toEqual(expected)
    // The same where the keys are laid out anew, since another rule comes or goes.
    expect(await through(setupOf('one', before), setupOf('two', after, other), { restart })).toEqual(expected)
    expect(await through(setupOf('one', before, other), setupOf('two', after), { restart })).toEqual(expected)
  })
})

test('its timers fall away, and an episode that was open ends at another timer of the key', () => {
  const fleet = new Fleet(setupOf('one', fresh, other), 1, 1)
  for (const time of ['08:00:00', '08:00:10']) fleet.observe(beat(time))
  fleet.passTo(instant('08:00:20'))
  fleet.renew(setupOf('two', freshLater, other))
  fleet.passTo(instant('09:00:00'))
  expect(told(fleet.outputs)).toEqual(['08:00:10 1 ongoing one 2', '08:05:10 2 ended two 2'])
  expect(told(fleet.outputs, 'other').at(-1)).toBe('08:05:10 2 ended two 2')
})

test('what rules beside it remember stays', () => {
  const fleet = new Fleet(setupOf('one', fresh, ruleOf(again)), 1, 1)
  fleet.observe(at('08:00:00', 'played', 'L1', 'c1'))
  fleet.passTo(instant('08:00:20'))
  fleet.renew(setupOf('two', freshLater, ruleOf(again)))
  fleet.observe(at('08:01:00', 'played', 'L1', 'c1'))
  fleet.passTo(instant('08:02:00'))
  expect(inOrder(fleet.outputs).length).toBe(1)
})

test('of a resource', () => {
  const [one, two] = ['1', '2'].map((version) => ruleOf(crowd, { most: 2 }, { version, onEdit: 'reset' })) as [Rule, Rule]
  const fleet = new Fleet(setupOf('one', one), 1, 1)
  const seen = (time: string, learner: string) => fleet.observe(at(time, 'heartbeat', learner, 'c1', { ip: '1.2.3.4' }))
  seen('08:00:00', 'L1')
  seen('08:00:05', 'L2')
  fleet.passTo(instant('08:00:10'))
  fleet.renew(setupOf('two', two))
  seen('08:00:20', 'L3')
  fleet.passTo(instant('08:00:40'))
  // L1 and L2 are forgotten: one learner is no crowd.
  expect(inOrder(fleet.outputs).map((t) => (JSON.parse(t) as { value: Warning }).value).map((w) => `${w.raised.slice(11, 19)} ${w.revision} ${w.episode} ${w.context}`)).toEqual(['08:00:05 1 ongoing one', '08:00:20 2 ended two'])
})

test('a machine whose keys come from under other rules is told so', async () => {
  const make = (setup: Setup) => {
    const outputs: Output[] = []
    return { outputs, machine: new Machine({ ...setup, output: (o) => outputs.push(o) }) }
  }
  const first = make(setupOf('one', fresh))
  for (const time of ['08:00:00', '08:00:10']) first.machine.observe(beat(time))
  first.machine.passTo(instant('08:00:20'))
  const second = make(setupOf('two', freshLater))
  loadMachine(second.machine, structuredClone(saveMachine(first.machine)))
  await loadKeys(second.machine, (async function* () { yield* saveKeys(first.machine, true) })())
  second.machine.edited({ rules: [{ id: 'a', version: '1' }] })
  for (const time of ['08:00:30', '08:00:40']) second.machine.observe(beat(time))
  second.machine.passTo(instant('08:00:50'))
  second.machine.passTo(instant('09:00:00'))
  expect(told([...first.outputs, ...second.outputs])).toEqual(beginsAnew)
})

test('only rules with another version of themselves before are reset', () => {
  expect([fresh, freshLater, keptLater].map((r) => isReset(r, { rules: [fresh] }))).toEqual([false, true, false])
  expect(isReset(freshLater, { rules: [] })).toBe(false)
})
