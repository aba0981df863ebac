import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startShell } from '../testing/cli.ts'
import { ROOT, temporary } from '../testing/runs.ts'

const cwd = temporary()
const contracts = (args: string) => startShell(`env -u KAFKA_BROKERS $INVIGIL contracts ${args}`, { cwd }).ended

test('writes what the documentation has', async () => {
  const docs = join(ROOT, 'docs', 'contracts')
  const { code, out, err } = await contracts('--output made/contracts')
  expect({ code, out, err }).toEqual({ code: 0, out: `${readdirSync(docs).length} files in made/contracts\n`, err: '' })
  const read = (dir: string) => readdirSync(dir).sort().map((name) => [name, readFileSync(join(dir, name), 'utf8')])
  expect(read(join(cwd, 'made/contracts'))).toEqual(read(docs))
})

test('with the names of the topics in the configuration', async () => {
  writeFileSync(join(cwd, 'realm.yaml'), 'kafka: { prefix: yunnan., topics: { partitions: { warnings: 24 } } }\nsources: [{ topic: lms.statements, format: xapi }]\n')
  expect(await contracts('--output realm --config realm.yaml')).toMatchObject({ code: 0 })
  const asyncapi = readFileSync(join(cwd, 'realm', 'asyncapi.yaml'), 'utf8')
  expect(asyncapi).toContain('address: lms.statements')
  expect(asyncapi).toContain('address: yunnan.warnings')
  expect(asyncapi).not.toContain('invigil.warnings')
  expect(readFileSync(join(cwd, 'realm', 'warning.md'), 'utf8')).toContain('- Topic: `yunnan.warnings`')
})

test('says what is wrong', async () => {
  expect(await contracts('')).toMatchObject({ code: 2, out: '', err: expect.stringContaining('--output') as string })
  mkdirSync(join(cwd, 'taken', 'event.md'), { recursive: true })
  const { code, err } = await contracts('--output taken')
  expect(code).not.toBe(0)
  expect(err).toMatch(/^invigil: .*event\.md/)
})
