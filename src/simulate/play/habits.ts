import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Person } from '../person.ts'
import type { Random } from '../random.ts'

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
  /** Pointer and key inputs a minute while the page is visible. */
  inputs: number
  /** Seconds without any input between bursts; undefined: inputs come all the time. */
  idle: ((random: Random) => number) | undefined
  /** Share of beats after which some are lost or held up. */
  losses: number
  /** What a phone holds up and sends later, a PC loses. */
  buffers: boolean
  /** Connection lost for good. */
  drops: number
  /** Mean time between changes of the address, and the new address; undefined: it stays. */
  roam: { every: Ms; address(random: Random): string } | undefined
  nextLesson(random: Random): number
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
 * anew for each person.
 */
export function honestHabits(r: Random): Habits {
  const pause = r.vary(15)
  const answer = r.vary(12)
  const next = r.vary(20)
  const seek = r.vary(20)
  return {
    cadence: undefined,
    timer: browserTimer,
    rate: 1,
    muted: r.chance(0.05),
    pauses: r.uniform(0.1, 0.4),
    // Somebody who is away for half an hour has ended the session.
    pauseLength: (r) => Math.min(25 * 60, Math.max(0.8, r.lognormal(pause, 1.2))),
    backSeeks: r.uniform(0.05, 0.2),
    backSeekLength: (r) => r.lognormal(seek, 0.7),
    hidden: Math.min(0.6, r.beta(1.2, 6)),
    inputs: r.vary(3),
    idle: undefined,
    losses: r.uniform(0.01, 0.03),
    buffers: false,
    drops: 0,
    roam: undefined,
    nextLesson: (r) => Math.max(3, r.lognormal(next, 0.8)),
    answer: (r) => r.lognormal(answer, 0.6),
    right: r.uniform(0.65, 0.95),
    face: { ...ownerFace, flubs: r.chance(0.1) ? 0.15 : 0.02 },
    quietLeave: 0.15,
  }
}

/** A hidden spell of honest learners: short, since nobody may leave the video running. */
export function hiddenSpell(r: Random): Ms {
  return Math.min(4 * MINUTE, r.lognormal(25, 0.9) * SECOND)
}

/** Mean of `hiddenSpell`. */
export const HIDDEN_MEAN: Ms = 36 * SECOND

/** A browser's timer: a few ms late, now and then more; in a hidden tab up to a second. */
export function browserTimer(r: Random, hidden: boolean): Ms {
  return Math.abs(r.normal(0, 6)) + (hidden ? r.uniform(0, 900) : 0) + (r.chance(0.03) ? r.uniform(50, 400) : 0)
}

/** A program that sleeps between requests: late by the request it waited for. */
export function sleepTimer(r: Random): Ms {
  return r.lognormal(150, 0.4)
}
