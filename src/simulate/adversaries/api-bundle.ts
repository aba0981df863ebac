import { SECOND, type Ms } from '../../base/time.ts'
import { latency, type Actor, type Chapter, type Link, type Person } from '../person.ts'
import { COPIED_AGENT, Script } from './script.ts'
import { pending, range, stretches, type Adversary } from '../stage.ts'

export const apiBundle: Adversary = {
  name: 'api-bundle',
  describe: 'Forges beats 5 s apart at rate 2 and sends six in one request, so that they arrive in bundles, for eight videos at once.',
  size: [1, 1],
  act([person], stage) {
    if (!person) return []
    const r = person.random
    const queue = pending(person)
    const gap = r.vary(5) * SECOND
    const rate = Math.round(r.vary(2) * 10) / 10
    return stretches(r, stage, 1, 2.5).flatMap(({ from, until }) => {
      const link = person.link(COPIED_AGENT)
      return range(8).map((i) => thread(person, link, queue, from + i * r.uniform(0.2, 1) * SECOND, until, gap, rate))
    })
  },
}

const BUNDLE = 6

function* thread(person: Person, link: Link, queue: Chapter[], from: Ms, until: Ms, gap: Ms, rate: number): Actor {
  const r = person.random
  const script = new Script(person, link, from)
  while (script.now < until) {
    const chapter = queue.shift()
    if (!chapter) return
    script.send('rate-changed', { course: chapter.course, chapter: chapter.id, position: 0, rate })
    let position = 0
    let beat = script.now
    while (position < chapter.length) {
      const request = beat + BUNDLE * gap
      const received = request + latency(r)
      for (let i = 0; i < BUNDLE && position < chapter.length; i++) {
        const wait = gap + r.normal(0, 50)
        position = Math.min(chapter.length, position + (wait / SECOND) * rate)
        script.sendAt(beat, received + i, 'heartbeat', script.at(chapter, position, { rate }))
        beat += wait
      }
      beat = request
    }
    script.now = beat
    yield script.take()
    script.now += r.uniform(0.5, 3) * SECOND
  }
}
