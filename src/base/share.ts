/** 95 % interval of a share that was counted among `n` (Wilson, 1927). */
export function wilson(share: number, n: number): [number, number] {
  const z = 1.959964
  const middle = (share + (z * z) / (2 * n)) / (1 + (z * z) / n)
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n))
  return [Math.max(0, middle - half), Math.min(1, middle + half)]
}
