import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Action } from '../../telemetry/event.ts'
import { Hands } from './hands.ts'
import { hiddenSpell, visibleSpell, type Habits } from './habits.ts'
import { inOrder, type Fields, type Link, type Person, type Sent } from '../person.ts'
import type { View } from './view.ts'
import type { Random } from '../random.ts'

export type Ending = 'completed' | 'stopped' | 'dropped'

const NEVER = Number.POSITIVE_INFINITY
/** Time to answer a face check. */
const ANSWER_LIMIT: Ms = MINUTE
/** What was held for longer is given up. */
const LONGEST_HOLD: Ms = 50 * SECOND

/** A real player in a browser or app, used by somebody with `habits`. It sends what such a player sends and moves `now`. */
export class Player {
  now: Ms
  link: Link
  habits: Habits
  private readonly person: Person
  private readonly r: Random
  private readonly started: Ms
  private sent: Sent[] = []
  private heldUntil: Ms = 0
  private visible = true
  private toggleAt: Ms
  private readonly hands = new Hands()
  private checkIn: Ms
  private challenge = ''
  private missing = false
  private retry = false
  private answerAt: Ms = NEVER
  private beatAt: Ms = NEVER
  private pauseAt: Ms = NEVER
  private seekAt: Ms = NEVER
  private dropAt: Ms = NEVER
  /** Where the media began that was played since something was sent of it. */
  private playedFrom = 0

  constructor(person: Person, habits: Habits, link: Link, now: Ms) {
    this.person = person
    this.r = person.random
    this.habits = habits
    this.link = link
    this.now = now
    this.started = now
    this.hands.rest(now)
    this.checkIn = person.nextCheck()
    this.toggleAt = habits.hidden > 0 ? now + visibleSpell(habits, this.r) : NEVER
  }

  /** What was sent since the last call, in order of arrival. */
  take(): Sent[] {
    const batch = inOrder(this.sent)
    this.sent = []
    return batch
  }

  login(link: Link): void {
    this.link = link
    this.visible = true
    this.hands.rest(this.now)
    this.person.face.sit(this.r)
    this.send('logged-in')
    this.now += this.r.lognormal(4, 0.5) * SECOND
  }

  logout(): void {
    this.send('logged-out')
  }

  /** Plays on until the chapter's end, `until`, or a dropped connection. */
  watch(view: View, until: Ms): Ending {
    this.open(view)
    for (;;) {
      const end = this.now + Math.max(1, ((view.chapter.length - view.position) / this.habits.rate) * SECOND)
      const stop = view.stops[0] ? this.now + Math.max(0, ((view.stops[0].position - view.position) / this.habits.rate) * SECOND) : NEVER
      const check = this.habits.face && this.answerAt === NEVER ? this.now + this.checkIn : NEVER
      // Nobody leaves in the middle of a face check.
      const leave = this.answerAt === NEVER && !this.retry ? Math.max(until, this.now) : NEVER
      const next = Math.min(this.beatAt, this.pauseAt, this.seekAt, this.dropAt, this.answerAt, this.toggleAt, check, stop, end, leave)
      this.play(view, next)
      if (next === end) return this.complete(view)
      if (next === leave) return 'stopped'
      if (next === this.dropAt) return this.drop(view)
      if (next === this.answerAt) this.answerFace(view)
      else if (next === check) this.askFace(view)
      else if (next === stop) this.pause(view, (view.stops.shift() as { seconds: number }).seconds)
      else if (next === this.pauseAt) this.pause(view, this.habits.pauseLength(this.r))
      else if (next === this.seekAt) this.seekBack(view)
      else if (next === this.toggleAt) this.toggle()
      else this.beat(view)
    }
  }

  /** Closes the page, perhaps without a word. */
  leave(view: View): void {
    if (this.r.chance(this.habits.quietLeave)) return
    this.sendPlayback('paused', view)
    this.now += this.r.uniform(0.2, 1.5) * SECOND
    this.sendPlayback('terminated', view)
    this.now += this.r.uniform(0.2, 2) * SECOND
  }

