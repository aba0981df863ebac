import { flag, number, rare, ref, type FieldsOf } from '../../base/record.ts'
import type { Ms } from '../../base/time.ts'
import { hasId, withId, type IdSet } from './id-set.ts'
import type { Intervals } from '../../base/intervals.ts'
import { place, type Watched } from './watched.ts'

/** A completion before the end, to be judged when the rest could have been watched. */
interface Early {
  event: string
  time: Ms
  length: number
  due: Ms
}

/** A chapter begun and not completed. */
interface Begun extends Watched {
  chapter: string
  early: Early | undefined
}

/** Chapters begun besides the one that lies open, in the order in which they were: those begun before it and after it. */
interface Others {
  before: Begun[]
  after: Begun[]
}

/**
 * Fields of a record: what a learner has watched of the chapters of a class; of completed ones only that they are. The
 * chapter of the latest event lies open, unless it is completed; `at` is the time of the latest event of any chapter.
 */
export const begunFields = {
  at: number(NaN),
  position: number(NaN),
  /** Where that began which was watched without a break up to `position` and is not placed yet; NaN: nothing. */
  runFrom: number(NaN),
  placedFrom: number(NaN),
  placedTo: number(NaN),
  unplaced: number(0),
  playing: flag,
  chapter: ref<string>(),
  placed: rare<Intervals>(),
  early: rare<Early>(),
  others: rare<Others>(),
  completed: ref<IdSet>(),
}
type State = FieldsOf<typeof begunFields>

const NOTHING_WATCHED = { placedFrom: NaN, placedTo: NaN, placed: undefined, unplaced: 0, position: NaN, playing: false, early: undefined }
const MOST_BEGUN = 32

/** Adds the run at hand to what was watched of its chapter. */
export function breakRun(state: State): void {
  if (Number.isNaN(state.runFrom)) return
  place(state, state.runFrom, state.position)
  state.runFrom = NaN
}

/** Lays another chapter open, a new one if it was not begun; none if it is completed. */
export function turnTo(state: State, chapter: string, time: Ms): void {
  const list = allBegun(state)
  if (list.every((b) => b.chapter !== chapter) && !hasId(state.completed ?? '', chapter)) {
    // What is forgotten passes as completed: nothing is held against the learner.
    if (list.length >= MOST_BEGUN) state.completed = withId(state.completed ?? '', (list.shift() as Begun).chapter)
    list.push({ chapter, ...NOTHING_WATCHED, at: time })
  }
  layOpen(state, list, chapter)
}

/** Forgets what was watched of a chapter, since it is completed. */
export function complete(state: State, chapter: string): void {
  const { chapter: current } = state
  layOpen(state, allBegun(state).filter((b) => b.chapter !== chapter), current)
  state.completed = withId(state.completed ?? '', chapter)
}

/** All chapters begun and not completed, in the order in which they were begun. */
export function allBegun(state: State): Begun[] {
  const { chapter, others } = state
  const list = others === undefined ? [] : [...others.before]
  if (chapter !== undefined) {
    const { placedFrom, placedTo, placed, unplaced, at, position, playing, early } = state
    list.push({ chapter, placedFrom, placedTo, placed, unplaced, at, position, playing, early })
  }
  return others === undefined ? list : [...list, ...others.after]
}

// Field by field: `Object.assign` takes ten times as long on a record.
function open(state: State, begun: Omit<Begun, 'chapter'> & { chapter: string | undefined }): void {
  state.chapter = begun.chapter
  state.placedFrom = begun.placedFrom
  state.placedTo = begun.placedTo
  state.placed = begun.placed
  state.unplaced = begun.unplaced
  state.at = begun.at
  state.position = begun.position
  state.playing = begun.playing
  state.early = begun.early
}

/** Lays the chapter of the list open, if it is there, and puts the others aside. */
function layOpen(state: State, list: Begun[], chapter: string | undefined): void {
  const i = list.findIndex((b) => b.chapter === chapter)
  const others = { before: list.slice(0, i < 0 ? list.length : i), after: i < 0 ? [] : list.slice(i + 1) }
  state.others = others.before.length + others.after.length === 0 ? undefined : others
  open(state, list[i] ?? { chapter: undefined, at: state.at, ...NOTHING_WATCHED })
}
