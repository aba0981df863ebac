import { MINUTE, parseTime, SECOND, type Ms } from '../../base/time.ts'
import type { WireEvent } from '../../telemetry/event.ts'
import { Script } from '../adversaries/script.ts'
import { honestHabits } from '../play/habits.ts'
import { study } from '../play/study.ts'
import type { Actor, Chapter, Person } from '../person.ts'
import { agentOf, everyDay, pending, type Adversary, type Stage } from '../stage.ts'

export const replay: Adversary = {
  name: 'replay',
  describe: 'Records one honest sitting of the learner and sends its trace again and again, with the later chapters\' names in it.',
  size: [1, 1],
  act: ([person], stage) => (person ? [run(person, stage)] : []),
}

/** What the player sent, as a change from what it had sent before. */
interface Gesture {
  wait: Ms
  action: WireEvent['action']
  advance: number
  fields: Pick<WireEvent, 'visible' | 'muted' | 'rate' | 'inputs'>
}

const GESTURES: ReadonlySet<string> = new Set(['heartbeat', 'played', 'paused', 'seeked'])

function* run(person: Person, stage: Stage): Actor {
  const r = person.random
  const agent = agentOf(person)
  const [first, ...later] = everyDay(person, stage, 1.5, 4, agent)
  if (!first) return
  const habits = { ...honestHabits(person), roam: undefined, drops: 0 }
  const events: WireEvent[] = []
  // Long enough for something to be worth playing back.
  for (const batch of study(person, { habits, sittings: [{ ...first, until: first.from + r.uniform(35, 60) * MINUTE }] })) {
    events.push(...batch.map((s) => s.event))
    yield batch
  }
  const { gestures, answers, rest } = record(events)
  const queue = pending(person).slice(events.filter((e) => e.action === 'completed').length)
  const recorded = Math.max(...events.map((e) => parseTime(e.time) as Ms))
  for (const { from, until, link } of [{ ...first, from: recorded + r.uniform(2, 20) * MINUTE }, ...later]) {
    const script = new Script(person, link, from)
    script.send('logged-in')
    let check = script.now + person.nextCheck()
    while (script.now < until) {
      const chapter = queue.shift()
      if (!chapter) return
      check = playBack(script, chapter, gestures, check)
      script.quiz(chapter, person.items(chapter), (i) => answers[i % answers.length] ?? 8, habits.right)
      yield script.take()
      script.now += r.paced(rest)
    }
    script.send('logged-out')
    yield script.take()
  }
}

/** The trace of the chapter that gave most of it, the seconds that answers took, and the wait before the next chapter. */
function record(events: readonly WireEvent[]): { gestures: Gesture[]; answers: number[]; rest: Ms } {
  const inOrder = events.map((e) => ({ e, at: parseTime(e.time) as Ms })).sort((a, b) => a.at - b.at)
  const answers: number[] = []
  const traces = new Map<string, Gesture[]>()
  let rest = 20 * SECOND
  let before = inOrder[0]
  for (const now of inOrder) {
    const { e, at } = now
    const wait = at - (before as typeof now).at
    const last = (before as typeof now).e
    if (e.action === 'answered') answers.push(wait / SECOND)
    if (e.action === 'initialized' && (last.action === 'answered' || last.action === 'completed')) rest = wait
    if (GESTURES.has(e.action) && GESTURES.has(last.action) && e.chapter === last.chapter && e.chapter !== undefined) {
      const { visible, muted, rate, inputs } = e
      const gesture = { wait, action: e.action, advance: (e.position ?? 0) - (last.position ?? 0), fields: { visible, muted, rate, inputs } }
      const trace = traces.get(e.chapter)
      if (trace) trace.push(gesture)
      else traces.set(e.chapter, [gesture])
    }
    before = now
  }
  const longest = [...traces.values()].sort((a, b) => b.length - a.length)[0] ?? []
  // A trace that leads nowhere would never end a chapter.
  return { gestures: longest.reduce((sum, g) => sum + g.advance, 0) > MINUTE / SECOND ? longest : [], answers, rest }
}

/** Sends the trace, from its start for each chapter and round again until the chapter ends; returns when the next face check is due. */
function playBack(script: Script, chapter: Chapter, gestures: readonly Gesture[], check: Ms): Ms {
  const r = script.person.random
  const cadence = { wait: script.person.platform.heartbeat, action: 'heartbeat' as const, advance: script.person.platform.heartbeat / SECOND, fields: {} }
  script.send('initialized', { course: chapter.course, chapter: chapter.id, length: chapter.length, position: 0 })
  script.send('played', script.at(chapter, 0))
  let due = check
  for (let i = 0, position = 0; ; i++) {
    const { wait, action, advance, fields } = gestures[i % gestures.length] ?? cadence
    const from = position
    position = Math.max(0, position + advance)
    script.now += r.paced(wait)
    if (position >= chapter.length) break
    const at = script.at(chapter, position, fields)
    if (action === 'seeked') script.send(action, { course: chapter.course, chapter: chapter.id, from: script.person.round(from), to: at.position, position: at.position })
    else script.send(action, at)
    if (script.now < due) continue
    script.uploadFace(chapter)
    due = script.now + script.person.nextCheck()
  }
  script.complete(chapter)
  return due
}
