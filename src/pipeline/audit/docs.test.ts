import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../testing/root.ts'
import { CLAIM_COLUMNS, CLAIM_REJECTS, LEARNER_ELSE } from './claims.ts'
import { ROW_VERDICTS, WHY_NOT } from './compare.ts'
import { FIGURES } from './figures.ts'
import { ABNORMAL_Z, LEAST_PEERS, METRICS } from './rank.ts'
import { AUDIT_FILES } from './write.ts'

const page = readFileSync(join(ROOT, 'docs/audit.md'), 'utf8')

test.each(Object.entries(CLAIM_COLUMNS))('docs/audit.md tells what the column `%s` may be called', (column, others) => {
  const row = page.split('\n').find((line) => line.startsWith(`| \`${column}\` |`))
  for (const name of others) expect(row).toContain(`\`${name}\``)
})

test('docs/audit.md tells by what else the learner is named', () => {
  for (const name of LEARNER_ELSE) expect(page.toLowerCase()).toContain(`\`${name}\``)
})

test('docs/audit.md names every figure, reason, verdict, measure and file', () => {
  for (const name of FIGURES) expect(page, name).toMatch(new RegExp(`\\b${name.replace(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`)}\\b`))
  for (const name of [...CLAIM_REJECTS, 'repeated', ...WHY_NOT, ...METRICS]) expect(page).toContain(`\`${name}\``)
  for (const name of ROW_VERDICTS) expect(page).toContain(`\`${name}\``)
  for (const name of Object.values(AUDIT_FILES)) expect(page).toContain(`\`${name}`)
  expect(page).toContain(`${ABNORMAL_Z} robust standard deviations`)
  expect([LEAST_PEERS, page.includes('At least ten are compared')]).toEqual([10, true])
})
