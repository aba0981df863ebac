import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { default as Draft04 } from 'ajv-draft-04'
import { expect, test } from 'vitest'
import { toSarif, type Finding } from './sarif.ts'

// The schema that OASIS published for SARIF 2.1.0, as a package that Microsoft publishes carries it.
const folder = dirname(createRequire(import.meta.url).resolve('@microsoft/jest-sarif/package.json'))
const schema = JSON.parse(readFileSync(join(folder, 'lib', 'schemas', 'sarif-2.1.0-rtm.5.json'), 'utf8')) as object
const validate = new Draft04.default({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(schema)

const findings: Finding[] = [
  { level: 'error', kind: 'bad-rules', file: 'rules/a b.yaml', line: 3, column: 7, message: '`a` is missing', mend: 'write it' },
  { level: 'warning', kind: 'never-fires', file: 'rules/a.yaml', line: 9, message: 'never' },
  { level: 'note', kind: 'untested-change', message: 'nowhere' },
]
const log = toSarif(findings, '1.2.3', (file) => encodeURI(file)) as { runs: { results: object[]; tool: { driver: { rules: { id: string }[] } } }[] }

test('it is SARIF as published', () => {
  validate(log)
  expect(validate.errors ?? []).toEqual([])
  // And the schema refuses what is none.
  expect(validate({ ...log, version: '2.0' })).toBe(false)
  expect(validate({ ...log, runs: [{ ...log.runs[0], results: [{ level: 'error' }] }] })).toBe(false)
})

test('each finding stands at its place, with what to do', () => {
  const [run] = log.runs as [(typeof log.runs)[number]]
  expect(run.results[0]).toEqual({
    ruleId: 'bad-rules', ruleIndex: 0, level: 'error', message: { text: '`a` is missing (write it)' },
    locations: [{ physicalLocation: { artifactLocation: { uri: 'rules/a%20b.yaml' }, region: { startLine: 3, startColumn: 7 } } }],
  })
  expect(run.results[1]).toMatchObject({ ruleId: 'never-fires', locations: [{ physicalLocation: { region: { startLine: 9 } } }] })
  expect(run.results[2]).not.toHaveProperty('locations')
  for (const r of run.results as { ruleId: string; ruleIndex: number }[]) expect(run.tool.driver.rules[r.ruleIndex]?.id).toBe(r.ruleId)
})
