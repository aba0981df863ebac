import { invariant } from '../base/errors.ts'
import type { Calibration } from '../models/runtime/scales.ts'

/** Neighbouring scores that get one probability: the share that cheat among them. */
export interface Pool {
  low: number
  high: number
  weight: number
  /** Weight of those that cheat. */
  hits: number
}

/**
 * Isotonic regression by pooling adjacent violators (Barlow et al., 1972): the pools, from low to high, whose shares rise and are
 * closest in squares to what happened. Weights are how often each row counts.
 */
export function pooled(scores: ArrayLike<number>, labels: ArrayLike<number>, weights?: ArrayLike<number>): Pool[] {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => (scores[a] as number) - (scores[b] as number))
  const points: Pool[] = []
  for (const i of order) {
    const score = scores[i] as number
    invariant(Number.isFinite(score), `the score ${score} is no finite number`)
    const weight = weights?.[i] ?? 1
    if (weight === 0) continue
    // Equal scores are one point, whatever their labels, before any pool is made: else the order of the rows would matter.
    if (points.at(-1)?.high !== score) points.push({ low: score, high: score, weight: 0, hits: 0 })
    const point = points.at(-1) as Pool
    point.weight += weight
    point.hits += weight * (labels[i] as number)
  }
  return merged(points, (p) => p.hits / p.weight)
}

/** Merges neighbours until their heights rise. */
function merged(from: readonly Pool[], height: (pool: Pool) => number): Pool[] {
  const pools: Pool[] = []
  for (let pool of from) {
    for (let before = pools.at(-1); before !== undefined && height(before) >= height(pool); before = pools.at(-1)) {
      pools.pop()
      pool = { low: before.low, high: pool.high, weight: before.weight + pool.weight, hits: before.hits + pool.hits }
    }
    pools.push(pool)
  }
  return pools
}

/**
 * A curve from logit to probability by isotonic regression (Zadrozny and Elkan, 2002): level over each pool, straight between them.
 * Each pool also counts one more row of weight 1 of which as large a part cheats as of all rows, so that no score is ever certain;
 * pools too small to stand against that are merged with their neighbours.
 */
export function isotonic(scores: ArrayLike<number>, labels: ArrayLike<number>, weights?: ArrayLike<number>): Calibration {
  const pools = pooled(scores, labels, weights)
  const [hits, weight] = [pools.reduce((sum, p) => sum + p.hits, 0), pools.reduce((sum, p) => sum + p.weight, 0)]
  invariant(hits > 0 && hits < weight, 'calibration needs rows of both kinds')
  const height = (p: Pool): number => (p.hits + hits / weight) / (p.weight + 1)
  const points = merged(pools, height).flatMap((p) => (p.low === p.high ? [p.low] : [p.low, p.high]).map((x) => [x, height(p)] as const))
  return { x: points.map(([x]) => x), y: points.map(([, y]) => y) }
}

/** The same curve with at most `points` (2 or more) of its points: those that change it least go first (Visvalingam and Whyatt, 1993). */
export function simplified({ x, y }: Calibration, points: number): Calibration {
  invariant(points >= 2, 'a curve keeps its ends')
  const kept = x.map((v, i) => ({ x: v, y: y[i] as number }))
  const area = (k: number): number => {
    const [a, b, c] = [kept[k - 1], kept[k], kept[k + 1]]
    return a && b && c ? Math.abs((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y)) : Infinity
  }
  while (kept.length > points) {
    let [least, at] = [Infinity, 1]
    for (let k = 1; k < kept.length - 1; k++) {
      const change = area(k)
      if (change < least) [least, at] = [change, k]
    }
    kept.splice(at, 1)
  }
  return { x: kept.map((p) => p.x), y: kept.map((p) => p.y) }
}
