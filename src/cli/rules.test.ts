import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { sampleDetectors, sampleRegulation, sampleRules } from '../testing/sample-rules.ts'
import { rulesCommand } from './rules.ts'

async function folder(files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'invigil-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  await mkdir(join(dir, 'regulations'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text)
  return dir
}

const sample = () => folder({ 'regulations/testland.yaml': sampleRegulation, 'a.yaml': sampleRules })

async function run(...args: string[]): Promise<string> {
  let out = ''
  await rulesCommand({ detectors: sampleDetectors, today: () => '2026-03-01', write: (text) => void (out += text) }).parseAsync(args, { from: 'user' })
  return out
}

test('check says that the rules are good', async () => {
  expect(await run('check', '--rules', await sample())).toMatch(/^2 rules are good, hash [0-9a-f]{64}\n$/)
})

test('check tells every problem', async () => {
  const dir = await folder({ 'a.yaml': '- rule: a\n- rule: b\n  titel: x\n' })
  await expect(run('check', '--rules', dir)).rejects.toMatchObject({ code: 'bad-rules', problems: expect.arrayContaining([expect.objectContaining({ file: join(dir, 'a.yaml'), line: 3 })]) })
})

test('test shows a line for each rule', async () => {
  expect(await run('test', '--rules', await sample())).toBe('pass  address: 1 of 1\npass  often: 2 of 2\n3 passed, 0 failed\n')
  expect(await run('test', '--rules', await sample(), '--rule', 'address')).toBe('pass  address: 1 of 1\n1 passed, 0 failed\n')
})

test('test fails with what was expected and what came', async () => {
  const site = await folder({ 'site.yaml': '- rule: address\n  params: { most: 2 }\n- rule: often\n  tests: [{ it: never warns, given: "", expect: [{ severity: low }] }]\n' })
  let out = ''
  const command = rulesCommand({ detectors: sampleDetectors, today: () => '2026-03-01', write: (text) => void (out += text) })
  await expect(command.parseAsync(['test', '--rules', await sample(), '--rules', site], { from: 'user' })).rejects.toMatchObject({
    code: 'bad-rules', message: '1 of 4 tests failed',
    problems: [{ file: join(site, 'site.yaml'), line: 4, message: '`often` it never warns: 1 warning expected, 0 raised' }],
  })
  expect(out).toBe(`pass  address: 1 of 1
FAIL  often: 2 of 3
      it never warns
        1 warning expected, 0 raised
        expected:
          - {"severity":"low"}
        actual: nothing
        why:
          nothing happened: \`given\` has no event
note: ${join(site, 'site.yaml')}:1:3: \`address\` gets other params without a test of its own
3 passed, 1 failed
`)
})

test('a rule that is not there', async () => {
  await expect(run('test', '--rules', await sample(), '--rule', 'adress')).rejects.toMatchObject({ code: 'usage', problems: [{ mend: 'did you mean `address`?' }] })
})

test('docs go to a file or to the output', async () => {
  const dir = await sample()
  const text = await run('docs', '--rules', dir)
  expect(text).toContain('### many-plays')
  expect(await run('docs', '--rules', dir, '--output', join(dir, 'reference.md'))).toBe('')
  expect(await readFile(join(dir, 'reference.md'), 'utf8')).toBe(text)
  await expect(run('docs', '--rules', dir, '--output', join(dir, 'none', 'x.md'))).rejects.toMatchObject({ code: 'not-found' })
})

const doubtful = (more = '') => folder({
  'regulations/testland.yaml': sampleRegulation,
  'a.yaml': `- rule: many\n  title: A title\n  description: A description.\n  detector: many-plays\n  severity: low\n  response: review\n  params: { within: 9d }\n${more}`,
})

test('check warns of what nobody can have meant, and lets it pass unless it is strict', async () => {
  const dir = await doubtful()
  const file = join(dir, 'a.yaml')
  const said = await run('check', '--rules', dir)
  expect(said).toMatch(/^\S+a\.yaml:7:21: warning: `params\.within` is `9d`, which is hardly meant \(did you mean `9m`\?\)\n1 rule is good but for 1 warning, hash [0-9a-f]{64}\n$/)
  await expect(run('check', '--rules', dir, '--strict')).rejects.toMatchObject({ code: 'bad-rules', message: '1 warning, and `--strict` lets none pass' })
  const json = JSON.parse(await run('check', '--rules', dir, '--format', 'json')) as object
  expect(json).toMatchObject({ format: 1, good: true, rules: 1, findings: [{ level: 'warning', kind: 'implausible-value', file, line: 7, column: 21 }] })
})

