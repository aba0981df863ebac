import { MINUTE, type Ms } from '../../base/time.ts'
import { PLAYBACK, type Event } from '../../telemetry/event.ts'
import { Sample } from '../check/sample.ts'

/** Longer gaps between events of a player are no watching. */
const LONGEST_GAP: Ms = 2 * MINUTE
const MOST_SESSIONS = 100_000
const LEAST_INTERVALS = 20

interface Session {
  at: Ms
  playing: boolean
  watched: Ms
  asked: boolean
}

const STOPS: ReadonlySet<string> = new Set(['paused', 'completed', 'terminated', 'logged-out'])

/** How long one platform lets people watch between two face checks. */
export class ChecksTally {
  /** Watched from one request to the next of a session, in ms. */
  readonly between = new Sample()
  private young = new Map<string, Session>()
  private old = new Map<string, Session>()

  take({ learner, session: id = '', action, time }: Event): void {
    const key = `${learner}\u0000${id}`
    let session = this.young.get(key) ?? this.old.get(key)
    if (session === undefined) session = { at: time, playing: false, watched: 0, asked: false }
    if (this.young.size >= MOST_SESSIONS) [this.old, this.young] = [this.young, new Map()]
    this.young.set(key, session)
    if (session.playing && time > session.at && time - session.at <= LONGEST_GAP) session.watched += time - session.at
    session.at = Math.max(session.at, time)
    if (STOPS.has(action)) session.playing = false
    else if (PLAYBACK.has(action) && action !== 'initialized') session.playing = true
    if (action !== 'face-requested') return
    if (session.asked) this.between.add(session.watched)
    session.watched = 0
    session.asked = true
  }

  /** What the catalogue may name: as long as all but one of a hundred stretches, in whole minutes. */
  guess(): Ms | undefined {
    return this.between.n < LEAST_INTERVALS ? undefined : Math.ceil((this.between.quantile(0.99) as number) / MINUTE) * MINUTE
  }
}
