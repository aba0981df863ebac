import type { Tensor, Tensor2D, TensorInfo } from '@tensorflow/tfjs-core'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import type { TensorFlow, Tf } from './tensorflow.ts'

/** Says one number of each row of a batch, whose rows are always as many. */
export type Network = (batch: Float32Array) => ArrayLike<number>

/** A dense layer: its weights as the kernel takes them, and what comes after. */
interface Dense {
  weights: Readonly<Record<string, Tensor>>
  attrs: { transposeA: false; transposeB: false; activation: string }
}

/** Activations that are computed together with the sums before them. */
const FUSED = ['linear', 'relu']
/** The kernel that a dense layer comes to, on every backend. */
const KERNEL = '_FusedMatMul'

/**
 * A model as a function of batches of `rows` rows of `width` numbers. One that is nothing but dense layers calls their kernels itself, for the
 * same numbers to the last bit: what TensorFlow.js does around them, for models of any kind, takes several times as long. Only on the
 * backends whose tensors are nothing more than their data.
 */
export function networkOf(tensorflow: TensorFlow, model: LayersModel, [rows, width]: [rows: number, width: number]): Network {
  const { tf } = tensorflow
  tensorflow.use()
  const dense = tensorflow.backend === 'node' ? undefined : denseOf(tf, model)
  const kernel = tf.getKernel(KERNEL, tf.getBackend())
  if (dense === undefined || kernel === undefined) return (batch) => tf.tidy(() => (model.apply(tf.tensor2d(batch, [rows, width])) as Tensor2D).dataSync())
  const backend = tf.backend()
  const shape = [1, rows, width]
  return (batch) => {
    let values: TensorInfo = { dataId: backend.write(batch, shape, 'float32'), shape, dtype: 'float32' }
    for (const { weights, attrs } of dense) {
      const a = values
      values = kernel.kernelFunc({ inputs: { a, ...weights }, attrs, backend }) as TensorInfo
      backend.disposeData(a.dataId)
    }
    const out = backend.readSync(values.dataId) as Float32Array
    backend.disposeData(values.dataId)
    return out
  }
}

/** Its layers, if they are dense and follow one another; undefined if not. */
function denseOf(tf: Tf, model: LayersModel): Dense[] | undefined {
  if (model.getClassName() !== 'Sequential') return undefined
  const all: Dense[] = []
  for (const layer of model.layers) {
    const activation = layer.getConfig().activation as string
    if (layer.getClassName() !== 'Dense' || !FUSED.includes(activation)) return undefined
    const [kernel, bias] = layer.getWeights() as [Tensor2D, Tensor?]
    const b = tf.reshape(kernel, [1, ...kernel.shape])
    all.push({ weights: bias === undefined ? { b } : { b, bias }, attrs: { transposeA: false, transposeB: false, activation } })
  }
  return all
}
