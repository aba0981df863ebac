import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../testing/runs.ts'
import { card, PICTURES } from './card.ts'
import { measuredRow, type Evaluation } from './evaluation.ts'

const evaluation: Evaluation = {
  model: { name: 'brushing', hash: 'c0ffee', network: 'A network of two layers.', parameters: 12_345, features: 57, training: ['Adam, 40 epochs.', 'Seeded.'] },
  data: [
    { name: 'training', seeds: [1, 2], honest: 8000, cheating: 900, rows: 120_000, spread: [0, 0.3] },
    { name: 'test', seeds: [9], honest: 4000, cheating: 400, rows: 60_000, spread: [0.3, 0.5] },
  ],
  calibration: { method: 'Isotonic regression.', error: 0.0123, bins: [{ predicted: 0.02, observed: 0.018, rows: 50_000, weight: 50_000 }, { predicted: 0.97, observed: 0.95, rows: 1200, weight: 1200 }] },
  thresholds: [{ falseAlarms: 0.001, probability: 0.998765 }, { falseAlarms: 0.01, probability: 0.8 }],
  rows: [
    measuredRow('worst archetype left out, recall at 1 %', { least: 0.6 }, 0.59996, { headline: true, of: 40, note: 'a | b' }),
    measuredRow('recall at 0.1 %', { least: 0.92 }, 0.92, { headline: true, beside: { 'z-score sum': 0.31 } }),
    measuredRow('AUC', { least: 0.995 }, 0.9971, { beside: { 'logistic regression': 0.98, 'isolation forest': 0.7 } }),
    measuredRow('calibration error', { most: 0.03 }, 0.0301),
    measuredRow('group pairs', { least: 0.98 }, undefined),
  ],
  baselines: [{ name: 'z-score sum', about: 'no labels', auc: 0.81, recall1: 0.4, recall01: 0.31 }],
  leftOut: [{ archetype: 'watcher', learners: 40, auc: 0.93, recall1: 0.6111, recall01: 0.4 }],
  archetypes: [{ archetype: 'mimic', learners: 41, auc: 0.99, recall1: 0.97, recall01: 0.9 }],
  slices: [{ slice: 'night', learners: 321, falseAlarms: 0.0125, ratio: 1.25 }],
  jitter: [{ archetype: 'mimic', jitter: 0.5, recall: 0.88 }, { archetype: 'mimic', jitter: 0, recall: 0.97 }, { archetype: 'console', jitter: 0, recall: 0.99 }],
  reasons: [{ archetype: 'mimic', warnings: 38, named: 0.921 }],
  groups: [],
  limits: ['Slow readers are few.'],
  repeat: ['npm run train', 'npm run judge'],
}
const text = card(evaluation)
const lineOf = (start: string): string => text.split('\n').find((l) => l.startsWith(`| ${start} |`)) ?? ''

test.each([
  ['worst archetype left out, recall at 1 %', '| worst archetype left out, recall at 1 % | ≥ 0.6 | 0.59996 | **missed** |  | 40 | a \\| b |'],
  ['recall at 0.1 %', '| recall at 0.1 % | ≥ 0.92 | 0.92 | met | 0.31 |  |  |'],
  ['AUC', '| AUC | ≥ 0.995 | 0.9971 | met | 0.98 | 0.7 |  |  |'],
  ['calibration error', '| calibration error | ≤ 0.03 | 0.0301 | **missed** |  |  |  |  |'],
  ['group pairs', '| group pairs | ≥ 0.98 | not measured | **missed** |  |  |  |  |'],
  ['training', '| training | 1, 2 | 8,000 | 900 | 120,000 | ±0 % to 30 % |'],
  ['night', '| night | 321 | 1.25 % | 1.25 times |'],
  ['watcher', '| watcher | 40 | 0.93 | 0.6111 | 0.4 |'],
  ['0.1 %', '| 0.1 % | 0.998765 |'],
])('the row %s', (start, expected) => {
  expect(lineOf(start)).toBe(expected)
})

test('jitter is a table of archetypes by size, in the order of size', () => {
  expect(text).toContain('| archetype | ±0 % | ±50 % |\n|---|---|---|\n| mimic | 0.97 | 0.88 |\n| console | 0.99 |  |')
})

test('what was left out and the 0.1 % stand first, and how many are missed is said before', () => {
  const at = (part: string): number => text.indexOf(part)
  expect(at('2 are met and 3 missed')).toBeGreaterThan(0)
  expect(at('2 are met and 3 missed')).toBeLessThan(at('| worst archetype'))
  expect(at('| recall at 0.1 % |')).toBeLessThan(at('## What it is for'))
  expect(at('| AUC | ≥')).toBeGreaterThan(at('## Results'))
})

test('says that learners are simulated, what was not measured, and how to repeat it', () => {
  expect(text.slice(0, text.indexOf('##'))).toContain('simulated learners')
  for (const file of Object.values(PICTURES)) expect(text).toContain(`(simulated learners)](${file})`)
  expect(text.slice(text.indexOf('### Group study'), text.indexOf('## Limits'))).toContain('Not measured.')
  expect(text).toContain('```\nnpm run train\nnpm run judge\n```\n')
  expect(text).toContain('- Slow readers are few.')
})

test('its link to the features leads somewhere from a model\'s folder', () => {
  const [, link = ''] = /\]\(([^)]*features\.md)\)/.exec(text) ?? []
  expect(readFileSync(join(ROOT, 'models', 'brushing', link), 'utf8')).toContain('# Features')
})
