import { z } from 'zod'
import { plausible } from '../../base/plausible.ts'
import { duration } from '../../base/time.ts'
import type { Doubt } from '../../engine/detector.ts'

export const params = z.strictObject({
  families: z.int().min(1).max(9).default(2).describe('Families of signs that must be sure at once: signs of one family may have one cause and count once.'),
  personal: z.int().min(0).max(9).default(2).describe(
    "Of these, how many must be of the learner's own making, since a quirk of a player, network or catalogue gives signs to everybody; one that neither hand nor player makes " +
      '(media too fast for any menu, several chapters in turn, chapters reported at their end) needs no second of that kind.',
  ),
  habits: z.int().min(0).max(9).default(3).describe(
    'How many it takes where each is a habit that honest people may have (prompt or even answers, pauses and next chapters, hardly a touch); beats off the declared cadence count as one.',
  ),
  chance: z.number().gt(0).lt(0.1).default(1e-4).describe(
    'Probability at most with which an honest learner shows one sign by accident; a smaller one needs more beats, answers or lessons.',
  ),
  end: duration.prefault('30m').describe('Silence, or time without a sign, that ends the episode; 30 minutes of inactivity end a session.'),
  cadence: z.number().gt(0).lt(1).default(0.12).describe("How far a gap between beats may be from the platform's cadence, as a share of it (at least 1 s)."),
  residual: z.number().gt(0).default(0.01).describe('Seconds within which media and clock agree too well.').meta(plausible(0.001, 0.5)),
  menuRate: z.number().gt(1).default(3).describe("Media seconds a second that no player's menu offers.").meta(plausible(1.5, 20)),
  together: duration.prefault('1s').describe('Beats that arrive within this time of each other came together.'),
  bundle: z.int().min(2).default(3).describe('Beats that make a bundle.'),
  chapters: z.int().min(2).max(12).default(3).describe('Chapters whose beats interleave, from which on nobody watches them.'),
  lesson: duration.prefault('4s').describe('The next lesson begins so soon after the end of one only by itself. Judged where the catalogue tells `autoplay` of the platform, and against that.'),
  lessonSure: duration.prefault('2s').describe('Shorter time to the next lesson, which weighs more.'),
  answer: duration.prefault('2500ms').describe('An answer is given so soon only without reading; a quick learner needs about 4 s.'),
  answerSure: duration.prefault('1500ms').describe('Shorter answer time, which weighs more.'),
  resume: duration.prefault('2s').describe('A pause, without a seek in it, that ends so soon.'),
  untouched: duration.prefault('65m').describe(
    'Playback, muted or hidden, without a pause, seek or input: at 0.15 pauses and seeks a minute, the fewest of honest learners, e^-9.75.',
  ),
  untouchedLoud: duration.prefault('160m').describe('The same with sound and in view, for passive learners: at 0.06 a minute, e^-9.6.'),
})

/** Parameters that stand in each other's way. */
export function doubtsOfRhythm(p: z.output<typeof params>): Doubt[] {
  const doubts: Doubt[] = []
  const atMost = (param: keyof typeof p, other: keyof typeof p, of: string) => {
    if (p[param] > p[other]) doubts.push({ param, message: `${of} has no effect, since it is more than \`${other}\``, mend: `write no more than \`${other}\`` })
  }
  atMost('lessonSure', 'lesson', 'the shorter time')
  atMost('answerSure', 'answer', 'the shorter time')
  atMost('untouched', 'untouchedLoud', 'the longer time for those with sound')
  if (p.personal > Math.max(p.families, p.habits)) {
    doubts.push({ param: 'personal', message: 'more signs of the own making than `families` and `habits` ask for', mend: 'write no more than the larger of them' })
  }
  return doubts
}
