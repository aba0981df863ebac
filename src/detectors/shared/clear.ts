import { number, ref } from '../../base/record.ts'
import type { Event } from '../../telemetry/event.ts'
import type { Span } from '../../telemetry/playback.ts'

/** Fields of a learner's record: the chapter at hand, where nothing is left to judge but whether its end is reached. Every event asks. */
export const clear = {
  clearChapter: ref<string>(),
  clearClass: ref<string>(),
  clearCourse: ref<string>(),
  /** Media position from which it passes as completed; Infinity: unknown or of no interest. */
  clearEnd: number(Infinity),
}

interface Clear {
  clearChapter: string | undefined
  clearClass: string | undefined
  clearCourse: string | undefined
  clearEnd: number
}

/** Whether an event of playback leaves nothing to judge. */
export function isClear(event: Event, span: Span, state: Clear): boolean {
  if (state.clearChapter !== event.chapter || state.clearClass !== event.class || state.clearCourse !== event.course) return false
  return span.agrees !== true || (span.mediaTo as number) < state.clearEnd
}

/** Nothing is left to judge of the event's chapter until the media has reached `end`. */
export function setClear(state: Clear, event: Event, end: number): void {
  state.clearChapter = event.chapter
  state.clearClass = event.class
  state.clearCourse = event.course
  state.clearEnd = end
}
