import { compareText } from '../../base/order.ts'

/** A learner of one platform: `1001` of two platforms are two people. */
export interface Ref {
  platform: string
  id: string
}

/** One string for a learner of a platform, to compare and to index by. */
export function personKey(platform: string, learner: string): string {
  return `${platform}\u0000${learner}`
}

/** The learner that a `personKey` stands for. */
export function personOf(key: string): Ref {
  const at = key.indexOf('\u0000')
  return { platform: key.slice(0, at), id: key.slice(at + 1) }
}

/** The learners of a warning, in order; the first one's platform is the platform of a subject that belongs to none. */
export function peopleOf(keys: readonly string[]): Ref[] {
  return [...keys].sort(compareText).map(personOf)
}

/** Learner ids for a sentence: the first five, then how many more. */
export function namesOf(ids: readonly string[]): string {
  return ids.length <= 5 ? ids.join(', ') : `${ids.slice(0, 5).join(', ')} +${ids.length - 5}`
}
