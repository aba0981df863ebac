import { honestHabits } from '../play/habits.ts'
import { study } from '../play/study.ts'
import { agentOf, everyDay, type Adversary } from '../stage.ts'
import { SECOND } from '../../base/time.ts'

export const twoTabs: Adversary = {
  name: 'two-tabs',
  describe: 'A script in the learner\'s own browser plays a chapter of one course and one of another at once, each with the pauses and answers of a person.',
  size: [1, 1],
  act([person], stage) {
    if (!person) return []
    const r = person.random
    const habits = { ...honestHabits(person), roam: undefined, hidden: r.uniform(0.05, 0.3) }
    const sittings = everyDay(person, stage, 1, 3, agentOf(person))
    // The second tab is opened a while after the login of the first, and belongs to it.
    const later = sittings.map((s) => ({ ...s, from: s.from + r.uniform(20, 90) * SECOND }))
    const { courses } = person.klass
    const half = (rest: number) => courses.filter((_, i) => i % 2 === rest)
    return [study(person, { habits, sittings, courses: half(0) }), study(person, { habits, sittings: later, courses: half(1), joins: true })]
  },
}
