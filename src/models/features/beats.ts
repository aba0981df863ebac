import { SECOND, type Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import { touch } from './playing.ts'
import { DEVIATION_BINS, FRACTION_BINS, OTHERS, type Activity } from './state.ts'
import { BEAT, chaptersSince, LONGEST_GAP, NEW, NO_ROOM, STARTED, TURNED } from './tracks.ts'

/** Gaps that differ by less are the same. */
const SAME_GAP: Ms = 200
/** A gap is long from this multiple of the typical one on. */
const LONG = 1.5
/** Beats closer than this arrive together, and are apart in time from this on. */
const TOGETHER: Ms = 200
const APART: Ms = 2 * SECOND
/** Media and clock that differ by less agree to the millisecond, and so do two steps. */
const EXACT = 0.01
const SAME_STEP = 0.001
/** The media waits for data now and then: what it waits longer counts as so much, or one wait would outweigh a thousand beats. */
const MOST_RESIDUAL = 2
/** Distances from the typical gap count no more than this, for the same reason. */
const MOST_DISTANCE = 1
const FINEST = 2 ** DEVIATION_BINS
/**
 * The typical gap is a running mean in which a gap has at least this weight and pulls by at most `CLIP` of the mean, so that odd ones move
 * it little. Two in a row that agree within `CLIP` and lie further off are another player's: it goes there at once.
 */
const CLIP = 0.1
const LEAST_WEIGHT = 1 / 16

/** A beat as it is added up. What it does not tell is NaN, as in `Stretch`. One object serves all calls, and is handed on whole: V8 makes an object of each number that is. */
export class Beat {
  time: Ms = 0
  received: Ms = NaN
  position = NaN
  inputs = NaN
  /** Stated by the beat, or in force. */
  rate = 1
  /** Whether it says itself that the page is hidden. */
  isHidden = false
  /** From the latest event of its chapter. */
  gap: Ms = 0

  /** `rate`: in force before it. */
  of({ time, received, position, inputs, rate, visible }: Event, inForce: number): this {
    this.time = time
    this.received = received ?? NaN
    this.position = position ?? NaN
    this.inputs = inputs ?? NaN
    this.rate = rate ?? inForce
    this.isHidden = visible === false
    return this
  }
}

/** A beat, judged against the one before it. */
export function noteBeat(activity: Activity, beat: Beat, turn: number): void {
  activity.beats++
  const { inputs } = beat
  const tells = !Number.isNaN(inputs)
  activity.tells = tells
  if (tells) {
    activity.counted++
    activity.inputs += inputs
    activity.inputs2 += inputs * inputs
    if (inputs === 0) activity.idle++
    else touch(activity)
  }
  if (turn === NO_ROOM) {
    activity.interleaved++
    activity.unstarted++
    activity.mostChapters = Math.max(activity.mostChapters, OTHERS + 2)
    return
  }
  const { flags } = activity
  if ((flags & STARTED) === 0) activity.unstarted++
  if (turn === TURNED || turn === NEW) noteTurn(activity)
  else if (activity.mostChapters < 1) activity.mostChapters = 1
  const isArrived = !Number.isNaN(beat.received)
  if (isArrived) noteArrival(activity, beat)
  const gap = beat.time - activity.at
  beat.gap = gap
  if ((flags & BEAT) !== 0 && gap <= LONGEST_GAP && gap > 0) noteGap(activity, beat)
  else {
    activity.gap = -1
    activity.step = -1
  }
  if (isArrived) activity.arrived = beat.received
}

/** A beat that follows one of another chapter. */
function noteTurn(activity: Activity): void {
  activity.interleaved++
  activity.mostChapters = Math.max(activity.mostChapters, chaptersSince(activity))
}

function noteArrival(activity: Activity, { time, received: arrived }: Beat): void {
  const delay = Math.log(Math.max(1, arrived - time) / SECOND)
  activity.arrivals++
  activity.delay += delay
  activity.delay2 += delay * delay
  if (arrived - time > activity.mostDelay) activity.mostDelay = arrived - time
  const before = activity.arrived
  if (before > 0 && Math.abs(arrived - before) <= TOGETHER && time - activity.at >= APART) activity.together++
}

function noteGap(activity: Activity, beat: Beat): void {
  const { position, rate } = beat
  // A browser slows the timers of a hidden page down: its gaps are not the player's.
  if (beat.isHidden) activity.gap = -1
  else noteRhythm(activity, beat)
  const before = activity.position
  if (Number.isNaN(position) || Number.isNaN(before) || position < before) {
    activity.step = -1
    return
  }
  const clock = beat.gap / SECOND
  activity.clock += clock
  activity.media += position - before
  activity.stated += rate * clock
  if (rate > activity.mostRate) activity.mostRate = rate
  noteStep(activity, beat)
}

function noteRhythm(activity: Activity, { gap }: Beat): void {
  const n = activity.gaps + 1
  activity.gaps = n
  const typical = activity.typical > 0 ? activity.typical : gap
  const distance = gap / typical - 1
  const size = Math.abs(distance)
  const d = size > MOST_DISTANCE ? MOST_DISTANCE : distance
  const bin = 32 - Math.clz32(size * FINEST)
  activity.deviations.add(bin < DEVIATION_BINS ? bin : DEVIATION_BINS - 1, 1)
  activity.spread += d * d
  if (gap > LONG * typical) activity.long++
  const before = activity.gap
  const weight = n > 1 / LEAST_WEIGHT ? LEAST_WEIGHT : 1 / n
  if (size <= CLIP) activity.typical = typical * (1 + weight * distance)
  else if (before > 0 && Math.abs(gap - before) <= CLIP * gap) activity.typical = gap
  else activity.typical = typical * (1 + (distance > 0 ? weight : -weight) * CLIP)
  if (before > 0) {
    const distanceBefore = Math.min(MOST_DISTANCE, before / typical - 1)
    activity.pairs++
    activity.product += d * distanceBefore
    if (Math.abs(gap - before) <= SAME_GAP) activity.same++
  }
  activity.gap = gap
}

function noteStep(activity: Activity, { position, rate, gap }: Beat): void {
  const step = position - activity.position
  const quarter = Math.round((step % 1) * FRACTION_BINS)
  activity.fractions.add(quarter < FRACTION_BINS ? quarter : 0, 1)
  // Positions in whole seconds say nothing about milliseconds.
  if (Number.isInteger(position) || step === 0) {
    activity.step = -1
    return
  }
  const residual = Math.min(MOST_RESIDUAL, Math.abs(step - rate * (gap / SECOND)))
  activity.residuals++
  activity.residual2 += residual * residual
  if (residual < EXACT) activity.exact++
  const before = activity.step
  if (before > 0) {
    activity.steps++
    if (Math.abs(step - before) <= SAME_STEP) activity.equal++
  }
  activity.step = step
}
