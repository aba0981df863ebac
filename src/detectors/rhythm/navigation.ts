import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import { count, SIGN, trial, type Ctx, type State } from './state.ts'
import { steadiness, steadyWeight, weights } from './tally.ts'
import { DONE } from './tracks.ts'

// The next lesson comes after a lognormal time; a brisk learner's median is 10 s with a spread of 0.8: 2.2 % within 2 s,
// 10.4 % more within 4 s. At 1e-4: 3 lessons within 2 s or 7 within 4 s. An auto-advance player does the same to everybody.
const SURE = Math.log(0.5 / 0.022)
const SOON = Math.log(0.45 / 0.104)
const LATER = Math.log(0.05 / 0.874)
/** Spreads of the logarithm: of somebody who clicks at once and always alike, and of a program. At 1e-4: 7 lessons. */
export const NEXT_SPREAD = 0.15
const STEADY = steadiness(NEXT_SPREAD, 0.03)
const LONGEST: Ms = 30 * MINUTE
// Between two beats of one chapter, two others beat: nobody keeps three players running by hand. At 1e-4: 5 beats.
const CHAPTERS = weights(0.1, 0.9)
const AT_END = 1
/** A longer time to the next lesson is spent on something else. */
const PROMPT: Ms = MINUTE
/** A countdown is declared in whole seconds, and an event may be noted late. */
const EARLY: Ms = SECOND

/** Remembers that a chapter ended; a later word of the same end (the page's unload) does not move it. */
export function noteEnd(event: Event, { state }: Ctx): void {
  const over = event.action === 'completed' || (event.length !== undefined && event.position !== undefined && event.position >= event.length - AT_END)
  if (!over || (state.flags & DONE) !== 0 || state.endedChapter === event.chapter) return
  state.ended = event.time
  state.endedChapter = event.chapter
}

/** The sign that the next lesson begins at once when one has ended, always. */
export function judgeNextLesson(event: Event, context: Ctx): void {
  const { state, params } = context
  const ended = state.ended
  if (ended === 0 || event.chapter === state.endedChapter) return
  const gap = event.time - ended
  state.ended = 0
  state.endedChapter = undefined
  if (gap > LONGEST) return
  const autoplay = autoplayOf(context)
  const before = state.next
  state.next = -1
  // What the player does by itself says nothing of the learner.
  if (autoplay === undefined || (autoplay !== false && gap >= autoplay - EARLY)) {
    if (gap > params.lesson) trial(event, context, SIGN.nextLesson, LATER, gap / SECOND)
    return
  }
  const seconds = gap / SECOND
  if (before > 0 && seconds > 0 && gap <= PROMPT) {
    const difference = Math.abs(Math.log(seconds / before))
    trial(event, context, SIGN.steadyNext, steadyWeight(STEADY, difference), difference)
  }
  state.next = seconds
  trial(event, context, SIGN.nextLesson, gap <= params.lessonSure ? SURE : gap <= params.lesson ? SOON : LATER, gap / SECOND)
}

/** After what time the platform's player goes on by itself, `false` for never; undefined: nobody has told. */
function autoplayOf({ catalogue, platform, state, notEvaluable }: Ctx): Ms | false | undefined {
  const autoplay = catalogue.platform(platform)?.autoplay
  if (autoplay === undefined && !state.toldAutoplay) {
    state.toldAutoplay = true
    notEvaluable('no `autoplay` in the catalogue')
  }
  return autoplay
}

/** The sign that the beats of several chapters interleave. */
export function judgeChapters(event: Event, context: Ctx): void {
  const { state } = context
  const beat = state.beat
  if (beat === 0) return
  const chapters = state.otherBeat > beat ? 1 + othersSince(state, beat) : 1
  count(event, context, SIGN.manyChapters, chapters >= context.params.chapters, CHAPTERS, chapters)
}

function othersSince({ chapter, others }: State, beat: Ms): number {
  let found = 0
  for (const t of others ?? []) if (t.beat > beat && t.chapter !== chapter) found++
  return found
}
