import { HOUR } from '../../base/time.ts'
import { honestHabits } from '../play/habits.ts'
import { study } from '../play/study.ts'
import { AT_DESK } from '../play/traits.ts'
import { browser } from '../person.ts'
import { clock, range, type Adversary } from '../stage.ts'

export const marathon: Adversary = {
  name: 'marathon',
  describe: 'A headless browser that draws every pause, step back, answer and gap from the distributions of people, but plays 14 hours a day, every day.',
  size: [1, 1],
  act([person], stage) {
    if (!person) return []
    const r = person.random
    const album = range(r.int(8, 20)).map(() => person.face.shot(r))
    const [pause, next, answer, face] = [r.vary(15), r.vary(12), r.vary(9), r.vary(7)]
    const habits = {
      ...honestHabits(person), rate: 1, ...AT_DESK, hidden: 0, inputs: r.vary(2.5), pauses: r.vary(0.2), backSeeks: r.vary(0.1),
      pauseLength: () => r.paced(Math.min(600, r.lognormal(pause, 0.9))), nextLesson: () => r.paced(r.lognormal(next, 0.7)),
      answer: () => r.paced(r.lognormal(answer, 0.5)), right: r.uniform(0.8, 0.97), quietLeave: 0.1,
      face: { answer: () => r.paced(Math.min(50, r.lognormal(face, 0.4))), photo: () => r.pick(album), flubs: 0.01 },
    }
    const agent = browser(r, 'pc')
    const hours = r.vary(14)
    const sittings = range(stage.days).map((day) => {
      const from = clock(stage, day, r.uniform(5.2, 7))
      return { from, until: from + Math.min(17, hours * r.uniform(0.97, 1.03)) * HOUR, link: person.link(agent) }
    })
    return [study(person, { habits, sittings })]
  },
}
