import { SECOND, type Ms } from '../../base/time.ts'
import type { Actor, Chapter, Person } from '../person.ts'
import { Script } from './script.ts'
import { stretches, type Adversary, type Stage } from '../stage.ts'

export const apiMinute: Adversary = {
  name: 'api-minute',
  describe: 'Sleeps just under a minute between reports of minute ends, or reports a whole video in one request; starts all pending videos of a course at once.',
  size: [1, 1],
  act([person], stage) {
    return person ? [run(person, stage, stretches(person.random, stage, 1, 3))] : []
  },
}

function* run(person: Person, stage: Stage, times: readonly { from: Ms; until: Ms }[]): Actor {
  const r = person.random
  const sleep = r.vary(59.8)
  const oneRequest = r.chance(1 / 3)
  const rest = r.limits(5, 60)
  const stagger = r.limits(0.5, 1.5)
  const courses = person.klass.courses
  let course = 0
  for (const { from, until } of times) {
    let now = from
    while (now < until && course < courses.length) {
      const script = new Script(person, person.link(stage.copiedAgent), now)
      script.send('logged-in')
      now = play(script, courses[course] as Chapter[], sleep, oneRequest, stagger) + r.paced(r.uniform(...rest)) * SECOND
      course++
      yield script.take()
    }
  }
}

/** All chapters of a course at once; returns when the last one is done. */
function play(script: Script, chapters: readonly Chapter[], sleep: number, oneRequest: boolean, stagger: readonly [number, number]): Ms {
  const r = script.person.random
  let last = script.now
  let start = script.now + r.uniform(1, 3) * SECOND
  for (const chapter of chapters) {
    script.now = start
    if (oneRequest) inOneRequest(script, chapter, sleep)
    else minuteByMinute(script, chapter, sleep)
    last = Math.max(last, script.now)
    start += r.paced(r.uniform(...stagger)) * SECOND
  }
  return last
}

// A minute's report names the last second of that minute, whatever the sleep was.
function minuteByMinute(script: Script, chapter: Chapter, sleep: number): void {
  for (let i = 0; i * sleep < chapter.length; i++) {
    script.report(chapter, Math.min(chapter.length, Math.round(sleep * (i + 1)) - 1))
    script.now += script.person.random.paced(sleep) * SECOND
  }
  script.complete(chapter)
}

function inOneRequest(script: Script, chapter: Chapter, sleep: number): void {
  const beats = Math.ceil(chapter.length / sleep)
  const received = script.now + script.person.latency()
  for (let i = 0; i < beats; i++) {
    const time = script.now - (beats - i) * sleep * SECOND
    script.sendAt(time, received + i, 'heartbeat', script.at(chapter, Math.min(chapter.length, Math.round(sleep * (i + 1)) - 1)))
  }
  script.now = received + beats
  script.complete(chapter)
}
