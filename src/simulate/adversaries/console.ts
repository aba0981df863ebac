import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import { browser, latency, type Actor, type Person } from '../person.ts'
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
  const queue = pending(person)
  for (const { from, until } of stretches(r, stage, 1, 3)) {
    const script = new Script(person, person.link(agent, address()), from)
    for (let i = 0; i < 3; i++) {
      const started = script.now
      script.link = person.link(agent, script.link.ip)
      script.send('logged-in')
      script.now = started + SECOND
    }
    yield script.take()
    let nextCheck: Ms = script.now + r.uniform(10, 15) * MINUTE
    while (script.now < until) {
      const chapter = queue.shift()
      if (!chapter) return
      if (r.chance(0.3)) script.link = { ...script.link, ip: address() }
      script.send('initialized', { course: chapter.course, chapter: chapter.id, length: chapter.length })
      script.send('played', script.at(chapter, 0))
      for (let position = step; position < chapter.length; position += step) {
        script.now += step * SECOND
        script.report(chapter, position)
        if (script.now > nextCheck) {
          uploadFace(script, chapter)
          nextCheck = script.now + r.uniform(10, 15) * MINUTE
        }
      }
      for (let tries = r.int(1, 5); tries > 0; tries--) {
        script.now += retry * SECOND
        script.report(chapter, chapter.length)
      }
      script.complete(chapter)
      script.quiz(chapter, r.int(2, 5), 1, 0.9)
      yield script.take()
      script.now += r.uniform(...gap) * SECOND
    }
  }
}

function uploadFace(script: Script, chapter: { id: string; course: string }): void {
  const { person } = script
  const r = person.random
  const where = { course: chapter.course, chapter: chapter.id, challenge: r.hex(8) }
  script.send('face-requested', where)
  script.now += r.uniform(0.5, 2) * SECOND + latency(r)
  script.send('face-checked', { ...where, outcome: 'passed', photo: person.face.again(r, 2), similarity: Math.round((0.9 + 0.05 * r.uniform()) * 1000) / 1000 })
}
