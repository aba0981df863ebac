import type { Tensor2D } from '@tensorflow/tfjs-core'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import { expect, test } from 'vitest'
import { seeded } from '../../testing/five-platforms.ts'
import { networkOf } from './network.ts'
import { openTensorFlow, type Backend, type TensorFlow } from './tensorflow.ts'

const [ROWS, WIDTH] = [64, 23]

/** Networks with weights by chance, by what is told of them. */
const MODELS: Readonly<Record<string, (t: TensorFlow) => LayersModel>> = {
  'dense layers': (t) => dense(t, [30, 12, 1], {}),
  'dense layers without biases': (t) => dense(t, [16, 1], { useBias: false }),
  'one dense layer': (t) => dense(t, [1], {}),
  'an activation that is not fused': (t) => dense(t, [16, 1], { activation: 'tanh' }),
  'a layer of another kind': ({ layers }) => layers.sequential({ layers: [layers.layers.dense({ units: 8, inputShape: [WIDTH] }), layers.layers.batchNormalization(), layers.layers.dense({ units: 1 })] }),
  'layers that do not follow one another': ({ layers }) => {
    const input = layers.input({ shape: [WIDTH] })
    const [one, two] = [0, 1].map(() => layers.layers.dense({ units: 4, activation: 'relu' }).apply(input))
    const both = layers.layers.concatenate().apply([one, two] as never)
    return layers.model({ inputs: input, outputs: layers.layers.dense({ units: 1 }).apply(both) as never })
  },
}

function dense({ tf, layers }: TensorFlow, units: readonly number[], how: { useBias?: boolean; activation?: 'tanh' }): LayersModel {
  const widths = [WIDTH, ...units]
  return layers.sequential({
    layers: units.map((count, i) => layers.layers.dense({
      units: count, activation: count === 1 ? 'linear' : 'relu', ...how, ...(i === 0 ? { inputShape: [WIDTH] } : {}),
      weights: [tf.randomUniform([widths[i] as number, count], -1, 1, 'float32', i + 1), ...(how.useBias === false ? [] : [tf.randomUniform([count], -1, 1, 'float32', i + 9)])],
    })),
  })
}

const random = seeded(5)
const batches = Array.from({ length: 3 }, () => Float32Array.from({ length: ROWS * WIDTH }, () => (random() - 0.5) * 8))

test.each((['wasm', 'cpu'] as const satisfies Backend[]).flatMap((backend) => Object.keys(MODELS).map((what) => [backend, what] as const)))('on %s, %s say the same bits as the model itself, and keep no memory', async (backend, what) => {
  const tensorflow = await openTensorFlow(backend)
  const { tf } = tensorflow
  tensorflow.use()
  const model = (MODELS[what] as (t: TensorFlow) => LayersModel)(tensorflow)
  const network = networkOf(tensorflow, model, [ROWS, WIDTH])
  const kept = () => [tf.memory().numTensors, tf.backend().numDataIds()]
  const before = kept()
  for (const batch of batches) {
    const own = tf.tidy(() => [...(model.apply(tf.tensor2d(batch, [ROWS, WIDTH])) as Tensor2D).dataSync()])
    const said = Array.from(network(batch))
    expect(new Set(own).size).toBeGreaterThan(ROWS / 2)
    expect(said.map((v, i) => Object.is(v, own[i]))).toEqual(own.map(() => true))
  }
  expect(kept()).toEqual(before)
})
