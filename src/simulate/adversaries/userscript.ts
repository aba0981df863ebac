import { honestHabits } from '../play/habits.ts'
import { browser } from '../person.ts'
import { everyDay, type Adversary } from '../stage.ts'
import { study } from '../play/study.ts'
import { AT_DESK } from '../play/traits.ts'

export const userscript: Adversary = {
  name: 'userscript',
  describe: 'A script in a real browser: muted, up to 16 times as fast, plays on 1 s after any pause, next after 3 s, clicks random answers 3 s apart.',
  size: [1, 1],
  act([person], stage) {
    if (!person) return []
    const r = person.random
    const resume = r.vary(1)
    const next = r.vary(3)
    const answer = r.vary(3)
    const habits = {
      ...honestHabits(person), ...AT_DESK,
      rate: Math.min(16, Math.max(1, Math.round(r.vary(r.pick([1, 2, 2, 4, 8, 16])) * 4) / 4)), muted: true, inputs: 0,
      // The site pauses when the page loses the focus; the script plays on.
      pauseLength: () => r.paced(resume, Math.abs(r.normal(0, 0.02))), backSeeks: 0,
      nextLesson: () => r.paced(next, Math.abs(r.normal(0, 0.05))), answer: () => r.paced(answer, Math.abs(r.normal(0, 0.03))), right: 0.25,
    }
    return [study(person, { habits, sittings: everyDay(person, stage, 1, 3, browser(r, 'pc')) })]
  },
}
