import { HOUR, MINUTE } from '../../base/time.ts'
import { honestHabits } from '../play/habits.ts'
import { study } from '../play/study.ts'
import { onPhone } from '../play/traits.ts'
import { browser } from '../person.ts'
import { clock, range, type Adversary } from '../stage.ts'

export const phoneRack: Adversary = {
  name: 'phone-rack',
  describe: 'A rack of phones, one for each account, plays at true speed on one network; a robot taps them at a constant rate and shows them stored faces.',
  size: [3, 6],
  act(members, stage) {
    const host = members[0]
    if (!host) return []
    const taps = host.random.vary(4)
    return members.map((person, i) => {
      person.ip = host.ip
      const r = person.random
      const clip = person.face.clip(r, r.int(10, 30))
      const next = r.vary(6)
      const reply = r.vary(5)
      const habits = {
        ...onPhone({ ...honestHabits(person), inputs: taps }, person.platform.variant),
        roam: undefined, rate: 1, muted: r.chance(0.5), pauses: 0, backSeeks: 0, hidden: 0, idle: undefined, clicker: (minutes: number) => Math.round(taps * minutes),
        nextLesson: () => r.paced(next, Math.abs(r.normal(0, 0.4))), answer: () => r.paced(next, Math.abs(r.normal(0, 0.4))), quietLeave: 0,
        face: { answer: () => r.paced(reply, Math.abs(r.normal(0, 0.3))), photo: () => r.pick(clip), flubs: 0.01 },
      }
      const agent = browser(r, 'phone')
      const sittings = range(stage.days).map((day) => {
        const from = clock(stage, day, 8) + (i * 3 + r.uniform(0, 40)) * MINUTE
        return { from, until: from + r.uniform(4, 7.5) * HOUR, link: person.link(agent) }
      })
      return study(person, { habits, sittings })
    })
  },
}