test('check tells errors in the format that was asked for, too', async () => {
  const dir = await doubtful('  titel: x\n')
  const tell = async (format: string): Promise<unknown> => {
    let out = ''
    const command = rulesCommand({ detectors: sampleDetectors, write: (text) => void (out += text) })
    await expect(command.parseAsync(['check', '--rules', dir, '--format', format], { from: 'user' })).rejects.toMatchObject({ code: 'bad-rules' })
    return JSON.parse(out)
  }
  expect(await tell('json')).toMatchObject({ good: false, rules: null, findings: [{ level: 'error', kind: 'bad-rules', line: 8, mend: 'did you mean `title`?' }] })
  expect(await tell('sarif')).toMatchObject({
    version: '2.1.0', runs: [{ results: [{ ruleId: 'bad-rules', level: 'error', locations: [{ physicalLocation: { region: { startLine: 8, startColumn: 3 } } }] }] }],
  })
})

test('check fails where a test speaks of what there is not, though the rules load', async () => {
  const dir = await doubtful('  tests: [{ it: warns, given: "08:00:00 played L1 chapter=a", expect: [{ severty: low }] }]\n')
  let out = ''
  const command = rulesCommand({ detectors: sampleDetectors, write: (text) => void (out += text) })
  await expect(command.parseAsync(['check', '--rules', dir], { from: 'user' })).rejects.toMatchObject({
    code: 'bad-rules', message: '1 problem in the tests of the rules', problems: [{ line: 8, message: 'no warning has `expect[0].severty`', mend: 'did you mean `severity`?' }],
  })
  expect(out).toMatch(/^\S+a\.yaml:7:21: warning: [^\n]+\n$/)
})

test('check knows what the catalogue has', async () => {
  const dir = await sample()
  await writeFile(join(dir, 'c.txt'), 'platforms: [{ id: p9 }]\n')
  expect(await run('check', '--rules', dir, '--catalogue', join(dir, 'c.txt'))).toContain('warning: the catalogue has no platform `p1` (did you mean `p9`?)')
  await expect(run('check', '--rules', dir, '--catalogue', join(dir, 'none'))).rejects.toMatchObject({ code: 'not-found' })
})

test('test names the rules that lack a test', async () => {
  const said = await run('test', '--rules', await sample(), '--coverage')
  expect(said).toMatch(/note: \S+a\.yaml:27:3: `address` lacks a test that must not warn\n3 passed, 0 failed; 1 of 2 rules have a test that warns and one that must not\n$/)
})

test('test tells programs all that it tells people', async () => {
  const site = await folder({ 'site.yaml': '- rule: often\n  tests: [{ it: never warns, given: "08:00:00 paused L1 chapter=c1", expect: [{ severity: low }] }]\n' })
  let out = ''
  const command = rulesCommand({ detectors: sampleDetectors, write: (text) => void (out += text) })
  await expect(command.parseAsync(['test', '--rules', await sample(), '--rules', site, '--format', 'json', '--coverage'], { from: 'user' })).rejects.toMatchObject({ code: 'bad-rules' })
  const told = JSON.parse(out) as { tests: { it: string }[] }
  expect(told).toMatchObject({ format: 1, passed: 3, failed: 1, coverage: { lacking: [{ rule: 'address', lacks: ['a test that must not warn'] }] } })
  expect(told.tests.find((t) => t.it === 'never warns')).toMatchObject({
    rule: 'often', file: join(site, 'site.yaml'), line: 2, passed: false, failure: expect.stringMatching(/^1 warning expected, 0 raised/),
    why: { watches: ['played'], events: [{ id: 'e1', seen: 'not watched' }], findings: [], notEvaluable: [{ platform: 'p1', reason: 'no event of `played`' }, {}, {}] },
  })
})

test('schema goes to a file or to the output', async () => {
  const dir = await sample()
  const text = await run('schema', '--rules', dir)
  expect(JSON.parse(text)).toMatchObject({ $schema: 'http://json-schema.org/draft-07/schema#', items: { properties: { detector: { enum: ['many-plays', 'busy-address'] } } } })
  expect(await run('schema', '--rules', dir, '--output', join(dir, 'schema.json'))).toBe('')
  expect(await readFile(join(dir, 'schema.json'), 'utf8')).toBe(text)
})
