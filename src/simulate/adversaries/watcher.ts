import { honestHabits } from '../play/habits.ts'
import { everyDay, type Adversary } from '../stage.ts'
import { study } from '../play/study.ts'

export const watcher: Adversary = {
  name: 'watcher',
  describe: 'Plays every video at true speed to its end, muted and without inputs, next after 1.5 s, never seeks; the owner answers the face checks.',
  size: [1, 1],
  act([person], stage) {
    if (!person) return []
    const r = person.random
    const next = r.vary(1.5)
    const habits = {
      ...honestHabits(person), rate: 1, muted: true, inputs: 0, pauses: 0, backSeeks: 0, nextLesson: () => r.paced(next, Math.abs(r.normal(0, 0.05))),
      quietLeave: 0.05,
    }
    return [study(person, { habits, sittings: everyDay(person, stage, 2, 5) })]
  },
}
