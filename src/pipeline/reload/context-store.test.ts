import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SMALL_GEO } from '../../testing/cli.ts'
import { temporary } from '../../testing/runs.ts'
import { openContext } from '../context.ts'
import { SHIPPED_MODELS } from '../models.ts'
import { ContextStore } from './context-store.ts'

const dir = temporary()
const geo = SMALL_GEO.slice(1)
const text = (severity: string, detector = 'brushing-model') => `- { rule: a, title: a, description: a, detector: ${detector}, severity: ${severity}, response: review }`

function rules(severity: string, detector?: string): string {
  mkdirSync(join(dir, 'rules'), { recursive: true })
  writeFileSync(join(dir, 'rules', 'a.yaml'), text(severity, detector))
  return join(dir, 'rules')
}

test('a context is opened again with the rules, the catalogue and the model of then, though all of them have changed since', async () => {
  const [state, models, catalogue] = [join(dir, 'state'), join(dir, 'models'), join(dir, 'catalogue.yaml')]
  cpSync(SHIPPED_MODELS, models, { recursive: true })
  writeFileSync(catalogue, 'platforms: [{ id: p1, lateness: 5s }] # five\n')
  const then = await openContext({ rules: [rules('low')], geo, models, catalogue, version: '1' })
  await new ContextStore(state, { local: then, models }).save(then)
  await new ContextStore(state, { local: then, models }).save(then)
  expect(readFileSync(join(state, 'contexts', `${then.parts.catalogue}.yaml`), 'utf8')).toContain('# five')

  rmSync(models, { recursive: true })
  writeFileSync(catalogue, 'platforms: [{ id: p1, lateness: 9s }]')
  const now = await openContext({ rules: [rules('high', 'hang-up')], geo, models, catalogue, version: '1' })
  const store = new ContextStore(state, { local: now, models })
  const opened = await store.open(then.hash)
  expect(opened).toMatchObject({ hash: then.hash, parts: then.parts })
  expect([opened.bundle.rules[0]?.severity, opened.catalogue.platform('p1')?.lateness, [...opened.models.keys()]]).toEqual(['low', 5000, ['brushing']])
  expect((await store.open(then.hash)).catalogue).toBe(opened.catalogue)
  expect(await store.open(now.hash)).toBe(now)
})

test('what is not there, is another than its name says, or belongs to another version or database is told', async () => {
  const state = join(dir, 'other')
  const then = await openContext({ rules: [rules('low', 'hang-up')], geo, version: '1' })
  await new ContextStore(state, { local: then }).save(then)
  expect(readdirSync(join(state, 'contexts'))).toEqual([`${then.hash}.json`])
  const now = await openContext({ rules: [rules('high', 'hang-up')], geo, version: '2' })
  const open = (hash: string, more: object = {}) => new ContextStore(state, { local: now, ...more }).open(hash)
  await expect(open('none')).rejects.toMatchObject({ code: 'not-found', message: `there is no context \`${join(state, 'contexts', 'none.json')}\`; restore it` })
  await expect(open(then.hash)).rejects.toMatchObject({ code: 'bad-state', message: `the context \`${then.hash}\` is of version 1 of Invigil, this is 2: the warnings may be others` })
  expect((await open(then.hash, { acceptVersion: true })).parts.version).toBe('1')
  const elsewhere = { ...now, parts: { ...now.parts, version: '1', geo: ['other'] } }
  await expect(open(then.hash, { local: elsewhere })).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('give `--geo`') })
  const path = join(state, 'contexts', `${then.hash}.json`)
  writeFileSync(path, readFileSync(path, 'utf8').replace('"version":"1"', '"version":"2"'))
  await expect(open(then.hash)).rejects.toMatchObject({ code: 'bad-state', message: `\`${path}\` holds another context than its name says` })
})
