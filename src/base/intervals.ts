/** Disjoint intervals in rising order, flat: from, to, from, to … Plain data, as small as it gets. */
export type Intervals = number[]

/**
 * Adds an interval; what it touches becomes one with it. Of more than `most`, the two with the smallest gap become one,
 * so that the list stays short and never claims less than was added.
 */
export function addInterval(list: Intervals, from: number, to: number, most: number): void {
  const n = list.length
  if (n > 0 && from >= (list[n - 2] as number) && from <= (list[n - 1] as number)) {
    if (to > (list[n - 1] as number)) list[n - 1] = to
    return
  }
  if (to <= from) return
  let i = 0
  while (i < n && (list[i + 1] as number) < from) i += 2
  let j = i
  while (j < n && (list[j] as number) <= to) j += 2
  if (j > i) list.splice(i, j - i, Math.min(from, list[i] as number), Math.max(to, list[j - 1] as number))
  else list.splice(i, 0, from, to)
  if (list.length > 2 * most) closeSmallestGap(list)
}

/** How much of `from` to `to` the intervals cover. */
export function covered(list: Intervals, from: number, to: number): number {
  let sum = 0
  for (let i = 0; i < list.length; i += 2) {
    const length = Math.min(to, list[i + 1] as number) - Math.max(from, list[i] as number)
    if (length > 0) sum += length
  }
  return sum
}

/** The same as pairs. */
export function pairsOf(list: Intervals): [from: number, to: number][] {
  const pairs: [number, number][] = []
  for (let i = 0; i < list.length; i += 2) pairs.push([list[i] as number, list[i + 1] as number])
  return pairs
}

/** The end of the last interval; 0 if there is none. */
export function furthest(list: Intervals): number {
  return list.length === 0 ? 0 : (list[list.length - 1] as number)
}

function closeSmallestGap(list: Intervals): void {
  let best = 1
  for (let i = 3; i + 1 < list.length; i += 2) {
    if ((list[i + 1] as number) - (list[i] as number) < (list[best + 1] as number) - (list[best] as number)) best = i
  }
  list.splice(best, 2)
}
