import { InvigilError } from '../../base/errors.ts'
import type { Scorer } from '../../engine/ports.ts'
import type { Reason } from '../../warnings/warning.ts'
import { decodeModel, type ModelFiles } from './layers-model.ts'
import { networkOf, type Network } from './network.ts'
import { heightAt, readCalibration, readScaler, readTails, standardise, tailsOf, type Calibration, type Scaler, type Tails } from './scales.ts'
import { openTensorFlow, type Backend, type TensorFlow } from './tensorflow.ts'

/** The network always sees so many rows at once: a backend may add up in another order where a batch has another size. */
const BATCH = 64
const MOST_REASONS = 3

/** A model as the engine asks it: the network, its scaler and its calibration. Throws `bad-model`, or `usage` for a backend that is not installed. */
export async function openScorer(name: string, files: ModelFiles, { features, backend }: { features: readonly string[]; backend: Backend }): Promise<LayersScorer> {
  const scaler = readScaler(name, files, features)
  const tails = readTails(name, files, features.length)
  const calibration = readCalibration(name, files)
  const tensorflow = await openTensorFlow(backend)
  tensorflow.use()
  const model = await decodeModel(tensorflow, name, files)
  const [input, output] = [model.inputs, model.outputs].map((ends) => ends.map(({ shape }) => shape.slice(1).join(' by ')).join(' and '))
  if (input !== String(features.length) || output !== '1') {
    throw new InvigilError('bad-model', `the network of the model \`${name}\` takes ${input ?? ''} numbers and gives ${output ?? ''}, where ${features.length} features need ${features.length} and 1`)
  }
  return new LayersScorer({ tensorflow, network: networkOf(tensorflow, model, [BATCH, features.length]), scaler, tails, calibration })
}

interface Parts {
  tensorflow: TensorFlow
  network: Network
  scaler: Scaler
  tails: Tails | undefined
  calibration: Calibration
}

export class LayersScorer implements Scorer {
  readonly width: number
  private readonly parts: Parts
  private input = new Float32Array(0)

  constructor(parts: Parts) {
    this.width = parts.scaler.features.length
    this.parts = parts
  }

  score(rows: Float64Array, count: number): Float64Array {
    return this.logits(rows, count).map((logit) => rounded(heightAt(this.parts.calibration, logit)))
  }

  /** What the model says of rows, before calibration. */
  logits(rows: Float64Array, count: number): Float64Array {
    const { width, parts: { scaler, tails } } = this
    const input = this.inputOf(count)
    for (let i = 0; i < count; i++) standardise(scaler, rows, i * width, input, i * width)
    const logits = this.run(input, count)
    if (tails !== undefined) for (let i = 0; i < count; i++) logits[i] = (logits[i] as number) + tailsOf(tails, input, i * width)
    return logits
  }

  reasons(row: Float64Array): Reason[] {
    const { width, parts: { scaler, tails } } = this
    const own = new Float32Array(width)
    standardise(scaler, row, 0, own, 0)
    // The row as it is, then once for each feature with what is in the middle of honest learners in its place.
    const input = this.inputOf(width + 1)
    for (let i = 0; i <= width; i++) input.set(own, i * width)
    for (let f = 0; f < width; f++) input[(f + 1) * width + f] = 0
    const [all, ...without] = this.run(input, width + 1) as unknown as [number, ...number[]]
    const tail = (f: number, z: number): number => (tails === undefined ? 0 : tails.weight * heightAt(tails.lines[f] as Tails['lines'][number], z))
    return without
      .map((logit, f) => ({ f, weight: rounded(all - logit + tail(f, own[f] as number) - tail(f, 0)) }))
      .filter(({ f, weight }) => weight > 0 && !Number.isNaN(row[f]))
      .sort((a, b) => b.weight - a.weight || a.f - b.f)
      .slice(0, MOST_REASONS)
      .map(({ f, weight }) => {
        const [low, high] = scaler.usual[f] as [number, number]
        return { feature: scaler.features[f] as string, value: rounded(row[f] as number), usual: [rounded(low), rounded(high)], weight }
      })
  }

  // INVARIANT (scores): each call of the network has the same shape, filled up with rows of zeros.
  private inputOf(count: number): Float32Array {
    const size = Math.ceil(count / BATCH) * BATCH * this.width
    if (this.input.length < size) this.input = new Float32Array(size)
    return this.input.fill(0, count * this.width, size)
  }

  private run(input: Float32Array, count: number): Float64Array {
    const { width, parts: { tensorflow, network } } = this
    const logits = new Float64Array(count)
    tensorflow.use()
    for (let from = 0; from < count; from += BATCH) {
      const out = network(input.subarray(from * width, (from + BATCH) * width))
      for (let i = 0; i < BATCH && from + i < count; i++) logits[from + i] = out[i] as number
    }
    return logits
  }
}

/** Backends differ beyond the fifth decimal; nobody is warned of such a difference. */
function rounded(x: number): number {
  // Never -0, which is written like 0 but is not equal to it.
  return Math.round(x * 1000) / 1000 + 0
}
