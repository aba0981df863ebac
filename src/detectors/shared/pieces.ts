import { SECOND, type Ms } from '../../base/time.ts'
import type { Stretch } from './episode.ts'

const MOST = 50
/** Pieces of one chapter that are no further apart are one entry. */
const JOIN: Ms = 60 * SECOND

/**
 * Adds a piece of playback that was not in the list before, in any order; `seconds` may be less than `end - begin`.
 * Beyond 50 entries it goes to the chapter's last one.
 */
export function addPiece(list: Stretch[], chapter: string, begin: Ms, end: Ms, seconds: number): void {
  let last: Stretch | undefined
  for (let i = list.length - 1; i >= 0; i--) {
    const s = list[i] as Stretch
    if (s.chapter !== chapter) continue
    if (begin <= s.end + JOIN && end >= s.begin - JOIN) return join(s, begin, end, seconds)
    last ??= s
  }
  if (list.length < MOST) list.push({ chapter, begin, end, seconds })
  else if (last) join(last, begin, end, seconds)
}

function join(s: Stretch, begin: Ms, end: Ms, seconds: number): void {
  if (begin < s.begin) s.begin = begin
  if (end > s.end) s.end = end
  s.seconds += seconds
}
