import type { Scorer } from '../engine/ports.ts'
import { FEATURES } from '../models/features/index.ts'
import { encodeModel, type ModelFiles } from '../models/runtime/layers-model.ts'
import type { Tails } from '../models/runtime/scales.ts'
import { openScorer } from '../models/runtime/scorer.ts'
import { openTensorFlow, type Backend } from '../models/runtime/tensorflow.ts'
import { seeded } from './five-platforms.ts'

export interface TinyModel {
  features: readonly string[]
  seed?: number
  /** Neurons of a layer in between. */
  hidden?: number
  /** Added to every logit. */
  bias?: number
  /** Fixes what each feature counts, in place of chance; without a layer in between. */
  weights?: readonly number[]
  /** Lines beside the network, one for each feature. */
  tails?: Tails
}

/** The folder of a real network with seeded weights, written as trained ones are: for tests of everything but detection. */
export async function tinyModel({ features, seed = 1, hidden, bias = 0, weights, tails }: TinyModel): Promise<ModelFiles> {
  const tensorflow = await openTensorFlow('cpu')
  tensorflow.use()
  const { tf, layers } = tensorflow
  const random = seeded(seed)
  const some = (rows: number, columns: number) => tf.tensor2d(Array.from({ length: rows * columns }, () => (random() - 0.5) * 2), [rows, columns])
  const wide = features.length
  const model = layers.sequential({ name: 'tiny' })
  if (hidden !== undefined) model.add(layers.layers.dense({ name: 'hidden', units: hidden, inputShape: [wide], activation: 'relu', weights: [some(wide, hidden), tf.zeros([hidden])] }))
  const last = weights ? tf.tensor2d([...weights], [wide, 1]) : some(hidden ?? wide, 1)
  model.add(layers.layers.dense({ name: 'logit', units: 1, ...(hidden === undefined ? { inputShape: [wide] } : {}), weights: [last, tf.tensor1d([bias])] }))
  const files = await encodeModel(tensorflow, model)
  model.dispose()
  const json = (value: unknown) => Buffer.from(`${JSON.stringify(value)}\n`)
  files.set('scaler.json', json({
    features, center: features.map(() => 0), scale: features.map(() => 1), clip: 5, usual: features.map(() => [-1, 1]),
  }))
  if (tails) files.set('tails.json', json(tails))
  // Close to the logistic function.
  const x = Array.from({ length: 41 }, (_, i) => (i - 20) / 2)
  files.set('calibration.json', json({ x, y: x.map((v) => 1 / (1 + Math.exp(-v))) }))
  files.set('card.md', Buffer.from('# A network with weights by chance, for tests\n'))
  return files
}

/** In place of the trained model of `brushing-model`: takes whoever's beats come as by clockwork for a program. */
export function clockworkModel(): Promise<ModelFiles> {
  return tinyModel({ features: FEATURES.map((f) => f.name), weights: FEATURES.map((f) => (f.name === 'gap-same' ? 8 : 0)), bias: -2 })
}

/** Models for everything that detectors ask. */
export async function testModels(backend: Backend = 'wasm'): Promise<Map<string, Scorer>> {
  return new Map([['brushing', await openScorer('brushing', await clockworkModel(), { features: FEATURES.map((f) => f.name), backend })]])
}
