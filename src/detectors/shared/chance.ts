/** Natural logarithm of the number of ways to choose `k` of `n`. */
export function logChoose(n: number, k: number): number {
  let sum = 0
  for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i)
  return sum
}

/** Chance of `k` or more successes in `n` independent trials of chance `p`: the upper tail of the binomial distribution. */
export function binomialTail(n: number, k: number, p: number): number {
  let sum = 0
  for (let i = k; i <= n; i++) sum += Math.exp(logChoose(n, i)) * p ** i * (1 - p) ** (n - i)
  return Math.min(1, sum)
}
