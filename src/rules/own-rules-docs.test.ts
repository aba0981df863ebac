import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { detectors } from '../detectors/index.ts'
import { ROOT } from '../testing/root.ts'
import { exampleBundle } from '../testing/examples.ts'
import { writeReference } from './docs.ts'
import { loadRules } from './load.ts'
import { runTests } from './run-tests.ts'

const guide = readFileSync(join(ROOT, 'docs/own-rules.md'), 'utf8')
const blocks = [...guide.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = '']) => text)

test('what the guide shows passes its own tests', () => {
  const bundle = loadRules([{ dir: 'docs', files: blocks.map((text, i) => ({ path: `block-${i}.yaml`, text })) }], { detectors })
  const results = runTests(bundle)
  expect(new Set(bundle.rules.map((r) => r.detector.name)).size).toBe(4)
  expect(results.length).toBeGreaterThan(4)
  expect(results.filter((r) => r.failure !== undefined)).toEqual([])
})

test('the guide names every detector for rules of one’s own', () => {
  const own = detectors.filter((d) => d.fit).map((d) => d.name)
  expect(own).toEqual(['absence', 'match', 'sequence', 'threshold'])
  for (const name of own) expect(guide).toContain(`| \`${name}\` |`)
})

test('the reference shows examples of them, what they see, and the words of conditions', () => {
  const reference = writeReference(exampleBundle(detectors), detectors)
  expect(reference).toContain('### sequence\n\nFor rules of your own:')
  expect(reference).toContain('- Stage: learner, over `events`; resource, over anything else\n')
  expect(reference).toContain('| `within` | duration |')
  expect(reference).toContain('| `expect` | condition |')
  expect(reference).toContain('The rule `device-handed-over` names both:')
  expect(reference).toContain('`kind` (`first` `use` `left` `began` `completed`)')
})

test('the reference lists the names that a bundle gives', () => {
  const bundle = loadRules([{ dir: 'docs', files: [{ path: 'a.yaml', text: blocks[0] as string }] }], { detectors })
  expect(writeReference(bundle, detectors)).toContain('| `demo` | a list of 2 |\n| `guest` | `learner in demo \\|\\| office` |')
})
