import { HOUR, MINUTE, type Ms } from '../../base/time.ts'
import { honestHabits, ownerFace } from '../play/habits.ts'
import { browser, type Actor, type Person } from '../person.ts'
import { Script } from './script.ts'
import { clock, range, type Adversary, type Sitting, type Stage } from '../stage.ts'
import { study } from '../play/study.ts'
import { AT_DESK } from '../play/traits.ts'

export const teacher: Adversary = {
  name: 'teacher',
  describe: 'A teacher runs 6 to 12 accounts of the class from one device and address, in turn and at once.',
  size: [6, 12],
  act(members, stage) {
    const first = members[0]
    if (!first) return []
    const agent = browser(first.random, 'pc')
    const together = first.random.int(2, 4)
    const storedPhotos = first.random.chance(0.5)
    const accounts = members.map((person, i) => {
      person.ip = first.ip
      person.device = first.device
      const r = person.random
      const next = r.vary(4)
      const face = storedPhotos ? { answer: () => r.uniform(3, 12), photo: (p: Person) => p.face.again(r, 1), flubs: 0.02 } : ownerFace
      const habits = { ...honestHabits(person), ...AT_DESK, muted: true, inputs: r.about(0.3), pauses: r.about(0.02), backSeeks: 0, nextLesson: () => r.lognormal(next, 0.3), quietLeave: 0, face }
      return study(person, { habits, sittings: turns(person, stage, agent, Math.floor(i / together)) })
    })
    return [ownLogins(stage.teacher(first.klass), first, stage, agent), ...accounts]
  },
}

// Waves of a few accounts at once, one wave after the other.
function turns(person: Person, stage: Stage, agent: string, wave: number): Sitting[] {
  const r = person.random
  return range(stage.days).map((day) => {
    const from: Ms = clock(stage, day, 8.5 + wave * 2) + r.uniform(0, 8) * MINUTE
    return { from, until: from + r.uniform(1.4, 1.8) * HOUR, link: person.link(agent) }
  })
}

/** The teacher's own logins, from the same device. */
function* ownLogins(self: Person, host: Person, stage: Stage, agent: string): Actor {
  for (const day of range(stage.days)) yield* visit(self, self.link(agent, host.ip, host.device), clock(stage, day, 8.2))
}

/** A teacher looks in: logs in, looks at a page or two, logs out. Honest teachers do the same from their office. */
export function* visit(self: Person, link: Script['link'], at: Ms): Actor {
  const r = self.random
  const script = new Script(self, link, at)
  script.send('logged-in')
  for (let pages = r.int(1, 4); pages > 0; pages--) {
    script.now += r.uniform(5, 60) * 1000
    script.send('navigated')
  }
  script.now += r.uniform(5, 60) * 1000
  script.send('logged-out')
  yield script.take()
}
