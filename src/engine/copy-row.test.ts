import { expect, test } from 'vitest'
import { z } from 'zod'
import { far, number, rare, record, ref } from '../base/record.ts'
import { ruleOf } from '../testing/drive.ts'
import { RowCopy } from './copy-row.ts'
import { defineDetector, type AnyDetector } from './detector.ts'
import { Entry } from './entry.ts'
import type { Rule } from './rule.ts'
import { Table, TIMERS } from './table.ts'

const own = record({ seen: number(0), at: ref<string>() })
interface State {
  n: number
  apart: number
  name: string | undefined
  list: string[] | undefined
}
const kept = (name: string): AnyDetector => defineDetector<z.ZodObject, State, object>({
  name, version: 1, summary: name, stage: 'learner', params: z.strictObject({}), actions: [], needs: [],
  state: record({ n: number(NaN), ...far({ apart: number(3) }), name: ref<string>(), list: rare<string[]>() }), onEvent: () => undefined, explain: () => ({ en: '', zh: '' }),
})
const boxed = defineDetector<z.ZodObject, { all: number[] }, object>({
  name: 'boxed', version: 1, summary: 'boxed', stage: 'learner', params: z.strictObject({}), actions: [], needs: [], newState: () => ({ all: [] }), onEvent: () => undefined, explain: () => ({ en: '', zh: '' }),
})
const [one, two] = [kept('one'), kept('two')]
const tableOf = (rules: readonly (Rule | undefined)[]) => new Table(rules.length + 1, { own }, rules.map((r) => r?.detector))
const rule = (detector: AnyDetector, id: string) => ruleOf(detector, {}, { id })

function stateOf(table: Table, entry: Entry, slot: number): unknown {
  table.enter(entry)
  return table.state(slot)
}

test('what both keep goes along, wherever it lies; the rest is new', () => {
  const before = [rule(one, 'a'), rule(boxed, 'b'), rule(two, 'c'), rule(one, 'd')]
  const after = [rule(one, '0'), rule(boxed, 'b'), rule(one, 'c'), rule(one, 'd')]
  const [from, to] = [tableOf(before), tableOf(after)]
  const old = new Entry('x', from)
  old.last = 1000
  from.enter(old)
  Object.assign(from.own(own), { seen: 5, at: 'here' })
  for (const [slot, n] of [[0, 1], [2, 3], [3, -0]] as const) Object.assign(stateOf(from, old, slot) as State, { n, apart: n + 10, name: `n${n}`, list: [`l${n}`] })
  ;(stateOf(from, old, 1) as { all: number[] }).all.push(7)
  // Timers of all slots, and as they are queued.
  for (let slot = 0; slot < 5; slot++) old.numbers.set([100 + slot, 50], old.at + TIMERS + 2 * slot)

  const entry = new Entry('x', to)
  new RowCopy(from, before, to, after).copy(old, entry)
  expect(entry.last).toBe(1000)
  to.enter(entry)
  expect({ seen: to.own(own).seen, at: to.own(own).at }).toEqual({ seen: 5, at: 'here' })
  expect(stateOf(to, entry, 1)).toEqual({ all: [7] })
  const states = [0, 2, 3].map((slot) => {
    const { n, apart, name, list } = stateOf(to, entry, slot) as State
    return { n, apart, name, list }
  })
  const fresh = { n: NaN, apart: 3, name: undefined, list: undefined }
  expect(states).toEqual([fresh, fresh, { n: -0, apart: 10, name: 'n0', list: ['l0'] }])
  expect([0, 1, 2, 3, 4].map((slot) => entry.wake(slot))).toEqual([0, 101, 0, 103, 104])
  expect([0, 1, 2, 3, 4].map((slot) => entry.numbers[entry.at + TIMERS + 2 * slot + 1])).toEqual([0, 0, 0, 0, 0])
})

test('a rule that does not see this kind of key has only its timer; without rares a row has none', () => {
  const before = [rule(one, 'a'), rule(two, 'b')]
  const [from, to] = [tableOf([before[0], undefined]), tableOf(before)]
  const old = new Entry('x', from)
  Object.assign(stateOf(from, old, 0) as State, { n: 2 })
  const entry = new Entry('x', to)
  new RowCopy(from, before, to, before).copy(old, entry)
  expect([(stateOf(to, entry, 0) as State).n, (stateOf(to, entry, 1) as State).n, entry.rares]).toEqual([2, NaN, undefined])
  // Nor where those it had belonged to a rule that is gone.
  Object.assign(stateOf(from, old, 0) as State, { list: ['gone'] })
  const rest = tableOf([before[1]])
  const other = new Entry('x', rest)
  new RowCopy(from, before, rest, [before[1] as Rule]).copy(old, other)
  expect(other.rares).toBeUndefined()
})
