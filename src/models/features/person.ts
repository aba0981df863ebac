import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import { noteFaceStop } from './lessons.ts'
import { touch } from './playing.ts'
import type { Activity } from './state.ts'

/** Answers that a form sends together have no time between them; a longer time is not one of answering. */
const FORM: Ms = 300
const LONGEST_ANSWER: Ms = 5 * MINUTE
const QUICK_ANSWER = 2
/** A request so soon after the last is a second try. */
const AGAIN: Ms = MINUTE
const LONGEST_FACE: Ms = 10 * MINUTE
/** Bits of 64 in which two photos are nearly the same. */
const NEAR = 3
const LEAST = 0.05

export function noteAnswer(activity: Activity, event: Event): void {
  const { time } = event
  const gap = time - activity.answered
  const seconds = event.elapsed ?? (activity.answered > 0 && gap >= FORM && gap <= LONGEST_ANSWER ? gap / SECOND : 0)
  activity.answered = time
  // The quiz belongs to the lesson: the way to the next one begins after it.
  if (activity.ended > 0) activity.ended = time
  if (event.inputs !== undefined ? event.inputs > 0 : !activity.tells) touch(activity)
  if (event.correct !== undefined) {
    activity.judged++
    if (event.correct) activity.right++
  }
  if (seconds <= 0) return
  const log = Math.log(Math.max(LEAST, seconds))
  activity.answers++
  activity.answer += log
  activity.answer2 += log * log
  if (seconds <= QUICK_ANSWER) activity.quickAnswers++
}

export function noteFaceRequest(activity: Activity, { time }: Event): void {
  noteFaceStop(activity, time)
  if (time - Math.abs(activity.asked) > AGAIN) activity.requests++
  activity.asked = time
}

export function noteFaceCheck(activity: Activity, event: Event): void {
  const { asked } = activity
  activity.asked = -Math.abs(asked)
  activity.checks++
  if (event.outcome === 'missed') {
    activity.missed++
    return
  }
  if (asked > 0 && event.time - asked <= LONGEST_FACE) {
    const log = Math.log(Math.max(LEAST, (event.time - asked) / SECOND))
    activity.faces++
    activity.face += log
    activity.face2 += log * log
  }
  const { similarity, photo } = event
  if (similarity !== undefined) {
    activity.similarities++
    activity.similarity += similarity
    activity.similarity2 += similarity * similarity
  }
  // Other hashes serve for equality only.
  if (photo?.length === 16) notePhoto(activity, photo)
}

function notePhoto(activity: Activity, photo: string): void {
  const [high, low] = [Number.parseInt(photo.slice(0, 8), 16), Number.parseInt(photo.slice(8), 16)]
  if (!Number.isNaN(activity.photoHigh)) {
    activity.photos++
    if (bits(high ^ activity.photoHigh) + bits(low ^ activity.photoLow) <= NEAR) activity.near++
  }
  activity.photoHigh = high
  activity.photoLow = low
}

function bits(n: number): number {
  let x = n - ((n >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
