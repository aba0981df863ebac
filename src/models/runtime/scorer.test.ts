import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { listModels, readModel, writeModel } from '../../io/models.ts'
import { seeded } from '../../testing/five-platforms.ts'
import { temporary } from '../../testing/runs.ts'
import { tinyModel } from '../../testing/tiny-model.ts'
import { heightAt } from './scales.ts'
import { openScorer } from './scorer.ts'
import { openTensorFlow, type Backend } from './tensorflow.ts'

// From the first loading on.
const warned = vi.spyOn(console, 'warn')
const features = Array.from({ length: 30 }, (_, i) => `feature-${i}`)
const files = await tinyModel({ features, hidden: 20 })
const single = await tinyModel({ features: ['a'] })
const MOST = 200

/** Rows with one in ten values missing, and some far out. */
function rowsOf(count: number, seed = 3): Float64Array {
  const random = seeded(seed)
  return Float64Array.from({ length: count * features.length }, () => (random() < 0.1 ? NaN : (random() - 0.5) * (random() < 0.1 ? 100 : 3)))
}

const installed = await openTensorFlow('node').then(() => true, () => false)
if (!installed) process.stdout.write('the backend `node` is not installed: it is not compared with the others\n')
const backends: Backend[] = installed ? ['wasm', 'cpu', 'node'] : ['wasm', 'cpu']

test.each(backends)('on %s a row has one score, bit for bit, whatever it is scored with', async (backend) => {
  const scorer = await openScorer('tiny', files, { features, backend })
  const rows = rowsOf(MOST)
  const { width } = scorer
  const alone = Array.from({ length: MOST }, (_, i) => scorer.logits(rows.subarray(i * width, (i + 1) * width), 1)[0] as number)
  expect(new Set(alone).size).toBeGreaterThan(MOST * 0.9)
  for (let count = 1; count <= MOST; count++) {
    const from = MOST - count
    const together = scorer.logits(rows.subarray(from * width), count)
    expect(together.findIndex((logit, i) => !Object.is(logit, alone[from + i])), `of ${count}`).toBe(-1)
  }
})

test('all backends agree, in turn and in one process', async () => {
  const rows = rowsOf(MOST)
  const scorers = await Promise.all(backends.map((backend) => openScorer('tiny', files, { features, backend })))
  const [first, ...others] = [...scorers, ...scorers].map((s) => s.logits(rows, MOST))
  for (const other of others) for (let i = 0; i < MOST; i++) expect(Math.abs((other[i] as number) - (first?.[i] as number))).toBeLessThan(1e-5)
  const scores = scorers.map((s) => s.score(rows, MOST))
  for (const score of scores) expect(score.every((p) => p >= 0 && p <= 1 && Math.round(p * 1000) / 1000 === p)).toBe(true)
})

test('the network sees standardised values, clipped, and what is missing as the middle', async () => {
  const weights = features.map((_, i) => (i === 0 ? 1 : 0))
  const linear = await openScorer('tiny', await tinyModel({ features, weights, bias: 0.5 }), { features, backend: 'cpu' })
  const row = (value: number) => Float64Array.from(features, (_, i) => (i === 0 ? value : 0))
  expect([2, -2, 100, -100, Infinity, NaN].map((v) => linear.logits(row(v), 1)[0])).toEqual([2.5, -1.5, 5.5, -4.5, 5.5, 0.5])
  expect(linear.score(row(0), 1)[0]).toBe(0.622)
})

test('tails add what each value is worth by itself', async () => {
  const tails = { weight: 0.5, lines: [{ x: [-4, 0, 4], y: [8, 0, 4] }, { x: [0], y: [2] }] }
  const scorer = await openScorer('tiny', await tinyModel({ features: ['a', 'b'], weights: [0, 1], bias: 0, tails }), { features: ['a', 'b'], backend: 'cpu' })
  expect([[0, 0], [2, 3], [-2, 0], [NaN, NaN], [-99, 0]].map((row) => scorer.logits(Float64Array.from(row), 1)[0])).toEqual([1, 5, 3, 1, 5])
  expect(scorer.reasons(Float64Array.from([-2, 1])).map((r) => [r.feature, r.weight])).toEqual([['a', 2], ['b', 1]])
})

describe('reasons', () => {
  const few = ['a', 'b', 'c', 'd', 'e']

  test('are the three that raise the logit most, with what it is without them', async () => {
    const scorer = await openScorer('tiny', await tinyModel({ features: few, weights: [1, 2, -3, 0.5, 4] }), { features: few, backend: 'wasm' })
    expect(scorer.reasons(Float64Array.from([1, 1.23456, -2, NaN, 0]))).toEqual([
      { feature: 'c', value: -2, usual: [-1, 1], weight: 6 },
      { feature: 'b', value: 1.235, usual: [-1, 1], weight: 2.469 },
      { feature: 'a', value: 1, usual: [-1, 1], weight: 1 },
    ])
    expect(scorer.reasons(Float64Array.from([-1, 0, 1, 0, 0.0001]))).toEqual([])
  })

  test('do not depend on the backend', async () => {
    const rows = rowsOf(20)
    const scorers = await Promise.all(backends.map((backend) => openScorer('tiny', files, { features, backend })))
    for (let i = 0; i < 20; i++) {
      const [first, ...others] = scorers.map((s) => s.reasons(rows.subarray(i * s.width, (i + 1) * s.width)))
      expect(first).toHaveLength(3)
      for (const other of others) {
        expect(other.map((r) => r.feature)).toEqual(first?.map((r) => r.feature))
        other.forEach((r, n) => expect(r.weight).toBeCloseTo(first?.[n]?.weight as number, 2))
      }
    }
  })
})

