import { invariant } from '../base/errors.ts'
import type { Random } from '../simulate/random.ts'

/** Rows of encoded features: `width` numbers each, one row after another; a missing one is 0, the honest middle. */
export interface Matrix {
  values: Float32Array
  rows: number
  width: number
}

/**
 * Sum of the sizes of a row's robust z-scores, clipped by the encoder: how far it is from the honest middle, in honest spreads, on
 * the whole. Needs no labels.
 */
export function zScores({ values, rows, width }: Matrix): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => values.subarray(row * width, (row + 1) * width).reduce((sum, z) => sum + Math.abs(z), 0))
}

/** Trees and rows for each, as the paper has them. */
const TREES = 100
const SAMPLE = 256

/** A cut, or a leaf: how deep a row lies that ends there. */
type Tree = number | { feature: number; limit: number; under: Tree; over: Tree }

/** Isolation forest (Liu, Ting and Zhou, 2008): rows that few random cuts set apart are unusual. Fitted on rows without labels. */
export class IsolationForest {
  private readonly trees: Tree[]
  private readonly usualDepth: number

  constructor(matrix: Matrix, random: Random) {
    invariant(matrix.rows >= 2, 'a forest needs two rows or more')
    const size = Math.min(SAMPLE, matrix.rows)
    const deepest = Math.ceil(Math.log2(size))
    const all = Array.from({ length: matrix.rows }, (_, i) => i)
    this.trees = Array.from({ length: TREES }, () => grow(matrix, sample(all, size, random), 0, deepest, random))
    this.usualDepth = searchDepth(size)
  }

  /** 0 to 1 for each row; a usual one is near 0.5 or below. */
  scores({ values, rows, width }: Matrix): Float64Array {
    return Float64Array.from({ length: rows }, (_, row) => {
      let depth = 0
      for (let node of this.trees) {
        while (typeof node !== 'number') node = (values[row * width + node.feature] as number) <= node.limit ? node.under : node.over
        depth += node
      }
      return 2 ** (-depth / this.trees.length / this.usualDepth)
    })
  }
}

/** The first `size` of a list after as many swaps: without repeats. The list stays in its new order. */
function sample(list: number[], size: number, random: Random): number[] {
  for (let i = 0; i < size; i++) {
    const j = random.int(i, list.length - 1)
    const x = list[i] as number
    list[i] = list[j] as number
    list[j] = x
  }
  return list.slice(0, size)
}

function grow(matrix: Matrix, rows: number[], depth: number, deepest: number, random: Random): Tree {
  const cuts = depth < deepest ? ranges(matrix, rows).filter(({ low, high }) => low < high) : []
  if (cuts.length === 0) return depth + searchDepth(rows.length)
  const { feature, low, high } = random.pick(cuts)
  const drawn = random.uniform(low, high)
  // Rounding may reach the upper end: a cut leaves rows on both sides.
  const limit = drawn < high ? drawn : low
  const isUnder = (row: number): boolean => (matrix.values[row * matrix.width + feature] as number) <= limit
  return {
    feature, limit,
    under: grow(matrix, rows.filter(isUnder), depth + 1, deepest, random),
    over: grow(matrix, rows.filter((row) => !isUnder(row)), depth + 1, deepest, random),
  }
}

function ranges({ values, width }: Matrix, rows: number[]): { feature: number; low: number; high: number }[] {
  return Array.from({ length: width }, (_, feature) => {
    let [low, high] = [Infinity, -Infinity]
    for (const row of rows) {
      const v = values[row * width + feature] as number
      if (v < low) low = v
      if (v > high) high = v
    }
    return { feature, low, high }
  })
}

const EULER = 0.5772156649015329

/** Mean depth of an unsuccessful search in a binary tree of `n` rows: what a leaf that holds so many stands for. */
function searchDepth(n: number): number {
  if (n <= 1) return 0
  // The harmonic number's approximation is poor for two.
  return n === 2 ? 1 : 2 * (Math.log(n - 1) + EULER) - (2 * (n - 1)) / n
}
