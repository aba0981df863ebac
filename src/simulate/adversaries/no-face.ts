import { honestHabits } from '../play/habits.ts'
import { everyDay, type Adversary } from '../stage.ts'
import { study } from '../play/study.ts'

export const noFace: Adversary = {
  name: 'no-face',
  describe: 'Watches like anybody, with the face dialog removed: no request and no answer.',
  size: [1, 1],
  act([person], stage) {
    if (!person) return []
    return [study(person, { habits: { ...honestHabits(person.random), face: undefined }, sittings: everyDay(person, stage, 1, 3) })]
  },
}
