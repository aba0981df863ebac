import type { Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import type { Span } from '../../telemetry/playback.ts'
import { Beat, noteBeat } from './beats.ts'
import { notePlayed, Stretch } from './playing.ts'
import { BEAT_SIZE, WAITING, type Activity } from './state.ts'
import { advanceBeat, LONGEST_GAP, SAME } from './tracks.ts'

/*
 * Ordinary beats wait. A beat changes half a hundred sums that lie all over the record, and fetching them takes many times as long as adding. So a
 * beat that only says that its chapter went on is noted in two numbers, and taken in with those before and after it, in order and by the
 * same arithmetic, so that each sum is the same to the last bit:
 *
 *   0  media position (NaN: not told)
 *   1  gap to the event before in ms (19 bits), page and sound (2 bits each), then delay of its arrival in ms + 1 (18 bits), inputs + 1
 *      (10 bits); 0 for what is not told
 */

const GAP_BITS = 19
const MUTED_AT = GAP_BITS + 2
const LOW = 2 ** (MUTED_AT + 2)
const DELAY_BITS = 18
const MOST_DELAY: Ms = 2 ** DELAY_BITS - 2
const MOST_INPUTS = 2 ** 10 - 2
/** How the page and the sound are told: by the beat itself where the page is hidden, which its gap then is judged by. */
const [ON, OFF, OFF_BEFORE] = [1, 2, 3]

/** What waits, as it is taken in. Nothing keeps them. */
const beat = new Beat()
const stretch = new Stretch()

/** Notes a beat that is ordinary: of the chapter at hand, after another beat, proving all the time between. False if it is not, and must be taken in at once. */
export function wait(activity: Activity, event: Event, span: Span | undefined): boolean {
  const { waiting, latest } = activity
  if (waiting < 0 || span === undefined || span.from !== latest || event.chapter !== activity.chapter || event.session !== activity.session) return false
  const { waitingBeats } = activity
  const packed = pack(event, span, event.time - latest)
  const position = event.position ?? NaN
  const before = waiting === 0 ? activity.position : waitingBeats.get(BEAT_SIZE * (waiting - 1))
  if (packed < 0 || span.rate !== activity.rate || !isSame(span.mediaTo, position) || !isSame(span.mediaFrom, before)) return false
  waitingBeats.set(BEAT_SIZE * waiting, position)
  waitingBeats.set(BEAT_SIZE * waiting + 1, packed)
  activity.latest = event.time
  activity.waiting = waiting + 1
  if (waiting + 1 === WAITING) takeIn(activity)
  return true
}

function isSame(told: number | undefined, number: number): boolean {
  return told === undefined ? Number.isNaN(number) : told === number
}

/** The second number of a beat; negative where one has no room in it or says more. */
function pack({ time, received, rate, visible, inputs }: Event, span: Span, gap: Ms): number {
  if (!(gap > 0 && gap <= LONGEST_GAP && (gap | 0) === gap) || span.to !== time || (rate !== undefined && rate !== span.rate)) return -1
  const delay = received === undefined ? -1 : received - time
  const touches = inputs ?? -1
  if (received !== undefined && !(delay >= 0 && delay <= MOST_DELAY && (delay | 0) === delay)) return -1
  if (inputs !== undefined && !(touches >= 0 && touches <= MOST_INPUTS && (touches | 0) === touches)) return -1
  const page = span.visible === undefined ? 0 : span.visible ? ON : visible === false ? OFF : OFF_BEFORE
  const sound = span.muted === undefined ? 0 : span.muted ? ON : OFF
  return (gap | (page << GAP_BITS) | (sound << MUTED_AT)) + LOW * ((delay + 1) | ((touches + 1) << DELAY_BITS))
}

/** Takes in what waits. INVARIANT (waiting): nobody reads or changes an activity's sums, or its chapters, before it. */
export function takeIn(activity: Activity): void {
  const { waiting, waitingBeats, rate } = activity
  if (waiting <= 0) return
  let { at: time, position } = activity
  beat.rate = stretch.rate = rate
  for (let i = 0; i < BEAT_SIZE * waiting; i += BEAT_SIZE) {
    const packed = waitingBeats.get(i + 1)
    const high = Math.floor(packed / LOW)
    const low = packed - high * LOW
    const page = (low >> GAP_BITS) & 3
    const sound = low >> MUTED_AT
    const delay = high & (2 ** DELAY_BITS - 1)
    const touches = high >> DELAY_BITS
    stretch.from = time
    stretch.mediaFrom = position
    time += low & (2 ** GAP_BITS - 1)
    position = waitingBeats.get(i)
    stretch.to = time
    stretch.mediaTo = position
    stretch.visible = page === 0 ? NaN : page === ON ? 1 : 0
    stretch.muted = sound === 0 ? NaN : sound === ON ? 1 : 0
    beat.time = time
    beat.position = position
    beat.received = delay === 0 ? NaN : time + delay - 1
    beat.inputs = touches === 0 ? NaN : touches - 1
    beat.isHidden = page === OFF
    notePlayed(activity, stretch, true)
    noteBeat(activity, beat, SAME)
    advanceBeat(activity, beat)
  }
  // What is over is not saved.
  waitingBeats.clear()
  activity.waiting = 0
}
