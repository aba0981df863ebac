import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadCatalogue } from '../catalogue/load.ts'
import { SMALL_GEO, startShell } from '../testing/cli.ts'
import { ROOT, temporary } from '../testing/runs.ts'

const TEXT = readFileSync(join(ROOT, 'docs', 'connect.md'), 'utf8')
const blocks = [...TEXT.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, kind, text]) => ({ kind: kind as string, text: text as string }))

/** A command as a test runs it: the small database is enough, and the built program needs no `npx`. */
function runnable(line: string): string {
  return line.replace(/^npx invigil (\S+)/, (_, command: string) => `$INVIGIL ${command}${['simulate'].includes(command) ? '' : ` ${SMALL_GEO.join(' ')}`}`)
}

test('what docs/connect.md says to do, works, and says what it shows', async () => {
  const dir = temporary()
  let said = ''
  let commands = 0
  for (const { kind, text } of blocks) {
    if (kind === 'csv') writeFileSync(join(dir, 'export.csv'), text)
    else if (kind === 'sh') {
      const { code, out, err } = await startShell(`set -e\n${text.split('\n').map(runnable).join('\n')}`, { cwd: dir }).ended
      expect([text, code, err]).toEqual([text, 0, ''])
      said = out
      commands++
    } else if (kind === 'text') {
      const flat = said.replaceAll(/\s+/g, ' ')
      for (const line of text.trimEnd().split('\n')) expect(flat).toContain(line.trim().replaceAll(/\s+/g, ' '))
    } else expect(kind).toBe('known')
  }
  expect(commands).toBe(8)
  expect(loadCatalogue(readFileSync(join(dir, 'catalogue.yaml'), 'utf8'), 'x').data.platforms.length).toBe(3)
  expect(JSON.parse(readFileSync(join(dir, 'out', 'summary.json'), 'utf8'))).toMatchObject({ state: 'finished', problems: [] })
  expect(readFileSync(join(dir, 'check.html'), 'utf8')).toContain('补充以下内容')
}, 240_000)