  quiz({ chapter }: View, items: number): void {
    for (let i = 1; i <= items; i++) {
      const elapsed = this.habits.answer(this.r)
      this.now += elapsed * SECOND + this.r.uniform(20, 80)
      const correct = this.r.chance(this.habits.right)
      this.send('answered', {
        course: chapter.course, chapter: chapter.id, item: `${chapter.id}-q${i}`, correct, elapsed: Math.round(elapsed * 1000) / 1000, inputs: this.inputs(),
      })
    }
  }

  private open(view: View): void {
    const { r, habits: h } = this
    const { chapter } = view
    this.playedFrom = view.position
    this.send('initialized', { course: chapter.course, chapter: chapter.id, length: chapter.length, position: this.person.round(view.position) })
    this.now += r.uniform(0.3, 1.5) * SECOND
    this.hands.click()
    this.sendPlayback('played', view)
    if (h.rate !== 1) {
      this.now += r.uniform(50, 400)
      this.send('rate-changed', { course: chapter.course, chapter: chapter.id, position: this.person.round(view.position), rate: Math.round(h.rate * 100) / 100 })
    }
    this.arm()
  }

  // Pauses, seeks and drops have no memory, so drawing them anew after each stop changes nothing.
  private arm(): void {
    const { r, habits: h, now } = this
    const wait = (perMinute: number): Ms => (perMinute > 0 ? now + r.exponential(MINUTE / perMinute) : NEVER)
    this.beatAt = now + this.beatGap()
    this.pauseAt = wait(h.pauses)
    this.seekAt = wait(h.backSeeks)
    this.dropAt = wait(h.drops)
    // Nobody looked at the clock while it stood still.
    this.toggleAt = Math.max(this.toggleAt, now + 1)
  }

  private beatGap(): Ms {
    return (this.habits.cadence ?? this.person.platform.heartbeat) + this.habits.timer(this.r, !this.visible)
  }

  private play(view: View, at: Ms): void {
    const elapsed = at - this.now
    view.position = Math.min(view.chapter.length, view.position + (elapsed / SECOND) * this.habits.rate)
    this.checkIn -= elapsed
    this.now = at
  }

  private beat(view: View): void {
    const { r, habits: h } = this
    const cadence = h.cadence ?? this.person.platform.heartbeat
    if (h.roam && r.chance(cadence / h.roam.every)) this.link = { ...this.link, ip: h.roam.address(r) }
    // The media waits for data now and then.
    if (r.chance(0.01)) view.position = Math.max(view.reported, view.position - r.lognormal(0.8, 0.6))
    if (h.buffers || this.now >= this.heldUntil) this.sendPlayback('heartbeat', view)
    if (this.now >= this.heldUntil && r.chance(h.losses)) {
      const held = r.int(2, 3) * cadence + r.uniform(0.2, 0.8) * cadence
      this.heldUntil = this.now + (h.buffers ? Math.min(LONGEST_HOLD, held) : held)
    }
    this.beatAt = this.now + this.beatGap()
  }

  private pause(view: View, seconds: number): void {
    this.hands.click()
    this.sendPlayback('paused', view)
    const back = this.now + seconds * SECOND
    if (this.answerAt <= back) {
      this.now = this.answerAt
      this.answerFace(view)
    }
    this.now = back
    this.hands.click()
    this.sendPlayback('played', view)
    this.arm()
  }

  private seekBack(view: View): void {
    const back = Math.min(view.position, this.habits.backSeekLength(this.r))
    this.seekAt = this.now + this.r.exponential(MINUTE / this.habits.backSeeks)
    if (back < 2) return
    this.seen(view)
    const from = this.person.round(view.position)
    view.position -= back
    this.playedFrom = view.position
    const to = this.person.round(view.position)
    view.reported = to
    this.hands.click()
    const { chapter } = view
    this.send('seeked', { course: chapter.course, chapter: chapter.id, from, to, position: to, inputs: this.inputs() })
  }

