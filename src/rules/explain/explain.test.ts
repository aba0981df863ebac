import { expect, test } from 'vitest'
import { detectors } from '../../detectors/index.ts'
import { listModels } from '../../io/models.ts'
import { readRuleSources } from '../../io/texts.ts'
import { SHIPPED_MODELS } from '../../pipeline/models.ts'
import { RULES } from '../../testing/root.ts'
import { sampleDetectors, sampleRegulation, sampleRules } from '../../testing/sample-rules.ts'
import { loadRules } from '../load.ts'
import { runTests } from '../run-tests.ts'
import { explanationText } from './text.ts'

/** Why a test laid over the rule `often` (more than 2 plays) did what it did. */
function why(given: string[], more = '', options = ''): string[] {
  const base = [{ path: 'regulations/testland.yaml', text: sampleRegulation }, { path: 'a.yaml', text: sampleRules }]
  const over = `- rule: often\n${more}  tests:\n    - it: tried\n${options}      given: |\n${given.map((l) => `        ${l}\n`).join('')}      expect: []\n`
  const bundle = loadRules([{ dir: 'd', files: base }, { dir: 'o', files: [{ path: 'o.yaml', text: over }] }], { detectors: sampleDetectors })
  const result = runTests(bundle, 'often').find((r) => r.it === 'tried')
  return explanationText(result?.explain() as Parameters<typeof explanationText>[0]).split('\n')
}

const three = (learner = 'L1') => [0, 1, 2].map((n) => `08:00:0${n} played ${learner} chapter=c${n} device=d`)

test('events are told with their fate, those alike in one line', () => {
  const lines = why([
    '08:00:00 played L1 chapter=c1 device=d', '08:00:01 played L1 chapter=c2 device=d', '08:00:02 paused L1 chapter=c2',
    '08:00:00 played L1 chapter=c1 device=d id=e1', '08:20:00 played L2 chapter=c1 received=2026-03-02T08:00:00Z', 'mark 08:10:00', '08:05:00 played L1 chapter=c3',
  ])
  expect(lines).toEqual([
    'saw 2 of 6 events:',
    '  e1 08:00:00 played L1 and 1 more: seen',
    '  e3 08:00:02 paused L1: not watched: `many-plays` watches played',
    '  e1 08:00:00 played L1: the same event again: taken once',
    '  e5 08:20:00 played L2: rejected: over 5 minutes ahead of `received`',
    "  e7 08:05:00 played L1: came after its platform's watermark, so that the rule does not see it",
    'the detector found nothing',
  ])
})

test('a scope is taken apart down to the values', () => {
  expect(why(three(), '  scope: platform == "p2" || !(learner != "L1" && class == "a") && class.startsWith("k")\n')).toEqual([
    'saw 0 of 3 events:',
    '  e1 08:00:00 played L1 and 2 more: out of scope',
    '    `scope` is fails, which counts as not met: platform == "p2" || !(learner != "L1" && class == "a") && class.startsWith("k")',
    '      platform == "p2": false (platform is "p1")',
    '      !(learner != "L1" && class == "a") && class.startsWith("k"): fails, which counts as not met',
    '        !(learner != "L1" && class == "a"): true',
    '          learner != "L1" && class == "a": false',
    '            learner != "L1": false (learner is "L1")',
    '            class == "a": false (class is null)',
    '        class.startsWith("k"): fails, which counts as not met (class is null)',
    'the detector found nothing',
  ])
})

test('a finding is told with what became of it', () => {
  expect(why(three()).slice(2)).toEqual([
    'the detector found:', '  08:00:02 learner L1 ongoing: sent; {"plays":3,"seconds":2}', 'near: it would pass with `most` at `3` (it is `2`)',
  ])
  expect(why(three('demo')).slice(2)).toEqual(['the detector found:', '  08:00:02 learner demo ongoing: exempt: demo account (audit); {"plays":3,"seconds":2}'])
  expect(why(three(), '  unless: facts.plays < 4 && facts.secs == 2\n').slice(2, 7)).toEqual([
    'the detector found:', '  08:00:02 learner L1 ongoing: sent; {"plays":3,"seconds":2}',
    '    `unless` is fails, which counts as not met: facts.plays < 4 && facts.secs == 2', '      facts.plays < 4: true (facts.plays is 3)',
    '      facts.secs == 2: fails, which counts as not met (facts.secs is absent)',
  ])
})

test('what could not be judged is told, and why', () => {
  expect(why(['08:00:00 played L1 chapter=c1'])).toContain('not evaluable on p1: no event carries `session` or `device`')
})

