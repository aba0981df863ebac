import type { LayersModel } from '@tensorflow/tfjs-layers'
import { InvigilError } from '../../base/errors.ts'
import type { Scorer } from '../../engine/ports.ts'
import type { Reason } from '../../warnings/warning.ts'
import { decodeModel, type ModelFiles } from './layers-model.ts'
import { calibrate, readCalibration, readScaler, type Calibration, type Scaler } from './scales.ts'
import { openTensorFlow, type Backend, type TensorFlow } from './tensorflow.ts'

/** The network always sees so many rows at once: a backend may add up in another order where a batch has another size. */
const BATCH = 64
const MOST_REASONS = 3

/** A model as the engine asks it: the network, its scaler and its calibration. Throws `bad-model`, or `usage` for a backend that is not installed. */
export async function openScorer(name: string, files: ModelFiles, { features, backend }: { features: readonly string[]; backend: Backend }): Promise<LayersScorer> {
  const scaler = readScaler(name, files, features)
  const calibration = readCalibration(name, files)
  const tensorflow = await openTensorFlow(backend)
  tensorflow.use()
  const model = await decodeModel(tensorflow, name, files)
  const [input, output] = [model.inputs, model.outputs].map((ends) => ends.map(({ shape }) => shape.slice(1).join(' by ')).join(' and '))
  if (input !== String(2 * features.length) || output !== '1') {
    throw new InvigilError('bad-model', `the network of the model \`${name}\` takes ${input ?? ''} numbers and gives ${output ?? ''}, where ${features.length} features need ${2 * features.length} and 1`)
  }
  return new LayersScorer(tensorflow, model, scaler, calibration)
}

export class LayersScorer implements Scorer {
  readonly width: number
  private readonly tensorflow: TensorFlow
  private readonly model: LayersModel
  private readonly scaler: Scaler
  private readonly calibration: Calibration

  constructor(tensorflow: TensorFlow, model: LayersModel, scaler: Scaler, calibration: Calibration) {
    this.width = scaler.features.length
    this.tensorflow = tensorflow
    this.model = model
    this.scaler = scaler
    this.calibration = calibration
  }

  score(rows: Float64Array, count: number): Float64Array {
    return this.logits(rows, count).map((logit) => rounded(calibrate(this.calibration, logit)))
  }

  /** What the network says of rows, before calibration. */
  logits(rows: Float64Array, count: number): Float64Array {
    const input = new Float32Array(count * 2 * this.width)
    for (let i = 0; i < count; i++) this.standardise(rows, i * this.width, input, i * 2 * this.width)
    return this.run(input, count)
  }

  reasons(row: Float64Array): Reason[] {
    const { width, scaler } = this
    const own = new Float32Array(2 * width)
    this.standardise(row, 0, own, 0)
    // The row as it is, then once for each feature with what is in the middle of honest learners in its place.
    const input = new Float32Array((width + 1) * 2 * width)
    for (let i = 0; i <= width; i++) input.set(own, i * 2 * width)
    for (let f = 0; f < width; f++) {
      const at = (f + 1) * 2 * width + f
      input[at] = 0
      input[at + width] = 0
    }
    const [all, ...without] = this.run(input, width + 1) as unknown as [number, ...number[]]
    return without
      .map((logit, f) => ({ f, weight: rounded(all - logit) }))
      .filter(({ weight }) => weight > 0)
      .sort((a, b) => b.weight - a.weight || a.f - b.f)
      .slice(0, MOST_REASONS)
      .map(({ f, weight }) => {
        const value = row[f] as number
        const [low, high] = scaler.usual[f] as [number, number]
        return { feature: scaler.features[f] as string, value: Number.isNaN(value) ? null : rounded(value), usual: [rounded(low), rounded(high)], weight }
      })
  }

  private standardise(rows: Float64Array, from: number, into: Float32Array, at: number): void {
    const { center, scale, clip } = this.scaler
    for (let f = 0; f < this.width; f++) {
      const value = rows[from + f] as number
      const isMissing = Number.isNaN(value)
      const z = (value - (center[f] as number)) / (scale[f] as number)
      into[at + f] = isMissing ? 0 : Math.max(-clip, Math.min(clip, z))
      into[at + this.width + f] = isMissing ? 1 : 0
    }
  }

  // INVARIANT (scores): each call of the network has the same shape, filled up with rows of zeros.
  private run(input: Float32Array, count: number): Float64Array {
    const { tensorflow: { tf }, model } = this
    const wide = 2 * this.width
    const logits = new Float64Array(count)
    this.tensorflow.use()
    for (let from = 0; from < count; from += BATCH) {
      const many = Math.min(BATCH, count - from)
      const batch = new Float32Array(BATCH * wide)
      batch.set(input.subarray(from * wide, (from + many) * wide))
      // What `predict` does around this, for batches of any size, takes as long again.
      const out = tf.tidy(() => (model.apply(tf.tensor2d(batch, [BATCH, wide])) as ReturnType<typeof tf.tensor2d>).dataSync())
      for (let i = 0; i < many; i++) logits[from + i] = out[i] as number
    }
    return logits
  }
}

/** Backends differ beyond the fifth decimal; nobody is warned of such a difference. */
function rounded(x: number): number {
  // Never -0, which is written like 0 but is not equal to it.
  return Math.round(x * 1000) / 1000 + 0
}
