import { expect, test } from 'vitest'
import { detectors } from '../detectors/index.ts'
import { listModels } from '../io/models.ts'
import { readRuleSources } from '../io/texts.ts'
import { DEFAULT_BACKEND, openScorers, readModels, SHIPPED_MODELS } from '../pipeline/models.ts'
import { RULES } from '../testing/runs.ts'
import { loadRules } from './load.ts'
import { runTests } from './run-tests.ts'

const bundle = loadRules(await readRuleSources([RULES]), { detectors, models: await listModels(SHIPPED_MODELS) })
const models = await openScorers(bundle.rules, await readModels(bundle.rules, SHIPPED_MODELS), DEFAULT_BACKEND)

test.each(runTests(bundle, undefined, models).map((r) => [`${r.rule}: ${r.it}`, r.failure]))('%s', (_, failure) => {
  expect(failure).toBeUndefined()
})

test.each(bundle.tested.map((t) => [t.rule.id, t.tests] as const))('%s has a test that warns and a near miss that must not', (_, tests) => {
  expect(tests.some((t) => t.expect.length > 0)).toBe(true)
  expect(tests.some((t) => t.expect.length === 0)).toBe(true)
})
