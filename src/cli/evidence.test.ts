import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { unpackZip } from '../io/zip.ts'
import { invigil, SMALL_GEO, type Ended } from '../testing/cli.ts'
import { cases, type Fixture } from '../testing/fixtures.ts'
import { readWarnings, temporary } from '../testing/runs.ts'

const dir = temporary()
const { log } = cases().find((c) => c.name === 'parallel-chapters') as Fixture
const of = ['--input', log, ...SMALL_GEO]
let id = ''

const run = (...args: string[]): Promise<Ended> => invigil(args, { cwd: dir })

beforeAll(async () => {
  await run('run', log, ...SMALL_GEO, '--output', 'out', '--quiet')
  id = readWarnings(join(dir, 'out')).warnings[0]?.id as string
  expect(id).toMatch(/^[0-9a-f]{32}$/)
  await run('evidence', '--new-key', 'signer.pem')
})

test('explain tells who, what, when, under which rule, with its numbers, its limit and its events', async () => {
  const { code, out, err } = await run('explain', id.slice(0, 10), ...of)
  expect([code, err]).toEqual([0, ''])
  for (const text of [`warning ${id}, revision 2 of 2, ended`, 'learner p1/L1', 'severity high, response withhold', 'limit 30 s', '上限 30 秒', 'yunnan/supervision-2', 'What it rests on', 'overlap      30s', 'SHA-256']) expect(out).toContain(text)
  expect(out).toMatch(/^ {2}seconds +60 +30$/m)
  expect(out).toMatch(/^ {2}1 .* ongoing .*seconds 30/m)
  expect(out).toMatch(/^ {2}2 .* ended .*seconds 60/m)
  expect(out).toMatch(/heartbeat +e4 +session=s2 chapter=c2 position=30/)

  const json = JSON.parse((await run('explain', `${id}.2`, ...of, '--json')).out) as { id: string; revisions: unknown[]; events: { id: string; named: boolean; time: string }[] }
  expect([json.id, json.revisions.length]).toEqual([id, 2])
  expect(json.events.find((e) => e.id === 'e4')).toMatchObject({ named: true, time: '2026-03-02T00:00:40.000Z' })
})

test('evidence is one signed file, which anybody can check with tools that everybody has', async () => {
  expect(await run('evidence', id, ...of, '--output', 'e.zip', '--html', 'e.html', '--key', 'signer.pem')).toMatchObject({
    code: 0, err: '', out: `e.zip: warning ${id} of parallel-chapters, 2 revisions, 7 events of 1 learner, signed\ne.html: a page about warning ${id}\n`,
  })
  const trusted = await run('verify', 'e.zip', '--trust', 'signer.pub.pem')
  expect([trusted.code, trusted.out]).toEqual([0, expect.stringMatching(/verified: the same warning comes out.*\nsigned with the key that is trusted, [0-9a-f]{64}\n/)])

  const unpacked = join(dir, 'unpacked')
  for (const [name, bytes] of unpackZip(readFileSync(join(dir, 'e.zip')))) {
    mkdirSync(join(unpacked, name, '..'), { recursive: true })
    writeFileSync(join(unpacked, name), bytes)
  }
  // As README.txt says.
  execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: unpacked })
  const verify = ['pkeyutl', '-verify', '-pubin', '-inkey', 'public-key.pem', '-rawin', '-in', 'SHA256SUMS', '-sigfile', 'SHA256SUMS.sig']
  expect(execFileSync('openssl', verify, { cwd: unpacked, encoding: 'utf8' })).toContain('Verified Successfully')
  expect(readFileSync(join(unpacked, 'warning.ndjson'), 'utf8')).toBe(readWarnings(join(dir, 'out')).bytes)

  // The same again is the same, and a bundle can be explained like a log.
  await run('evidence', id, ...of, '--output', 'again.zip', '--key', 'signer.pem')
  expect(Buffer.compare(readFileSync(join(dir, 'e.zip')), readFileSync(join(dir, 'again.zip')))).toBe(0)
  expect((await run('explain', 'e.zip')).out).toBe((await run('explain', id, ...of)).out)
})