  private toggle(): void {
    this.visible = !this.visible
    this.toggleAt = this.now + (this.visible ? visibleSpell(this.habits, this.r) : hiddenSpell(this.habits, this.r))
    if (this.visible) this.hands.click()
  }

  private complete(view: View): Ending {
    view.position = view.chapter.length
    this.seen(view)
    view.reported = view.position
    const { chapter } = view
    this.send('completed', { course: chapter.course, chapter: chapter.id, position: chapter.length, length: chapter.length, inputs: this.inputs() })
    if (this.answerAt !== NEVER) {
      this.now = this.answerAt
      this.answerFace(view)
    }
    return 'completed'
  }

  private drop(view: View): Ending {
    view.position = view.reported
    this.heldUntil = 0
    if (this.answerAt !== NEVER) this.checkIn = this.r.uniform(30, 90) * SECOND
    this.answerAt = NEVER
    return 'dropped'
  }

  private askFace(view: View): void {
    const seconds = this.habits.face?.answer(this.r)
    const blocks = this.person.platform.pausesForFace
    this.challenge = this.r.hex(8)
    this.missing = seconds === undefined
    if (blocks) this.sendPlayback('paused', view)
    this.send('face-requested', { course: view.chapter.course, chapter: view.chapter.id, challenge: this.challenge })
    this.answerAt = this.now + (seconds === undefined ? ANSWER_LIMIT : seconds * SECOND)
    if (!blocks) return
    this.now = this.answerAt
    this.answerFace(view)
    this.now += this.r.uniform(0.3, 1) * SECOND
    this.sendPlayback('played', view)
    this.arm()
  }

  private answerFace(view: View): void {
    const { r, person, missing } = this
    const face = this.habits.face
    this.answerAt = NEVER
    if (!face) return
    const flub = !missing && !this.retry && r.chance(face.flubs)
    const outcome = missing ? 'missed' : flub ? (r.chance(0.5) ? 'failed' : 'unusable') : 'passed'
    const [least, span] = person.platform.variant?.likeness ?? [0.78, 0.2]
    const seen = outcome === 'passed' || outcome === 'failed'
    const similarity = outcome === 'passed' ? least + span * r.beta(4, 2) : r.uniform(0.3, 0.6)
    this.send('face-checked', {
      course: view.chapter.course, chapter: view.chapter.id, challenge: this.challenge, outcome,
      photo: seen ? face.photo(person, r) : undefined, similarity: seen ? Math.round(similarity * 1000) / 1000 : undefined,
    })
    // Whoever answers looks at the page.
    if (!missing && !this.visible) this.toggle()
    this.retry = flub
    this.checkIn = flub ? r.uniform(3, 10) * SECOND : person.nextCheck()
  }

  private inputs(): number {
    return this.hands.count(this.now, this.visible, this.habits, this.r)
  }

  /** What was played so far is about to be told of. */
  private seen({ chapter, position }: View): void {
    this.person.saw(chapter, this.playedFrom, position)
    this.playedFrom = position
  }

  private sendPlayback(action: Action, view: View): void {
    this.seen(view)
    const length = view.chapter.length
    const measured = Math.min(length, view.position + this.r.normal(0, this.person.platform.variant?.blur ?? 0.012))
    view.reported = this.person.round(measured)
    this.send(action, {
      course: view.chapter.course, chapter: view.chapter.id, position: view.reported, visible: this.visible, muted: this.habits.muted,
      rate: this.person.platform.variant?.form.rate ? Math.round(this.habits.rate * 100) / 100 : undefined, inputs: this.inputs(),
    })
  }

  private send(action: Action, fields?: Fields): void {
    this.person.send(this.sent, this.now, this.arrival(), this.link, action, fields)
  }

  private arrival(): Ms {
    const { now, r, habits: { upload } } = this
    if (now < this.heldUntil) return Math.min(this.heldUntil, now + LONGEST_HOLD) + r.uniform(20, 200)
    // An app's uploads are counted from its start, whatever happens in between.
    if (upload !== undefined) return this.started + Math.ceil((now - this.started) / upload) * upload + this.person.latency()
    return now + this.person.latency()
  }
}
