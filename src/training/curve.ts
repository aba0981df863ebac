import { invariant } from '../base/errors.ts'

/** Scores of the honest and of the cheating, in any order; higher is more suspicious. */
export interface Scored {
  honest: ArrayLike<number>
  cheating: ArrayLike<number>
}

/** Area under the ROC curve: the chance that a cheater scores above an honest learner, ties counting half (Mann and Whitney, 1947). Undefined without either. */
export function auc({ honest, cheating }: Scored): number | undefined {
  const h = ascending(honest)
  let [below, notAbove, sum] = [0, 0, 0]
  for (const score of ascending(cheating)) {
    while (below < h.length && (h[below] as number) < score) below++
    while (notAbove < h.length && (h[notAbove] as number) <= score) notAbove++
    sum += (below + notAbove) / 2
  }
  return shareOf(sum, h.length * cheating.length)
}

/**
 * The lowest threshold that at most `share` of the honest reach: scores at or above it are alarms. NaN, which no score reaches, where
 * too many of them are infinite.
 */
export function thresholdAt(honest: ArrayLike<number>, share: number): number {
  const h = ascending(honest)
  // 0.29 * 100 is a little less than 29.
  const allowed = Math.floor(share * h.length + 1e-9)
  const first = h[h.length - 1 - allowed]
  return first === undefined ? -Infinity : nextAbove(first)
}

/** The next larger number that there is: the bits of a double, read as a whole number, are in the order of its size. */
function nextAbove(x: number): number {
  if (x === Infinity) return NaN
  const value = new Float64Array([x === 0 ? 0 : x])
  const bits = new BigInt64Array(value.buffer)
  bits[0] = (bits[0] as bigint) + (x >= 0 ? 1n : -1n)
  return value[0] as number
}

/** Share of the scores at or above a threshold; undefined where there are none. */
export function shareAbove(scores: ArrayLike<number>, threshold: number): number | undefined {
  let n = 0
  for (let i = 0; i < scores.length; i++) if ((scores[i] as number) >= threshold) n++
  return shareOf(n, scores.length)
}

/** Recall at a share of false alarms: how many cheaters reach the threshold that at most so many of the honest do. Undefined without either. */
export function recallAt({ honest, cheating }: Scored, share: number): number | undefined {
  return honest.length === 0 ? undefined : shareAbove(cheating, thresholdAt(honest, share))
}

/** Precision of alarms at a recall and a share of false alarms, where so many cheat; undefined where there are no alarms. */
export function precisionAt(recall: number, falseAlarms: number, cheaters: number): number | undefined {
  const caught = recall * cheaters
  return shareOf(caught, caught + falseAlarms * (1 - cheaters))
}

/** Corners of the ROC curve, from no alarm to all: share of false alarms, recall. Straight between them, as ties count half. */
export function rocPoints({ honest, cheating }: Scored): [number, number][] {
  const [h, c] = [ascending(honest), ascending(cheating)]
  const corners: [number, number][] = [[0, 0]]
  let [i, j] = [0, 0]
  while (i < h.length || j < c.length) {
    const score = Math.max(h[h.length - 1 - i] ?? -Infinity, c[c.length - 1 - j] ?? -Infinity)
    while (i < h.length && h[h.length - 1 - i] === score) i++
    while (j < c.length && c[c.length - 1 - j] === score) j++
    const [b, a] = [corners.at(-1), corners.at(-2)] as [[number, number], [number, number] | undefined]
    // Counts are whole numbers: the turn is told exactly.
    if (a && (b[0] - a[0]) * (j - b[1]) === (b[1] - a[1]) * (i - b[0])) corners.pop()
    corners.push([i, j])
  }
  return corners.map(([i, j]) => [i / h.length, j / c.length])
}

function ascending(scores: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(scores).sort()
  // NaN sorts last.
  invariant(!Number.isNaN(sorted.at(-1)), 'a score is not a number')
  return sorted
}

function shareOf(part: number, all: number): number | undefined {
  return all === 0 ? undefined : part / all
}
