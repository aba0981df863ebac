import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Person } from '../person.ts'
import type { Random } from '../random.ts'
import { onPhone, withTraits } from './traits.ts'

/** What happens when the platform asks for the face. */
export interface FaceHabit {
  /** Seconds until the answer, or undefined if none is given. */
  answer(random: Random): number | undefined
  photo(person: Person, random: Random): string
  /** Share of checks that fail or are unusable at first; the platform asks once more and then they pass. */
  flubs: number
}

/** How somebody uses a real player. Rates are per minute of watching, lengths in seconds. */
export interface Habits {
  /** Between two heartbeats; undefined: the platform's. */
  cadence: Ms | undefined
  /** How much later than asked a timer fires. */
  timer(random: Random, hidden: boolean): Ms
  rate: number
  muted: boolean
  pauses: number
  pauseLength(random: Random): number
  backSeeks: number
  /** Seconds that a back-seek goes back. */
  backSeekLength(random: Random): number
  /** Share of the time with the page hidden. */
  hidden: number
  /** How long a hidden spell is, and its mean; undefined: the short ones of the documented world. */
  spell?: { length(random: Random): Ms; mean: Ms }
  /** Pointer and key inputs a minute while the page is visible. */
  inputs: number
  /** Inputs in so many minutes of a device that makes them up; undefined: a person's, by chance. */
  clicker?: (minutes: number) => number
  /** Seconds without any input between bursts; undefined: inputs come all the time. */
  idle: ((random: Random) => number) | undefined
  /** Share of beats after which some are lost or held up. */
  losses: number
  /** What a phone holds up and sends later, a PC loses. */
  buffers: boolean
  /** What a phone's app gathers is uploaded this often; undefined: at once. */
  upload?: Ms
  /** Connection lost for good. */
  drops: number
  /** Mean time between changes of the address, and the new address; undefined: it stays. */
  roam: { every: Ms; address(random: Random): string } | undefined
  nextLesson(random: Random): number
  /** Stops the platform's countdown to the next chapter. */
  waits?: boolean
  /** Seconds for an answer, and the share that is right. */
  answer(random: Random): number
  right: number
  /** Undefined: the dialog never appears. */
  face: FaceHabit | undefined
  /** Share of leavings of which no event tells. */
  quietLeave: number
}

/** The owner looks into the camera. */
export const ownerFace: FaceHabit = {
  answer: (r) => Math.min(50, r.lognormal(9, 0.5)),
  photo: (p, r) => p.face.shot(r),
  flubs: 0.03,
}

/**
 * An honest learner at a PC: pauses, back-seeks, hidden pages, answers and gaps as measured on real learners, drawn
 * anew for each person. In varied worlds also with the person's traits, and by the platform's player.
 */
export function honestHabits(person: Person): Habits {
  const r = person.random
  const { variant } = person.platform
  const pace = variant?.pace ?? { pauses: 1, seeks: 1, next: 1, answers: 1 }
  const pause = r.vary(15)
  const answer = r.vary(12) * pace.answers
  const next = r.vary(20) * pace.next
  const seek = r.vary(20)
  const sigma = { pause: r.about(1.2), seek: r.about(0.7), next: r.about(0.8), answer: r.about(0.6) }
  const habits: Habits = {
    cadence: undefined,
    timer: variant?.timer ?? browserTimer,
    rate: 1,
    muted: r.chance(0.05),
    pauses: r.uniform(...r.limits(0.1, 0.4)) * pace.pauses,
    // Somebody who is away for half an hour has ended the session.
    pauseLength: (r) => Math.min(25 * 60, Math.max(0.8, r.lognormal(pause, sigma.pause))),
    backSeeks: r.uniform(...r.limits(0.05, 0.2)) * pace.seeks,
    backSeekLength: (r) => r.lognormal(seek, sigma.seek),
    hidden: Math.min(0.6, r.beta(1.2, 6)),
    inputs: r.vary(3),
    idle: undefined,
    losses: r.uniform(...r.limits(0.01, 0.03)),
    buffers: false,
    drops: 0,
    roam: undefined,
    nextLesson: (r) => Math.max(3, r.lognormal(next, sigma.next)),
    answer: (r) => r.lognormal(answer, sigma.answer),
    right: r.uniform(0.65, 0.95),
    face: { ...faceOf(r), flubs: r.chance(0.1) ? 0.15 : 0.02 },
    quietLeave: 0.15,
  }
  if (!variant) return habits
  habits.spell = shortSpell(r)
  const phone = person.phone ? onPhone({ ...habits, roam: roamOf(person) }, variant) : habits
  return withTraits(phone, person, variant)
}

function roamOf({ carrier, random }: Person): Habits['roam'] {
  return carrier && { every: random.about(12) * MINUTE, address: (r) => r.pick(carrier) }
}

function faceOf(r: Random): FaceHabit {
  if (!r.tuning.varied) return ownerFace
  const [median, sigma] = [r.vary(9), r.vary(0.5)]
  return { ...ownerFace, answer: (r) => Math.min(50, r.lognormal(median, sigma)) }
}

/** Mean of a short hidden spell. */
const HIDDEN_MEAN: Ms = 36 * SECOND

/** A hidden spell: short with most people, since nobody may leave the video running. */
export function hiddenSpell({ spell }: Habits, r: Random): Ms {
  return spell ? spell.length(r) : Math.min(4 * MINUTE, r.lognormal(25, 0.9) * SECOND)
}

function shortSpell(r: Random): NonNullable<Habits['spell']> {
  const [median, sigma] = [r.vary(25), r.vary(0.9)]
  // The cap of the spells takes a little off the mean of a lognormal.
  return { length: (r) => Math.min(4 * MINUTE, r.lognormal(median, sigma) * SECOND), mean: 0.95 * median * Math.exp((sigma * sigma) / 2) * SECOND }
}

/** How long the page stays visible, so that the share of hidden time comes out right. */
export function visibleSpell({ hidden, spell }: Habits, r: Random): Ms {
  return r.exponential(((spell?.mean ?? HIDDEN_MEAN) * (1 - hidden)) / hidden)
}

/** A browser's timer: a few ms late, now and then more; in a hidden tab up to a second. */
export function browserTimer(r: Random, hidden: boolean): Ms {
  return Math.abs(r.normal(0, 6)) + (hidden ? r.uniform(0, 900) : 0) + (r.chance(0.03) ? r.uniform(50, 400) : 0)
}

/** The timer of a program that reports every `cadence`. */
export function programTimer(cadence: Ms, r: Random): Habits['timer'] {
  const [median, sigma] = [r.about(150), r.about(0.4)]
  // It sleeps between requests, and is late by the request it waited for.
  return (r) => (r.tuning.jitter === undefined ? r.lognormal(median, sigma) : r.paced(cadence) - cadence)
}
