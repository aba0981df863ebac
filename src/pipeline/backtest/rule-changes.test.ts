import { expect, test } from 'vitest'
import { loadRules } from '../../rules/load.ts'
import { sampleDetectors, sampleRegulation, sampleRules } from '../../testing/sample-rules.ts'
import { ruleChanges } from './rule-changes.ts'

const shipped = { dir: 'rules', files: [{ path: 'rules/plays.yaml', text: sampleRules }, { path: 'rules/regulations/testland.yaml', text: sampleRegulation }] }
const load = (items?: object) => loadRules(items === undefined ? [shipped] : [shipped, { dir: 'site', files: [{ path: 'site/site.yaml', text: JSON.stringify(items) }] }], { detectors: sampleDetectors })

test('tells what of a rule is different, parameter by parameter', () => {
  const after = load([{ rule: 'often', severity: 'high', params: { most: 3, within: '5m' }, scope: 'platform == "p1"' }])
  expect(ruleChanges(load(), after)).toEqual([{
    rule: 'often', kind: 'changed',
    parts: [
      { name: 'params.most', from: 2, to: 3 }, { name: 'params.within', from: '10m', to: '5m' },
      { name: 'scope', from: undefined, to: 'platform == "p1"' }, { name: 'severity', from: 'low', to: 'high' },
    ],
  }])
})

test('tells rules that come and go, and nothing of what only explains a rule', () => {
  const own = { rule: 'mine', title: 'Mine', description: 'Own.', detector: 'many-plays', severity: 'low', response: 'warn' }
  expect(ruleChanges(load(), load([own]))).toEqual([{ rule: 'mine', kind: 'added', parts: [] }])
  expect(ruleChanges(load([own]), load())).toEqual([{ rule: 'mine', kind: 'removed', parts: [] }])
  expect(ruleChanges(load(), load([{ rule: 'often', title: 'Another title', next: 'Ask again.' }]))).toEqual([])
})
