import * as tf from '@tensorflow/tfjs-core'
import { initializers, layers, regularizers, sequential, type Sequential } from '@tensorflow/tfjs-layers'
import type { Random } from '../simulate/random.ts'
import type { Matrix } from './baselines.ts'

/** How a network is made and trained. */
export interface FitOptions {
  /** Units of each hidden layer; none: a logistic regression. */
  hidden: readonly number[]
  epochs: number
  batch: number
  rate: number
  /** Weight decay (L2). */
  decay: number
  /** Share of the inputs that are hidden as missing in each step, so that no single feature carries a verdict. */
  hide: number
  random: Random
}

/** Rows to learn from. `weights` is how much each counts. */
export interface Lesson {
  matrix: Matrix
  labels: Float32Array
  weights: Float32Array
}

/** A network from encoded features to a logit. The same seed gives the same network. */
export function network(width: number, hidden: readonly number[], decay: number, random: Random): Sequential {
  const model = sequential({ name: 'brushing' })
  const seed = () => random.int(1, 2 ** 30)
  hidden.forEach((units, i) => {
    model.add(layers.dense({
      units, activation: 'relu', name: `hidden-${i + 1}`, kernelInitializer: initializers.heUniform({ seed: seed() }), kernelRegularizer: regularizers.l2({ l2: decay }),
      ...(i === 0 ? { inputShape: [width] } : {}),
    }))
  })
  model.add(layers.dense({
    units: 1, name: 'logit', kernelInitializer: initializers.glorotUniform({ seed: seed() }), kernelRegularizer: regularizers.l2({ l2: decay }),
    ...(hidden.length === 0 ? { inputShape: [width] } : {}),
  }))
  return model
}

/** Trains by Adam on weighted cross-entropy, the rate falling to a tenth along a half cosine. Calls `onEpoch` with the mean loss. */
export function fit({ matrix, labels, weights }: Lesson, options: FitOptions, onEpoch?: (epoch: number, loss: number) => void): Sequential {
  const { random, batch, epochs } = options
  const { rows, width } = matrix
  const model = network(width, options.hidden, options.decay, random)
  const optimizer = tf.train.adam(options.rate)
  const order = Int32Array.from({ length: rows }, (_, i) => i)
  const x = new Float32Array(batch * width)
  const y = new Float32Array(batch)
  const w = new Float32Array(batch)
  const steps = Math.floor(rows / batch)
  for (let epoch = 0; epoch < epochs; epoch++) {
    shuffle(order, random)
    let sum = 0
    for (let step = 0; step < steps; step++) {
      setRate(optimizer, options.rate * (0.1 + 0.45 * (1 + Math.cos((Math.PI * (epoch * steps + step)) / (epochs * steps)))))
      for (let i = 0; i < batch; i++) {
        const row = order[step * batch + i] as number
        x.set(matrix.values.subarray(row * width, (row + 1) * width), i * width)
        hide(x, i * width, width, options.hide, random)
        y[i] = labels[row] as number
        w[i] = weights[row] as number
      }
      sum += tf.tidy(() => {
        const [xs, ys, ws] = [tf.tensor2d(x, [batch, width]), tf.tensor2d(y, [batch, 1]), tf.tensor2d(w, [batch, 1])]
        const loss = optimizer.minimize(() => {
          const logits = model.apply(xs, { training: true }) as tf.Tensor
          const cross = tf.losses.sigmoidCrossEntropy(ys, logits, ws, 0, tf.Reduction.SUM_BY_NONZERO_WEIGHTS)
          const decay = model.layers.map((l) => tf.mul(tf.sum(tf.square((l.weights[0] as { read(): tf.Tensor }).read())), options.decay))
          return tf.addN([cross, ...decay]) as tf.Scalar
        }, true) as tf.Scalar
        return loss.dataSync()[0] as number
      })
    }
    onEpoch?.(epoch, sum / steps)
  }
  optimizer.dispose()
  return model
}

function setRate(optimizer: tf.AdamOptimizer, rate: number): void {
  ;(optimizer as unknown as { learningRate: number }).learningRate = rate
}

function hide(x: Float32Array, at: number, width: number, share: number, random: Random): void {
  if (share === 0) return
  for (let f = 0; f < width; f++) if (random.uniform() < share) x[at + f] = 0
}

function shuffle(order: Int32Array, random: Random): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.int(0, i)
    const kept = order[i] as number
    order[i] = order[j] as number
    order[j] = kept
  }
}

/** Logits of all rows. */
export function logits(model: Sequential, { values, rows, width }: Matrix): Float32Array {
  const out = new Float32Array(rows)
  const most = 4096
  for (let from = 0; from < rows; from += most) {
    const n = Math.min(most, rows - from)
    out.set(tf.tidy(() => (model.predict(tf.tensor2d(values.subarray(from * width, (from + n) * width), [n, width])) as tf.Tensor).dataSync()), from)
  }
  return out
}
