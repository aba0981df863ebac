import { compareText } from '../../base/order.ts'

/** Chapters of a course and how learners first opened them. */
export interface Votes {
  readonly names: readonly string[]
  /** `before[i][j]`: learners who opened chapter i and later chapter j. */
  readonly before: readonly (readonly number[])[]
}

/**
 * Chapters in the order in which most learners first open them: again and again the one that fewest majorities put after another of the rest.
 * Where nobody's order speaks, names decide, by the numbers in them.
 */
export function orderOf({ names, before }: Votes): number[] {
  const votes = (i: number, j: number): number => before[i]?.[j] ?? 0
  const wins = (i: number, j: number): boolean => votes(i, j) > votes(j, i)
  const rest = names.map((_, i) => i).sort((a, b) => compareNames(names[a] as string, names[b] as string))
  const earlier = names.map((_, j) => rest.filter((i) => wins(i, j)).length)
  const order: number[] = []
  while (rest.length > 0) {
    let best = 0
    rest.forEach((chapter, at) => {
      if ((earlier[chapter] as number) < (earlier[rest[best] as number] as number)) best = at
    })
    const [next] = rest.splice(best, 1) as [number]
    order.push(next)
    for (const j of rest) if (wins(next, j)) earlier[j] = (earlier[j] as number) - 1
  }
  return order
}

/** `c2` before `c10`. */
export function compareNames(a: string, b: string): number {
  const parts = (name: string): string[] => name.match(/\d+|\D+/g) ?? []
  const [as, bs] = [parts(a), parts(b)]
  for (let i = 0; i < Math.min(as.length, bs.length); i++) {
    const [x, y] = [as[i] as string, bs[i] as string]
    const byNumber = /^\d/.test(x) && /^\d/.test(y) ? Number(x) - Number(y) : 0
    if (byNumber !== 0) return byNumber
    if (x !== y && !(/^\d/.test(x) && /^\d/.test(y))) return compareText(x, y)
  }
  return as.length - bs.length || compareText(a, b)
}
