import { MINUTE, SECOND } from '../../base/time.ts'
import type { Person } from '../person.ts'
import type { Variant } from '../platforms.ts'
import type { Random } from '../random.ts'
import type { Habits } from './habits.ts'

/**
 * A habit that honest people have and that, seen alone, looks like a program's. People of varied worlds have none, one
 * or a few of them, whatever their slice; cheaters who act on a person's habits have them as often, so that none of them
 * speaks for anybody.
 */
export interface Trait {
  name: string
  describe: string
  /** Share of people who have it, before `MOST`. Nobody has counted them, so these are guesses: the point is that there are many. */
  share: number
  /** Which sign of a program it looks like. */
  like: string
  change?(base: Habits, random: Random, platform: Variant): Partial<Habits>
}

/** The order is that of the report. `punctual` and `midnight` are about when people come: `stage.ts` looks for them. */
export const traits: readonly Trait[] = [
  { name: 'muted', describe: 'Deaf, or in an office: reads the subtitles with the sound off.', share: 0.1, like: 'muted players of scripts', change: () => ({ muted: true }) },
  { name: 'never-back', describe: 'Never looks at a passage again.', share: 0.18, like: 'no seeks', change: () => ({ backSeeks: 0 }) },
  { name: 'unbroken', describe: 'Watches a chapter without a pause.', share: 0.12, like: 'no pauses', change: () => ({ pauses: 0 }) },
  {
    name: 'eager', describe: 'Opens the next chapter at once.', share: 0.12, like: 'the next chapter within 3 s',
    change: (_, r) => {
      const [median, sigma, least] = [r.vary(2.5), r.uniform(0.15, 0.5), r.uniform(0.6, 1.2)]
      return { nextLesson: (r) => Math.max(least, r.lognormal(median, sigma)) }
    },
  },
  {
    name: 'choosy', describe: 'Stops the countdown to the next chapter and starts it by hand.', share: 0.2, like: 'nothing: others do not where the platform counts down',
    change: () => ({ waits: true }),
  },
  {
    name: 'knowing', describe: 'Knows the matter: quick answers, nearly all right.', share: 0.1, like: 'answers within 2 s, always right',
    change: (_, r) => {
      const [median, sigma] = [r.vary(2.8), r.uniform(0.2, 0.5)]
      return { answer: (r) => Math.max(0.8, r.lognormal(median, sigma)), right: r.uniform(0.93, 1) }
    },
  },
  {
    name: 'even', describe: 'Answers at an even pace.', share: 0.06, like: 'answers of one length',
    change: (_, r) => {
      const [median, sigma] = [r.vary(6), r.uniform(0.05, 0.2)]
      return { answer: (r) => r.lognormal(median, sigma) }
    },
  },
  {
    name: 'hurried', describe: 'Plays faster where the platform lets people.', share: 0.25, like: 'rates above 1x',
    change: (_, r, { rates }) => (rates.length > 0 ? { rate: r.pick(rates) } : {}),
  },
  {
    name: 'listener', describe: 'Has the page behind another window or on a second screen, listens, and answers the face checks.', share: 0.08, like: 'hidden pages, no inputs',
    change: (_, r) => {
      const [median, sigma, cap] = [r.vary(8), r.about(0.6), r.vary(25)]
      const mean = median * Math.exp((sigma * sigma) / 2)
      return { hidden: r.uniform(0.5, 0.9), spell: { length: (r) => Math.min(cap, r.lognormal(median, sigma)) * MINUTE, mean: mean * MINUTE } }
    },
  },
  { name: 'untouching', describe: 'A touch screen, a remote control or a reader of the screen: the player counts no inputs.', share: 0.12, like: 'no inputs', change: () => ({ inputs: 0 }) },
  { name: 'still', describe: 'Hardly touches anything.', share: 0.1, like: 'few inputs', change: (_, r) => ({ inputs: r.uniform(0.05, 0.4) }) },
  {
    name: 'fidgety', describe: 'Stops the video for a moment, by a key, and goes on.', share: 0.08, like: 'playing on 1 s after a pause',
    change: (_, r) => {
      const [median, sigma] = [r.vary(1.6), r.uniform(0.15, 0.5)]
      return { pauseLength: (r) => Math.max(0.4, r.lognormal(median, sigma)) }
    },
  },
  {
    name: 'posed', describe: 'Sits before the camera and answers face checks at once, always alike.', share: 0.12, like: 'prompt and regular answers of a program',
    change: ({ face }, r) => {
      const [median, sigma] = [r.vary(4), r.uniform(0.04, 0.15)]
      return { face: face && { ...face, answer: (r) => r.lognormal(median, sigma), flubs: 0.005 } }
    },
  },
  {
    name: 'absent', describe: 'Misses a face check now and then: the door, the stove, the child.', share: 0.05, like: 'unanswered face checks',
    change: ({ face }, r) => {
      const missed = r.uniform(0.01, 0.05)
      return { face: face && { ...face, answer: (r) => (r.chance(missed) ? undefined : face.answer(r)) } }
    },
  },
  { name: 'patchy', describe: 'On a bad line: beats are lost or come late, and together.', share: 0.1, like: 'beats in bundles', change: (_, r) => ({ losses: r.uniform(0.05, 0.12) }) },
  { name: 'silent', describe: 'Closes the page and the browser without a word.', share: 0.1, like: 'sessions without an end', change: () => ({ quietLeave: 1 }) },
  { name: 'punctual', describe: 'Comes and leaves at the same times every day, by the bell or the bus.', share: 0.12, like: 'starts and stops of a scheduled program' },
  { name: 'midnight', describe: 'Begins just after midnight, when the shift or the day is over.', share: 0.04, like: 'starts within 10 minutes of midnight' },
]

/** How many of them one person may have: mostly one or two. */
const MOST = [0, 1, 1, 2, 2, 3]

/** Gives a person of a varied world their device and their traits. */
export function drawTraits(person: Person, platform: Variant, carrier: readonly string[]): void {
  const r = person.random
  person.phone = r.chance(platform.phones)
  if (person.phone && r.chance(0.4)) person.carrier = carrier
  person.traits = r.shuffled(traits).filter((t) => r.chance(t.share)).slice(0, r.pick(MOST)).map((t) => t.name)
}

/** The person's traits upon what they do otherwise. */
export function withTraits(base: Habits, person: Person, platform: Variant): Habits {
  let habits = base
  for (const trait of traits) {
    if (trait.change && person.traits.includes(trait.name)) habits = { ...habits, ...trait.change(habits, person.random, platform) }
  }
  return habits
}

/** A chapter on a phone: the app gathers and uploads, and on some platforms counts no taps. */
export function onPhone(habits: Habits, platform: Variant | undefined): Habits {
  return { ...habits, buffers: true, upload: platform?.upload, inputs: platform && !platform.taps ? 0 : habits.inputs }
}

/** A program or a PC in the place of whatever device the person uses otherwise. */
export const AT_DESK = { buffers: false, upload: undefined, roam: undefined } as const

/** Seconds until the next chapter plays: by hand, or by the platform's countdown if that is sooner. */
export function untilNext(habits: Habits, platform: Variant | undefined, r: Random): number {
  const own = habits.nextLesson(r)
  if (platform?.countdown === undefined || habits.waits) return own
  return Math.min(own, platform.countdown + r.uniform(30, 400) / SECOND)
}
