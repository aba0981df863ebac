import { SECOND, type Ms } from '../../base/time.ts'
import { browser, type Actor, type Person } from '../person.ts'
import { RANGES, anyAddress, type Range } from '../places.ts'
import { Script } from './script.ts'
import { pending, stretches, type Adversary, type Stage } from '../stage.ts'

export const consoleScript: Adversary = {
  name: 'console',
  describe: 'Reports in steps of about 58 s, then retries every 5 s; logs in three times at once; answers in 1 s; uploads the last face again with noise.',
  size: [1, 1],
  act: ([person], stage) => (person ? [run(person, stage, [])] : []),
}

export const proxy: Adversary = {
  name: 'proxy',
  describe: 'The same console script behind random proxies, abroad and in other provinces.',
  size: [1, 1],
  act: ([person], stage) => (person ? [run(person, stage, [...RANGES.abroad, ...RANGES.elsewhere])] : []),
}

function* run(person: Person, stage: Stage, proxies: readonly Range[]): Actor {
  const r = person.random
  const address = (): string => (proxies.length > 0 ? anyAddress(proxies, r) : person.ip)
  const agent = browser(r, 'pc')
  const step = r.vary(58)
  const retry = r.vary(5)
  const gap = [r.vary(10), r.vary(60)] as const
  const again = r.about(1)
  const answer = r.about(1)
  const queue = pending(person)
  for (const { from, until } of stretches(r, stage, 1, 3)) {
    const script = new Script(person, person.link(agent, address()), from)
    for (let i = 0; i < 3; i++) {
      const started = script.now
      script.link = person.link(agent, script.link.ip)
      script.send('logged-in')
      script.now = started + r.paced(again) * SECOND
    }
    yield script.take()
    let nextCheck: Ms = script.now + person.nextCheck()
    while (script.now < until) {
      const chapter = queue.shift()
      if (!chapter) return
      if (r.chance(0.3)) script.link = { ...script.link, ip: address() }
      script.send('initialized', { course: chapter.course, chapter: chapter.id, length: chapter.length })
      script.send('played', script.at(chapter, 0))
      for (let position = step; position < chapter.length; position += step) {
        script.now += r.paced(step) * SECOND
        script.report(chapter, position)
        if (script.now > nextCheck) {
          script.uploadFace(chapter)
          nextCheck = script.now + person.nextCheck()
        }
      }
      for (let tries = r.int(1, 5); tries > 0; tries--) {
        script.now += r.paced(retry) * SECOND
        script.report(chapter, chapter.length)
      }
      script.complete(chapter)
      script.quiz(chapter, person.items(chapter), answer, 0.9)
      yield script.take()
      script.now += r.paced(r.uniform(...gap)) * SECOND
    }
  }
}
