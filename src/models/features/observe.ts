import { PLAYBACK, type Event } from '../../telemetry/event.ts'
import { Beat, noteBeat } from './beats.ts'
import { mayProbe, noteEnd, noteNext, notePause, noteStop } from './lessons.ts'
import { noteAnswer, noteFaceCheck, noteFaceRequest } from './person.ts'
import { notePlayed, Stretch, touch } from './playing.ts'
import { noteLogin, sitDown } from './sittings.ts'
import { SITTING_GAP, type Activity, type Around } from './state.ts'
import { advance, advanceBeat, NO_ROOM, turnTo } from './tracks.ts'
import { takeIn, wait } from './waiting.ts'

const beat = new Beat()
const stretch = new Stretch()

/** Takes the learner's next event, in time order. */
export function observe(activity: Activity, event: Event, around: Around): void {
  const { time, chapter, action } = event
  if (action === 'heartbeat' && wait(activity, event, around.span)) return
  takeIn(activity)
  activity.waiting = -1
  if (time - activity.latest > SITTING_GAP) sitDown(activity, time, around)
  activity.latest = time
  if (chapter !== undefined && PLAYBACK.has(action)) {
    if (action === 'heartbeat') observeBeat(activity, event, chapter, around)
    else observeStep(activity, event, chapter, around)
  } else if (action === 'answered') noteAnswer(activity, event)
  else if (action === 'face-requested') noteFaceRequest(activity, event)
  else if (action === 'face-checked') noteFaceCheck(activity, event)
  else if (action === 'logged-in') noteLogin(activity, event)
}

function observeBeat(activity: Activity, event: Event, chapter: string, around: Around): void {
  const turn = turnTo(activity, event, chapter)
  const { span } = around
  if (span !== undefined) notePlayed(activity, stretch.of(span), turn !== NO_ROOM)
  noteBeat(activity, beat.of(event, span?.rate ?? 1), turn)
  if (turn === NO_ROOM) return
  noteEnd(activity, event, turn, around)
  advanceBeat(activity, beat)
  // One that may be a probe is looked at each time: it needs the length of its chapter.
  if (mayProbe(activity)) return
  activity.waiting = 0
  activity.rate = beat.rate
}

function observeStep(activity: Activity, event: Event, chapter: string, around: Around): void {
  const { action } = event
  const turn = turnTo(activity, event, chapter)
  const { span } = around
  if (span !== undefined) notePlayed(activity, stretch.of(span), turn !== NO_ROOM)
  if (event.inputs !== undefined ? event.inputs > 0 : isHand(action) && !activity.tells) touch(activity)
  if (action === 'seeked') {
    activity.seeks++
    const from = event.from ?? activity.position
    const to = event.to ?? event.position
    // INVARIANT (missing): where one went is not known, no share of them is.
    if (turn === NO_ROOM || to === undefined || Number.isNaN(from)) activity.back = NaN
    else if (to < from) activity.back++
  } else if (action === 'rate-changed') activity.rates++
  else if (action === 'initialized' || action === 'played') {
    noteNext(activity, event, turn)
    if (Number.isNaN(activity.unstarted)) activity.unstarted = 0
  }
  if (turn === NO_ROOM) return
  if (action === 'played') notePause(activity, event)
  else if (action === 'completed') noteEnd(activity, event, turn, around)
  advance(activity, event)
  if (action === 'paused') noteStop(activity, event)
}

/** What a hand does, where no inputs are counted. */
function isHand(action: string): boolean {
  return action === 'seeked' || action === 'rate-changed' || action === 'paused'
}