test('the curve is straight between its points and level outside', () => {
  const curve = { x: [-1, 0, 2], y: [0.1, 0.5, 0.9] }
  expect([-5, -1, -0.5, 0, 1, 2, 9].map((v) => Math.round(heightAt(curve, v) * 1e9) / 1e9)).toEqual([0.1, 0.1, 0.3, 0.5, 0.7, 0.9, 0.9])
})

describe('a folder', () => {
  const dir = temporary()

  test('is written and read, and known by the hash of what scores depend on', async () => {
    const one = await writeModel(join(dir, 'one'), files)
    const again = await writeModel(join(dir, 'again'), await tinyModel({ features, hidden: 20 }))
    expect([...one.files.keys()]).toEqual(['calibration.json', 'card.md', 'model.json', 'scaler.json', 'weights.bin'])
    expect(again.hash).toBe(one.hash)
    writeFileSync(join(dir, 'again', '.hidden'), 'x')
    expect((await readModel(join(dir, 'again')))?.hash).toBe(one.hash)
    writeFileSync(join(dir, 'again', 'card.md'), 'another card')
    expect((await readModel(join(dir, 'again')))?.hash).toBe(one.hash)
    writeFileSync(join(dir, 'again', 'weights.bin'), 'other weights')
    expect((await readModel(join(dir, 'again')))?.hash).not.toBe(one.hash)
    mkdirSync(join(dir, 'empty'))
    expect(await listModels(dir)).toEqual(['again', 'one'])
    expect([await readModel(join(dir, 'empty')), await readModel(join(dir, 'none')), await listModels(join(dir, 'none'))]).toEqual([undefined, undefined, []])
    const scorer = await openScorer('one', one.files, { features, backend: 'wasm' })
    expect(scorer.score(rowsOf(3), 3)).toEqual((await openScorer('tiny', files, { features, backend: 'wasm' })).score(rowsOf(3), 3))
  })

  const json = (value: unknown) => Buffer.from(JSON.stringify(value))
  const scaler = JSON.parse(Buffer.from(files.get('scaler.json') as Uint8Array).toString()) as { features: string[]; center: number[] }

  test.each<[string, Record<string, Uint8Array | undefined>, string]>([
    ['other features', { 'scaler.json': json({ ...scaler, features: features.map((f) => (f === 'feature-7' ? 'another' : f)) }) }, 'the model `tiny` was trained on other features than this version has: number 8 is `another` there and `feature-7` here'],
    ['fewer features', { 'scaler.json': json({ ...scaler, features: features.slice(1) }) }, 'the model `tiny` was trained on other features than this version has: number 1 is `feature-1` there and `feature-0` here'],
    ['a short list', { 'scaler.json': json({ ...scaler, center: [0] }) }, '`scaler.json` of the model `tiny` has 30 features and 1 of `center`'],
    ['no scaler', { 'scaler.json': undefined }, 'the model `tiny` has no file `scaler.json`'],
    ['no JSON', { 'scaler.json': Buffer.from('{') }, '`scaler.json` of the model `tiny` is not JSON'],
    ['a curve that falls', { 'calibration.json': json({ x: [0, 1], y: [0.5, 0.4] }) }, '`calibration.json` of the model `tiny` is no curve that rises'],
    ['a curve that is none', { 'calibration.json': json({ x: [0, 1], y: [0.5, 2] }) }, '`calibration.json` of the model `tiny`: `y.1` too big: expected number to be <=1'],
    ['tails of fewer features', { 'tails.json': json({ weight: 1, lines: [{ x: [0], y: [0] }] }) }, '`tails.json` of the model `tiny` needs a line for each of 30 features, whose points go from left to right'],
    ['no weights', { 'weights.bin': undefined }, 'the model `tiny` has no file `weights.bin`'],
    ['another network', Object.fromEntries(single), 'the model `tiny` was trained on other features than this version has: number 1 is `a` there and `feature-0` here'],
    ['another width', Object.fromEntries([...single].filter(([name]) => name !== 'scaler.json')), 'the network of the model `tiny` takes 1 numbers and gives 1, where 30 features need 30 and 1'],
  ])('with %s is refused', async (_, changed, message) => {
    const others = new Map(Object.entries({ ...Object.fromEntries(files), ...changed }).filter((f): f is [string, Uint8Array] => f[1] !== undefined))
    await expect(openScorer('tiny', others, { features, backend: 'cpu' })).rejects.toMatchObject({ code: 'bad-model', message })
  })
})

test.skipIf(installed)('a backend that is not installed says so', async () => {
  await expect(openScorer('tiny', files, { features, backend: 'node' })).rejects.toMatchObject({
    code: 'usage', message: 'the backend `node` needs the package `@tensorflow/tfjs-node`, which is not installed',
    problems: [{ mend: '`npm install @tensorflow/tfjs-node`, or use another backend' }],
  })
})

test('TensorFlow.js says nothing, and leaves the process its errors', async () => {
  await Promise.all((['cpu', 'wasm'] as const).map((backend) => openScorer('tiny', files, { features, backend })))
  expect(warned).not.toHaveBeenCalled()
  const own = (event: 'uncaughtException' | 'unhandledRejection') => process.listeners(event as 'uncaughtException').map(String).filter((l) => /ExitStatus|throw reason/.test(l))
  expect([own('uncaughtException'), own('unhandledRejection')]).toEqual([[], []])
})
