import { appendFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { SECOND, formatTime } from '../base/time.ts'
import { writeModel } from '../io/models.ts'
import type { Backend } from '../models/runtime/tensorflow.ts'
import { SMALL_GEO } from '../testing/cli.ts'
import { instant } from '../testing/drive.ts'
import { RULES, run, temporary, writeLog } from '../testing/runs.ts'
import { clockworkModel, tinyModel } from '../testing/tiny-model.ts'
import { contextRecordOf, readContextRecord, setupOf } from './context-record.ts'
import { openContext, type OpenContext } from './context.ts'
import { findModels } from './models.ts'

const dir = temporary()
const models = join(dir, 'models')
const rules = [RULES]
const plain = join(dir, 'plain')
mkdirSync(plain)
writeFileSync(join(plain, 'a.yaml'), '- { rule: a, title: a, description: a, detector: two-accounts, severity: low, response: review }\n')
const geo = SMALL_GEO.slice(1)

const open = (folder = models, backend?: Backend): Promise<OpenContext> => openContext({ rules, geo, models: folder, backend, version: 'test' })
const hasTensorFlow = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('@tensorflow'))

/** A copy of the models' folder. */
function copy(name: string): string {
  cpSync(models, join(dir, name), { recursive: true })
  return join(dir, name)
}

test('rules that ask no model load no TensorFlow.js, and their context has no word of it', async () => {
  mkdirSync(join(models, 'brushing'), { recursive: true })
  writeFileSync(join(models, 'brushing', 'model.json'), 'not looked into')
  const { parts, models: scorers } = await openContext({ rules: [plain], geo, models, version: 'test' })
  expect([Object.keys(parts), scorers.size, hasTensorFlow()]).toEqual([['rules', 'catalogue', 'geo', 'version'], 0, false])
})

describe('a rule that asks a model', () => {
  beforeAll(async () => void (await writeModel(join(models, 'brushing'), await clockworkModel())))

  test('has it and what runs it in its context', async () => {
    const [one, again, cpu] = [await open(), await open(), await open(models, 'cpu')]
    expect(hasTensorFlow()).toBe(true)
    expect(one.parts).toMatchObject({ models: { brushing: expect.stringMatching(/^[0-9a-f]{64}$/) }, backend: 'wasm' })
    expect(again.hash).toBe(one.hash)
    expect(cpu.parts).toEqual({ ...one.parts, backend: 'cpu' })
    expect(cpu.hash).not.toBe(one.hash)
    const other = copy('other')
    appendFileSync(join(other, 'brushing', 'card.md'), 'a card may be written anew')
    expect((await open(other)).hash).toBe(one.hash)
    appendFileSync(join(other, 'brushing', 'scaler.json'), '\n')
    expect((await open(other)).hash).not.toBe(one.hash)
  })

  test('cannot be loaded without it, and says where and how to mend it', async () => {
    await expect(open(join(dir, 'nowhere'))).rejects.toMatchObject({
      code: 'bad-rules',
      problems: [{
        file: join(RULES, 'supervision-2.yaml'), line: expect.any(Number), message: 'the detector `brushing-model` needs the model `brushing`, which is not at hand',
        mend: 'name the folder that `brushing` lies in with `--models`, or take the rule out',
      }],
    })
  })

  test('nor with one that was made for other features', async () => {
    await writeModel(join(dir, 'foreign', 'brushing'), await tinyModel({ features: ['a'] }))
    await expect(open(join(dir, 'foreign'))).rejects.toMatchObject({ code: 'bad-model', message: expect.stringMatching(/^the model `brushing` was trained on other features than this version has: number 1 is `a` there and `[a-z-]+` here$/) })
  })

  test('warns in a run, on every backend alike', async () => {
    const lines = Array.from({ length: 160 }, (_, i) => JSON.stringify({
      id: `e${i}`, time: formatTime(instant('08:00:00') + i * 15 * SECOND), action: i === 0 ? 'played' : 'heartbeat', platform: 'p1', learner: 'L1', chapter: 'c1',
    }))
    const log = writeLog(dir, 'log.ndjson', lines)
    const of = async (backend: Backend) => {
      const context = await open(models, backend)
      const { warnings, summary } = await run(dir, { logs: [log], context })
      expect(summary.context).toEqual({ hash: context.hash, ...context.parts })
      return warnings.filter((w) => w.rule === 'brushing-model').map((w) => ({ ...w, context: '' }))
    }
    const wasm = await of('wasm')
    expect(wasm).toMatchObject([{ episode: 'ongoing', response: 'review', disputed: [], reasons: [{ feature: 'gap-same', value: 1, weight: 8 }] }])
    expect(await of('cpu')).toEqual(wasm)
  })
})

describe('a context that was written down', () => {
  test('is opened again with the local model, or with the one that lies by its hash', async () => {
    const context = await open(models, 'cpu')
    const record = readContextRecord(JSON.stringify(contextRecordOf(context)))
    expect(record.parts).toEqual(context.parts)
    const kept = join(dir, 'kept')
    const hash = context.parts.models?.brushing as string
    cpSync(join(models, 'brushing'), join(kept, hash), { recursive: true })
    const none = join(dir, 'none')
    for (const [local, folder] of [[models, undefined], [models, none], [none, kept]] as const) {
      const { setup } = await setupOf(record, context.catalogue, await findModels(record, local, folder))
      expect(setup.models?.get('brushing')).toBe(context.models.get('brushing'))
    }
    const lacking = `the context \`${context.hash}\` needs the model \`brushing\` of hash \`${hash}\`, which is not the local one`
    await expect(findModels(record, none, undefined)).rejects.toMatchObject({ code: 'usage', message: `${lacking}; set \`context\` to a folder, and put the model's folder there as \`${hash}\`` })
    const other = copy('changed')
    appendFileSync(join(other, 'brushing', 'scaler.json'), '\n')
    await expect(findModels(record, other, none)).rejects.toMatchObject({ code: 'not-found', message: `${lacking}; put the model's folder there as \`${join(none, hash)}\`` })
    rmSync(join(kept, hash, 'calibration.json'))
    await expect(findModels(record, none, kept)).rejects.toMatchObject({ code: 'bad-model', message: expect.stringContaining(`\`${join(kept, hash)}\` holds another model`) })
  })

  test('of rules that ask none, as they were before there were models, needs none', async () => {
    const context = await openContext({ rules: [plain], geo, version: 'test' })
    const record = readContextRecord(JSON.stringify(contextRecordOf(context)))
    expect(await findModels(record, join(dir, 'none'), undefined)).toEqual(new Map())
  })
})
