import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Actor, Chapter, Link, Person } from '../person.ts'
import { Script } from './script.ts'
import { pending, range, stretches, type Adversary } from '../stage.ts'

export const apiProbe: Adversary = {
  name: 'api-probe',
  describe: 'Asks for completion first with the position at the end, then reports every 30 to 90 s of video, four or five chapters at once.',
  size: [1, 1],
  act([person], stage) {
    if (!person) return []
    const r = person.random
    const queue = pending(person)
    const asksFaces = r.chance(0.5)
    return stretches(r, stage, 1, 3).flatMap(({ from, until }) => {
      const link = person.link(stage.copiedAgent)
      const threads = Math.round(r.about(r.int(4, 5)))
      return range(threads).map((i) => thread(person, link, queue, from, until, i, asksFaces && i === 0))
    })
  },
}

function* thread(person: Person, link: Link, queue: Chapter[], from: Ms, until: Ms, index: number, asksFaces: boolean): Actor {
  const r = person.random
  const script = new Script(person, link, from)
  const step = [r.vary(40), r.vary(70)] as const
  const speed = r.pick([1, 1, 2])
  const start = r.limits(0.5, 1.5)
  const rest = r.limits(0.5, 2)
  const answer = r.about(1)
  if (index === 0) script.send('logged-in')
  else script.now += index * r.uniform(0.5, 2) * SECOND
  yield script.take()
  let nextCheck = script.now + person.nextCheck()
  while (script.now < until) {
    const chapter = queue.shift()
    if (!chapter) return
    script.report(chapter, chapter.length)
    script.now += r.paced(r.uniform(...start)) * SECOND
    for (let position = 0; position < chapter.length;) {
      script.report(chapter, position)
      const advance = Math.min(chapter.length - position, Math.round(r.uniform(...step)))
      position += advance
      script.now += r.paced(advance / speed) * SECOND
      if (asksFaces && script.now > nextCheck) {
        // The platform asks, and no program answers.
        const challenge = r.hex(8)
        const where = { course: chapter.course, chapter: chapter.id, challenge }
        script.sendAt(script.now, script.now + 100, 'face-requested', where)
        script.sendAt(script.now + MINUTE, script.now + MINUTE + 100, 'face-checked', { ...where, outcome: 'missed' })
        nextCheck = script.now + person.nextCheck()
      }
    }
    script.report(chapter, chapter.length)
    script.complete(chapter)
    script.quiz(chapter, person.items(chapter), answer, 0.9)
    yield script.take()
    script.now += r.paced(r.uniform(...rest)) * SECOND
  }
}