test('keys are made once, and the private one is for its owner alone', async () => {
  expect(statSync(join(dir, 'signer.pem')).mode & 0o777).toBe(0o600)
  expect(await run('evidence', '--new-key', 'signer.pem')).toMatchObject({ code: 2, err: expect.stringContaining('`signer.pem` is there already') as string })
  // One that openssl made serves as well.
  execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', 'other.pem'], { cwd: dir })
  execFileSync('openssl', ['pkey', '-in', 'other.pem', '-pubout', '-out', 'other.pub'], { cwd: dir })
  expect((await run('evidence', id, ...of, '--output', 'other.zip', '--key', 'other.pem')).code).toBe(0)
  expect((await run('verify', 'other.zip', '--trust', 'other.pub')).code).toBe(0)
  expect(await run('verify', 'other.zip', '--trust', 'signer.pub.pem', '--json')).toMatchObject({ code: 1, out: expect.stringContaining('"verified":false') as string })
})

test('a warning must come out as it was published, where that is named', async () => {
  expect((await run('evidence', id, ...of, '--output', 'p.zip', '--warnings', join('out', 'warnings.ndjson'))).code).toBe(0)
  mkdirSync(join(dir, 'own'))
  writeFileSync(join(dir, 'own', 'rules.yaml'), '- rule: parallel-chapters\n  severity: low\n')
  const { code, err } = await run('evidence', id, ...of, '--rules', 'shipped', '--rules', 'own', '--output', 'q.zip', '--warnings', join('out', 'warnings.ndjson'))
  expect(code).toBe(2)
  expect(err).toContain('does not come out as it stands in')
  expect(err).toContain('revision 1: `severity` comes out as `"low"`')
  expect(existsSync(join(dir, 'q.zip'))).toBe(false)
  writeFileSync(join(dir, 'first.ndjson'), `${readWarnings(join(dir, 'out')).bytes.split('\n')[0]}\n`)
  expect((await run('explain', id, ...of, '--warnings', 'first.ndjson')).code).toBe(0)
  writeFileSync(join(dir, 'none.ndjson'), '')
  expect(await run('explain', id, ...of, '--warnings', 'none.ndjson')).toMatchObject({ code: 2, err: expect.stringContaining('it is not there') as string })
})

test('several warnings come out of one reading, each with its files', async () => {
  const { log: second } = cases().find((c) => c.name === 'one-device') as Fixture
  await run('run', second, ...SMALL_GEO, '--output', 'out2', '--quiet')
  const other = readWarnings(join(dir, 'out2')).warnings[0]?.id as string
  const { code, out } = await run('evidence', other, other, '--input', second, ...SMALL_GEO, '--output', 'bundles')
  expect([code, out]).toEqual([0, expect.stringContaining(join('bundles', `${other}.zip`))])
  expect((await run('verify', join('bundles', `${other}.zip`))).out).toContain('unsigned: nothing says who made the bundle')
})

test.each([
  ['an id that is none', ['explain', 'parallel-chapters'], '`parallel-chapters` is no id of a warning'],
  ['a warning that the log does not give', ['explain', '0123456789abcdef'], 'this log gives no warning `0123456789abcdef` under these rules: it gives others (parallel-chapters 1)'],
  ['standard input', ['explain', '0123456789abcdef', '--input', '-'], 'a log is read twice here, which standard input cannot be'],
  ['no file to write', ['evidence', '0123456789abcdef'], 'name the file to write with `--output FILE.zip`'],
  ['a key that is none', ['evidence', '0123456789abcdef', '--output', 'x.zip', '--key', 'signer.pub.pem'], '`signer.pub.pem` holds no private key'],
  ['a file that is no bundle', ['explain', 'signer.pem'], '`signer.pem` is no bundle of evidence'],
  ['a private key to trust', ['verify', 'signer.pem', '--trust', 'signer.pem'], '`signer.pem` holds no public key'],
  ['a bundle that is not there', ['verify', 'nothing.zip'], 'there is no file `nothing.zip`'],
  ['a secret that can be guessed', ['evidence', '0123456789abcdef', '--output', 'x.zip', '--pseudonymise', 'short'], 'could be guessed'],
  ['its own log to write over', ['evidence', '0123456789abcdef', '--output', log], 'would be written over'],
])('%s is told', async (_, args, message) => {
  writeFileSync(join(dir, 'short'), 'abc')
  const [command, ...rest] = args as [string, ...string[]]
  const { code, err } = await run(command, ...rest, ...(command === 'verify' || rest.includes('--input') ? [] : of))
  expect([code, err]).toEqual([2, expect.stringContaining(message)])
})
