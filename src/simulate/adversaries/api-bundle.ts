import { SECOND, type Ms } from '../../base/time.ts'
import type { Actor, Chapter, Link, Person } from '../person.ts'
import { Script } from './script.ts'
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
    const noise = r.about(50)
    const bundle = Math.round(r.about(6))
    const videos = Math.round(r.about(8))
    return stretches(r, stage, 1, 2.5).flatMap(({ from, until }) => {
      const link = person.link(stage.copiedAgent)
      return range(videos).map((i) => thread(person, link, queue, from + i * r.uniform(0.2, 1) * SECOND, until, { gap, noise, rate, bundle }))
    })
  },
}

/** How one copy of the script forges its beats. */
interface Forgery {
  gap: Ms
  noise: Ms
  rate: number
  /** Beats in one request. */
  bundle: number
}

function* thread(person: Person, link: Link, queue: Chapter[], from: Ms, until: Ms, forgery: Forgery): Actor {
  const r = person.random
  const { gap, noise, rate, bundle } = forgery
  const pause = r.limits(0.5, 3)
  const script = new Script(person, link, from)
  while (script.now < until) {
    const chapter = queue.shift()
    if (!chapter) return
    script.send('rate-changed', { course: chapter.course, chapter: chapter.id, position: 0, rate })
    let position = 0
    let beat = script.now
    while (position < chapter.length) {
      const request = beat + bundle * gap
      const received = request + person.latency()
      for (let i = 0; i < bundle && position < chapter.length; i++) {
        const wait = r.paced(gap, r.normal(0, noise))
        position = Math.min(chapter.length, position + (wait / SECOND) * rate)
        script.sendAt(beat, received + i, 'heartbeat', script.at(chapter, position, { rate }))
        beat += wait
      }
      // Beats that the jitter has lengthened may have run past the request; the script's own noise is forgotten.
      beat = r.tuning.jitter === undefined ? request : Math.max(beat, request)
    }
    script.now = beat
    yield script.take()
    script.now += r.paced(r.uniform(...pause)) * SECOND
  }
}
