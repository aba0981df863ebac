/** Rows of about the same predicted probability: what was promised of them, and what happened. */
export interface Bin {
  /** Mean predicted probability. */
  predicted: number
  /** Share that cheat. */
  observed: number
  /** How many rows. */
  rows: number
  /** Sum of their weights. */
  weight: number
}

/** Predicted probabilities, what happened (1 or 0), and how often each row counts: once, if nothing is said. */
export interface Predicted {
  probabilities: ArrayLike<number>
  labels: ArrayLike<number>
  weights?: ArrayLike<number>
}

/** Bins of about the same weight each. INVARIANT (ties): equal probabilities lie in one bin, so that the order of the rows does not matter. */
export function binsBySize(predicted: Predicted, bins: number): Bin[] {
  const order = ascending(predicted)
  const all = order.reduce((sum, i) => sum + weightOf(predicted, i), 0)
  let [before, bin, last] = [0, 0, NaN]
  return gather(predicted, order, (i) => {
    const p = predicted.probabilities[i] as number
    if (p !== last) bin = Math.min(bins - 1, Math.floor((before / all) * bins))
    last = p
    before += weightOf(predicted, i)
    return bin
  })
}

/** Bins of the same width each, from 0 to 1; those without rows are left out. */
export function binsByWidth(predicted: Predicted, bins: number): Bin[] {
  return gather(predicted, ascending(predicted), (i) => Math.min(bins - 1, Math.floor((predicted.probabilities[i] as number) * bins)))
}

/**
 * Expected calibration error (Naeini et al., 2015): how far what was promised is from what happened, over bins of the same
 * weight (as Nixon et al., 2019, since most rows are near 0). NaN without rows.
 */
export function calibrationError(predicted: Predicted, bins = 15): number {
  let [error, weight] = [0, 0]
  for (const bin of binsBySize(predicted, bins)) {
    error += bin.weight * Math.abs(bin.predicted - bin.observed)
    weight += bin.weight
  }
  return error / weight
}

function gather(predicted: Predicted, order: number[], binOf: (row: number) => number): Bin[] {
  const sums = new Map<number, Bin>()
  for (const i of order) {
    const at = binOf(i)
    const sum = sums.get(at) ?? { predicted: 0, observed: 0, rows: 0, weight: 0 }
    const weight = weightOf(predicted, i)
    sum.predicted += weight * (predicted.probabilities[i] as number)
    sum.observed += weight * (predicted.labels[i] as number)
    sum.rows++
    sum.weight += weight
    sums.set(at, sum)
  }
  return [...sums.values()].filter((s) => s.weight > 0).map((s) => ({ ...s, predicted: s.predicted / s.weight, observed: s.observed / s.weight }))
}

function ascending({ probabilities }: Predicted): number[] {
  return Array.from(probabilities, (_, i) => i).sort((a, b) => (probabilities[a] as number) - (probabilities[b] as number))
}

const weightOf = ({ weights }: Predicted, i: number): number => weights?.[i] ?? 1