test('a rule on resources tells its sightings', () => {
  const text = `- rule: one-device-more
  title: A title
  description: A description.
  detector: shared-account
  severity: low
  response: review
  scope: learner != "L3"
  tests:
    - it: tried
      given: |
        08:00:00 logged-in L1 account=a1
        08:10:00 logged-in L2 account=a1
        08:20:00 logged-in L3 account=a1
        09:00:00 logged-in L1 account=a1
      expect: [{ subject: { id: a1 } }]
`
  const [result] = runTests(loadRules([{ dir: 'd', files: [{ path: 'a.yaml', text }] }], { detectors }))
  const lines = explanationText(result?.explain() as Parameters<typeof explanationText>[0]).split('\n')
  expect(lines.slice(0, 3)).toEqual(['saw 5 of 7 sightings:', '  08:00:00 L1 first account a1 and 3 more: seen', expect.stringContaining('L3')])
  expect(lines.at(-1)).toBe('near: it would pass with `times` at `1` (it is `2`)')
})

test('to explain a test changes nothing of what it gives', () => {
  const base = [{ path: 'regulations/testland.yaml', text: sampleRegulation }, { path: 'a.yaml', text: sampleRules }]
  const bundle = loadRules([{ dir: 'd', files: base }], { detectors: sampleDetectors })
  for (const r of runTests(bundle)) {
    const { findings } = r.explain()
    expect(findings.filter((f) => f.outcome === 'sent').length > 0).toBe(r.it.startsWith('warns'))
  }
})

test('every shipped test can be explained', async () => {
  const bundle = loadRules(await readRuleSources([RULES]), { detectors, models: await listModels(SHIPPED_MODELS) })
  const told = runTests({ ...bundle, tested: bundle.tested.filter((t) => t.rule.detector.model === undefined) })
  expect(told.length).toBeGreaterThan(60)
  for (const r of told) {
    const explanation = r.explain()
    const expected = bundle.tested.flatMap((t) => (t.rule.id === r.rule ? t.tests : [])).find((t) => t.it === r.it)?.expect.length ?? 0
    const isSent = explanation.findings.some((f) => f.outcome === 'sent') && !explanation.findings.some((f) => f.outcome.startsWith('withdrawn'))
    expect([r.it, isSent]).toEqual([r.it, expected > 0])
    expect(explanationText(explanation)).not.toMatch(/undefined|NaN|\[object/)
  }
})

test('conditions in params are taken apart for each event that they judge, with what lists and shared conditions say', () => {
  const text = `- lists: { demo: [L9] }
- rule: fast
  title: A title
  description: A description.
  detector: threshold
  severity: low
  response: review
  scope: '!(learner in demo)'
  params: { where: 'action == "heartbeat" && rate > 1.5', window: 10m, most: 1 }
  tests:
    - it: tried
      given: |
        08:00:00 heartbeat L9 chapter=a rate=2.0
        08:00:01 heartbeat L1 chapter=a rate=1.0
        08:00:02 heartbeat L1 chapter=a rate=1.0
        08:00:03 heartbeat L1 chapter=a
        08:00:04 heartbeat L1 chapter=a rate=2.0
      expect: [{ subject: { id: L1 } }]
- rule: there
  title: A title
  description: A description.
  detector: match
  severity: low
  response: review
  params: { where: 'place.country == "CN"', over: device }
  tests: [{ it: tried, given: '08:00:00 logged-in L1 device=d1 ip=192.0.2.1', expect: [{ subject: { id: d1 } }] }]
`
  const [fast, there] = runTests(loadRules([{ dir: 'd', files: [{ path: 'a.yaml', text }] }], { detectors })).map((r) => explanationText(r.explain()).split('\n'))
  expect(fast?.slice(0, 13)).toEqual([
    'saw 4 of 5 events:',
    '  e1 08:00:00 heartbeat L9: out of scope', '    `scope` is false: !(learner in demo) (learner is "L9", demo is ["L9"])',
    '  e2 08:00:01 heartbeat L1 and 1 more: seen', '    action == "heartbeat" && rate > 1.5: false', '      action == "heartbeat": true (action is "heartbeat")', '      rate > 1.5: false (rate is 1)',
    '  e4 08:00:03 heartbeat L1: seen', '    action == "heartbeat" && rate > 1.5: fails, which counts as not met', '      action == "heartbeat": true (action is "heartbeat")',
    '      rate > 1.5: fails, which counts as not met (rate is null)',
    '  e5 08:00:04 heartbeat L1: seen', '    action == "heartbeat" && rate > 1.5: true',
  ])
  expect(there?.slice(0, 3)).toEqual([
    'saw 1 of 1 sightings:', '  08:00:00 L1 first device d1: seen', '    place.country == "CN": not known, so that it is not judged (place.country is absent)',
  ])
})
