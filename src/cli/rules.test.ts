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
