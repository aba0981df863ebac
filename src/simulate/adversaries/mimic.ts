import { MINUTE, SECOND } from '../../base/time.ts'
import { honestHabits, programTimer } from '../play/habits.ts'
import { browser } from '../person.ts'
import { everyDay, type Adversary } from '../stage.ts'
import { study } from '../play/study.ts'
import { AT_DESK } from '../play/traits.ts'

export const mimic: Adversary = {
  name: 'mimic',
  describe: 'Plays at about 1.5 times, reports every 30 s, pauses a minute now and then, answers after 2 s and always right, and goes on within 2 s.',
  size: [1, 1],
  act([person], stage) {
    if (!person) return []
    const r = person.random
    const pause = r.vary(60)
    const answer = r.vary(2)
    const next = [r.vary(1), r.vary(2)].sort((a, b) => a - b) as [number, number]
    const base = honestHabits(person)
    const cadence = r.vary(30 * SECOND)
    const habits = {
      ...base,
      cadence, timer: programTimer(cadence, r), ...AT_DESK, rate: Math.max(1.1, r.vary(1.5)), muted: false, hidden: 0,
      inputs: r.chance(0.5) ? 0 : r.vary(2), losses: r.about(0.003),
      pauses: r.vary(0.0025) * (MINUTE / SECOND),
      pauseLength: () => r.paced(pause, Math.abs(r.normal(0, 0.1))), backSeeks: 0,
      nextLesson: () => r.paced(r.uniform(...next)), answer: () => r.paced(answer, Math.abs(r.normal(0, 0.1))), right: 1, quietLeave: 0,
    }
    return [study(person, { habits, sittings: everyDay(person, stage, 1.5, 3.5, browser(r, 'pc')) })]
  },
}
