import { number, ref } from '../../base/record.ts'
import { SECOND, type Ms } from '../../base/time.ts'
import { addStretch, JOIN, type Stretch } from './episode.ts'

/**
 * Playback since the last event that told the inputs: whether there were any is not known yet. A platform that never tells
 * them always has some, so the last stretch lies open (if it has a chapter), and only those before it are a list.
 */
export interface Untold {
  untoldChapter: string | undefined
  untoldBegin: Ms
  untoldEnd: Ms
  untoldSeconds: number
  untoldBefore: Stretch[] | undefined
}

export const untoldFields = {
  untoldChapter: ref<string>(), untoldBegin: number(NaN), untoldEnd: number(NaN), untoldSeconds: number(NaN), untoldBefore: ref<Stretch[]>(),
}

/** Adds playback that is not before the end of what is there. */
export function addUntold(state: Untold, chapter: string, from: Ms, to: Ms): void {
  if (state.untoldChapter === chapter && from <= state.untoldEnd + JOIN) {
    state.untoldSeconds += (to - from) / SECOND
    state.untoldEnd = to
    return
  }
  const untold = untoldOf(state)
  addStretch(untold, chapter, from, to)
  const { chapter: untoldChapter, begin: untoldBegin, end: untoldEnd, seconds: untoldSeconds } = untold.pop() as Stretch
  const untoldBefore = untold.length === 0 ? undefined : untold
  Object.assign(state, { untoldChapter, untoldBegin, untoldEnd, untoldSeconds, untoldBefore })
}

/** Playback of which the inputs are not told yet, in the order in which it began. */
export function untoldOf({ untoldChapter, untoldBegin, untoldEnd, untoldSeconds, untoldBefore }: Untold): Stretch[] {
  if (untoldChapter === undefined) return []
  return [...(untoldBefore ?? []), { chapter: untoldChapter, begin: untoldBegin, end: untoldEnd, seconds: untoldSeconds }]
}

export function dropUntold(state: Untold): void {
  state.untoldChapter = undefined
  state.untoldBefore = undefined
}

/** Where it begins; undefined if there is none. */
export function untoldSince({ untoldChapter, untoldBegin, untoldBefore }: Untold): Ms | undefined {
  return untoldChapter === undefined ? undefined : (untoldBefore?.[0]?.begin ?? untoldBegin)
}
