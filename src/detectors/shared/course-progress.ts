import { rare, ref } from '../../base/record.ts'
import type { Ms } from '../../base/time.ts'
import { newEvidence, type Evidence } from '../../warnings/evidence.ts'
import type { IdSet } from './id-set.ts'

/** A chapter that is being played before its turn. Plain data. */
export interface Skip {
  chapter: string
  begin: Ms
  end: Ms
  played: Ms
  evidence: Evidence
}

/** Progress in one course of one class, kept until the class closes; what is empty is undefined. */
export interface Progress {
  class: string | undefined
  course: string | undefined
  completed: IdSet | undefined
  warned: IdSet | undefined
  skips: Skip[] | undefined
}

/** Fields of a learner's record: progress in the first course, which mostly is the only one, lies open. */
export const courseProgress = {
  class: ref<string>(),
  course: ref<string>(),
  completed: ref<IdSet>(),
  warned: ref<IdSet>(),
  skips: rare<Skip[]>(),
  /** In the order in which they began. */
  others: rare<Progress[]>(),
}
interface CourseProgress extends Progress {
  others: Progress[] | undefined
}

const MOST_SKIPS = 8
const MOST_COURSES = 64

/** The learner's progress in a course of a class; `state` itself, if it is the first. */
export function progressOf(state: CourseProgress, klass: string, course: string): Progress {
  if (state.course === undefined) {
    state.class = klass
    state.course = course
  }
  if (state.course === course && state.class === klass) return state
  for (const p of state.others ?? []) if (p.course === course && p.class === klass) return p
  const progress = { class: klass, course, completed: undefined, warned: undefined, skips: undefined }
  const others = [...(state.others ?? []), progress]
  if (others.length >= MOST_COURSES) Object.assign(state, others.shift())
  state.others = others
  return progress
}

/** The skip to a chapter that is going on, or a new one that began at `begin`. */
export function skipOf(progress: Progress, chapter: string, begin: Ms, now: Ms): Skip {
  const skips = progress.skips ?? []
  const known = skips.find((s) => s.chapter === chapter)
  if (known !== undefined) return known
  const skip = { chapter, begin, end: now, played: 0, evidence: newEvidence() }
  progress.skips = [...skips.slice(skips.length >= MOST_SKIPS ? 1 : 0), skip]
  return skip
}

/** Forgets the skips that nothing has been heard of since `before`. */
export function forgetSkips(progress: Progress, before: Ms): void {
  keepSkips(progress, (s) => s.end >= before)
}

export function removeSkip(progress: Progress, skip: Skip): void {
  keepSkips(progress, (s) => s !== skip)
}

function keepSkips(progress: Progress, keeps: (skip: Skip) => boolean): void {
  const skips = progress.skips?.filter(keeps)
  progress.skips = skips?.length === 0 ? undefined : skips
}
