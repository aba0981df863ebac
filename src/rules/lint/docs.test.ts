import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../testing/root.ts'
import { NOTICES } from './notice.ts'

test('the documentation has every kind of warning', () => {
  const rows = readFileSync(join(ROOT, 'docs', 'rules.md'), 'utf8').split('\n').filter((line) => /^\| `[a-z-]+` \| [A-Z]/.test(line))
  expect(rows).toEqual(Object.entries(NOTICES).map(([kind, text]) => `| \`${kind}\` | ${text} |`))
})
