import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../testing/runs.ts'
import { FEATURES } from './index.ts'

const path = join(ROOT, 'docs', 'features.md')
const MARK = '--update` -->\n'

function reference(): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|')
  const rows = FEATURES.map((f, i) => `| ${i} | \`${f.name}\` | ${cell(f.formula)} | ${f.unit} | ${cell(f.missing)} |`)
  return ['', '| column | feature | formula | unit | missing |', '|---|---|---|---|---|', ...rows, ''].join('\n')
}

test('the documentation has every feature', async () => {
  const text = readFileSync(path, 'utf8')
  const by = text.indexOf(MARK) + MARK.length
  expect(by).toBeGreaterThan(MARK.length)
  await expect(text.slice(0, by) + reference()).toMatchFileSnapshot(path)
})

test('every feature has a name of its own, and says what it is', () => {
  expect(new Set(FEATURES.map((f) => f.name)).size).toBe(FEATURES.length)
  expect(FEATURES.filter((f) => !/^[a-z]+(-[a-z]+)*$/.test(f.name) || f.formula === '' || f.unit === '' || f.missing === '')).toEqual([])
})
