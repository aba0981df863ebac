import { honestHabits } from '../play/habits.ts'
import { everyDay, type Adversary } from '../stage.ts'
import { study } from '../play/study.ts'

export const noFace: Adversary = {
  name: 'no-face',
  describe: 'Watches like anybody, with the face dialog removed: no request and no answer.',
  size: [1, 1],
  // Where nobody is asked, nothing is removed.
  fits: ({ platform: { variant } }) => variant === undefined || variant.faces !== undefined,
  act([person], stage) {
    if (!person) return []
    return [study(person, { habits: { ...honestHabits(person), face: undefined }, sittings: everyDay(person, stage, 1, 3) })]
  },
}
