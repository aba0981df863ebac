import type { Chapter } from '../person.ts'

/** A chapter on the screen. `position` is where the media is, in seconds; `reported` where the platform last heard it was. */
export interface View {
  chapter: Chapter
  position: number
  reported: number
  /** Pauses that were agreed on beforehand, in order. */
  stops: { position: number; seconds: number }[]
}

export function view(chapter: Chapter, position = 0): View {
  return { chapter, position, reported: position, stops: [] }
}
