import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readRuleSources } from '../io/texts.ts'
import { loadRules } from '../rules/load.ts'
import { runTests } from '../rules/run-tests.ts'
import { exampleBundle } from '../testing/examples.ts'
import { accompanied, brokenRevisions, doubled, lateScenario, leftOver, plain, renamed, restarted, scenariosOf, shuffled, warningsOf, written, type Scenario } from '../testing/laws.ts'
import { RULES } from '../testing/root.ts'
import { testModels } from '../testing/tiny-model.ts'
import { detectors } from './index.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const models = await testModels()
// Rules that ask a model obey the laws with any.
const bundle = loadRules(await readRuleSources([RULES]), { detectors, models: [...models.keys()] })
const examples = exampleBundle(detectors)
const all: readonly Scenario[] = [
  ...[bundle, examples].flatMap(scenariosOf).map((s) => ({ ...s, models })), ...bundle.rules.filter((r) => r.detector.name === 'late-telemetry').map(lateScenario),
]

/** What a law says of one scenario: two things that must be equal. */
type Law = (scenario: Scenario) => Promise<[unknown, unknown]> | [unknown, unknown]

const laws: Record<string, Law> = {
  'a restart after any event changes nothing': async (s) => [await restarted(s), written(s)],
  'any order within the lateness gives the same': (s) => [[1, 2, 3].map((seed) => shuffled(s, seed)), [1, 2, 3].map(() => written(s))],
  'duplicates change nothing': (s) => [doubled(s), written(s)],
  'others do not change what one is warned of': (s) => [accompanied(s), written(s)],
  'one partition or four': (s) => [plain(s, 4).end(), written(s)],
  'ids are only names': (s) => {
    const { before, after } = renamed(s)
    return [after, before]
  },
  'revisions count from 1 and stop at the end': (s) => [brokenRevisions(warningsOf(written(s))), []],
  'a forgotten key costs no memory': (s) => [leftOver(s), { learners: 0, resources: 0 }],
  'explain is a sentence in both languages': (s) => [
    warningsOf(written(s)).flatMap(({ summary }) => [summary.en, summary.zh].filter((t) => t.trim() === '' || /undefined|NaN|\[object|Infinity|null|[{}]/.test(t))),
    [],
  ],
  'the Chinese sentence is Chinese and the English one is not': (s) => [
    warningsOf(written(s)).flatMap(({ summary }) => [/\p{Script=Han}/u.test(summary.en) ? summary.en : '', /\p{Script=Han}/u.test(summary.zh) ? '' : summary.zh]).filter((t) => t !== ''),
    [],
  ],
}

describe.each(detectors.map((d) => [d.name] as const))('%s', (name) => {
  test('has a file and a test', () => {
    expect(readdirSync(here)).toEqual(expect.arrayContaining([`${name}.ts`, `${name}.test.ts`]))
  })

  test('its documented rules pass their tests', () => {
    const own = new Set(examples.rules.filter((r) => r.detector.name === name).map((r) => r.id))
    expect(runTests(examples).filter((t) => own.has(t.rule) && t.failure !== undefined)).toEqual([])
  })

  // A detector that no shipped rule uses yet has no scenarios.
  test.skipIf(!all.some((s) => s.rule.detector.name === name))('has a scenario that raises and one that does not', () => {
    const raised = all.filter((s) => s.rule.detector.name === name).map((s) => warningsOf(written(s)).length > 0)
    expect(raised).toContain(true)
    expect(raised).toContain(false)
  })

  test.each(Object.entries(laws))('%s', async (_, law) => {
    for (const scenario of all.filter((s) => s.rule.detector.name === name)) {
      const [actual, expected] = await law(scenario)
      expect(actual, scenario.name).toEqual(expected)
    }
  })
})

test('the list is the files, in order of name', () => {
  const files = readdirSync(here).filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts') && f !== 'index.ts')
  expect(detectors.map((d) => `${d.name}.ts`)).toEqual(files.sort())
})
