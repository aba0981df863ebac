import { expect, test } from 'vitest'
import { listModels } from '../io/models.ts'
import { readRuleSources } from '../io/texts.ts'
import { DEFAULT_BACKEND, openScorers, readModels, SHIPPED_MODELS } from '../pipeline/models.ts'
import { examplesOf } from '../rules/docs-example.ts'
import { loadRules } from '../rules/load.ts'
import { failureOf, ruleInTest, runTest } from '../rules/test-run.ts'
import { RULES } from '../testing/root.ts'
import { detectors } from './index.ts'

const bundle = loadRules(await readRuleSources([RULES]), { detectors, models: await listModels(SHIPPED_MODELS) })
const models = await openScorers(bundle.rules, await readModels(bundle.rules, SHIPPED_MODELS), DEFAULT_BACKEND)

test.each(detectors.map((d) => [d.name, d] as const))('%s says what each fact is', (_, detector) => {
  const stated = new Set(bundle.tested.filter((t) => t.rule.detector.name === detector.name).flatMap((t) => t.tests.flatMap((x) => runTest(ruleInTest(t, x), x, models).warnings.flatMap((w) => Object.keys(w.facts)))))
  const told = Object.entries(detector.facts ?? {})
  expect(told.map(([name]) => name)).toEqual(expect.arrayContaining([...stated]))
  expect(told.length).toBeGreaterThan(0)
  expect(told.filter(([name, text]) => !/^[a-z]+[A-Za-z]*$/.test(name) || text === '' || text.endsWith('.'))).toEqual([])
})

test.each(detectors.map((d) => [d.name, d] as const))('%s has an example that warns and one that does not, and both run', (_, detector) => {
  const examples = examplesOf(detector, bundle)
  expect(examples.map((e) => e.test.expect.length > 0)).toEqual([true, false])
  expect(examples.map(({ tested, test }) => failureOf(test, runTest(ruleInTest(tested, test), test, models)))).toEqual([undefined, undefined])
})
