import { fnv1a } from '../../base/hash.ts'

/** A set of ids in five characters each: ids may be long, and it lives as long as a class. Plain data. */
export type IdSet = string

const WIDTH = 5

/** Whether the set has `id`. Two ids in a thousand million look the same, so it must only ever speak for a learner. */
export function hasId(set: IdSet, id: string): boolean {
  const code = codeOf(id)
  for (let at = set.indexOf(code); at >= 0; at = set.indexOf(code, at + 1)) if (at % WIDTH === 0) return true
  return false
}

/** The set with `id`. */
export function withId(set: IdSet, id: string): IdSet {
  return hasId(set, id) ? set : set + codeOf(id)
}

function codeOf(id: string): string {
  const h = fnv1a(id)
  // 48 to 111 are `0` to `o`: plain characters of one byte.
  return String.fromCharCode(48 + (h & 63), 48 + ((h >>> 6) & 63), 48 + ((h >>> 12) & 63), 48 + ((h >>> 18) & 63), 48 + (h >>> 24 & 63))
}
