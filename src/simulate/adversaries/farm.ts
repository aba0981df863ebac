import { HOUR } from '../../base/time.ts'
import { honestHabits } from '../play/habits.ts'
import { browser, type Person } from '../person.ts'
import { clock, range, type Adversary, type Sitting, type Stage } from '../stage.ts'
import { study } from '../play/study.ts'
import { AT_DESK } from '../play/traits.ts'

export const farm: Adversary = {
  name: 'farm',
  describe: 'Several accounts on one host before a camera that loops one 10 s clip; stops at the cap of 8 hours a day and goes on at midnight.',
  size: [3, 6],
  act(members, stage) {
    const host = members[0]
    if (!host) return []
    const agent = browser(host.random, 'pc')
    return members.map((person) => {
      person.ip = host.ip
      person.device = host.device
      const r = person.random
      const clip = person.face.clip(r, r.int(5, 10))
      const next = r.vary(3)
      const reply = r.limits(2, 6)
      const habits = {
        ...honestHabits(person), rate: 1, ...AT_DESK, muted: true, inputs: 0, pauses: 0, backSeeks: 0, hidden: 0, quietLeave: 0,
        nextLesson: () => r.paced(next, Math.abs(r.normal(0, 0.1))),
        face: { answer: () => r.paced(r.uniform(...reply)), photo: () => r.pick(clip), flubs: 0 },
      }
      return study(person, { habits, sittings: aroundTheClock(person, stage, agent) })
    })
  },
}

// The log begins in the morning, so the first day does too; from then on the day's eight hours begin at midnight.
function aroundTheClock(person: Person, stage: Stage, agent: string): Sitting[] {
  const r = person.random
  return range(stage.days).map((day) => {
    const from = clock(stage, day, day === 0 ? 8 : 0) + r.uniform(1, 90) * 1000
    return { from, until: from + 8 * HOUR * r.uniform(0.97, 0.995), link: person.link(agent) }
  })
}
