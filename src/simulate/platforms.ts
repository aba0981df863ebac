import { MINUTE, SECOND, type Ms } from '../base/time.ts'
import type { Action } from '../telemetry/event.ts'
import type { Form } from './form.ts'
import type { Random } from './random.ts'

/** How a platform reports: its player's cadence and which fields it has. */
export interface PlatformSpec {
  id: string
  /** Its learner ids begin with it. */
  prefix: string
  heartbeat: Ms
  /** Decimals of a media position. */
  decimals: number
  inputs: boolean
  devices: boolean
  classes: boolean
  /** Whether the player stops the video while it asks for the face. */
  pausesForFace: boolean
  /** What sets a drawn platform apart; the documented ones have none. */
  variant?: Variant
}

/** How a drawn platform differs. */
export interface Variant {
  form: Form
  /** Whether the catalogue names the player's cadence. */
  declares: boolean
  /** How far behind its newest event an event may come. */
  lateness: Ms
  /** Minutes of watching between face checks, the least and the most; undefined: it never asks. */
  faces: readonly [number, number] | undefined
  /** Similarity of an honest photo: the least, and what may come on top. */
  likeness: readonly [number, number]
  /** Rates that the player offers beside 1x. */
  rates: readonly number[]
  /** Seconds after which the next chapter starts by itself, for everybody; undefined: it waits for a click. */
  countdown: number | undefined
  /** How much later than asked the player's timer fires. */
  timer: (random: Random, hidden: boolean) => Ms
  /** Seconds by which the player errs about the media's position, as a standard deviation. */
  blur: number
  /** The app gathers events and uploads them this often; a browser sends at once. */
  upload: Ms | undefined
  /** Share of learners on phones, and whether their taps count as inputs. */
  phones: number
  taps: boolean
  /** What its content asks of people, as factors of the documented medians and rates. */
  pace: { pauses: number; seeks: number; next: number; answers: number }
  /** Chapters of a course, seconds of a chapter, items of a quiz: fewest and most. Share of chapters with a quiz. */
  chapters: readonly [number, number]
  lengths: readonly [number, number]
  items: readonly [number, number]
  quizzes: number
}

/** The documented platforms differ in what they report, as they do in life. */
export const platforms: readonly PlatformSpec[] = [
  { id: 'yunxue', prefix: 'YX', heartbeat: 15 * SECOND, decimals: 3, inputs: true, devices: true, classes: true, pausesForFace: false },
  { id: 'zhipei', prefix: 'ZP', heartbeat: 30 * SECOND, decimals: 0, inputs: false, devices: true, classes: true, pausesForFace: true },
  { id: 'jineng', prefix: 'JN', heartbeat: 20 * SECOND, decimals: 1, inputs: true, devices: false, classes: false, pausesForFace: false },
]

/** Face checks of the documented platforms, in minutes of watching: what provinces' rules ask for. */
export const FACES = [10, 15] as const

/** Three to five platforms, none like another and none with a telling name. */
export function drawPlatforms(r: Random): PlatformSpec[] {
  const letters = r.shuffled('ABCDEFGHJKLMNPQRSTUVWXYZ'.split(''))
  return Array.from({ length: r.int(3, 5) }, (_, i) => drawPlatform(r, `${letters[2 * i]}${letters[2 * i + 1]}`))
}

const CADENCES = [5, 10, 10, 15, 15, 20, 30, 30, 60]
const RATES = [[], [], [1.25, 1.5], [1.25, 1.5, 2]]
const CHAPTER_LENGTHS = [[120, 600], [300, 1200], [600, 2700], [1500, 3000], [2400, 5400]] as const

function drawPlatform(r: Random, prefix: string): PlatformSpec {
  const heartbeat = r.chance(0.7) ? r.pick(CADENCES) * SECOND : r.int(5, 60) * SECOND
  const inputs = r.chance(0.55)
  return {
    id: `p${r.hex(6)}`, prefix, heartbeat, decimals: r.int(0, 3), inputs, devices: r.chance(0.7), classes: r.chance(0.65), pausesForFace: r.chance(0.5),
    variant: drawVariant(r, heartbeat, inputs),
  }
}

function drawVariant(r: Random, heartbeat: Ms, inputs: boolean): Variant {
  const upload = r.chance(0.3) ? Math.min(2 * MINUTE, r.int(2, 8) * heartbeat) : undefined
  const fewest = r.int(3, 12)
  const items = r.int(1, 4)
  return {
    form: drawForm(r, inputs), declares: r.chance(0.8), lateness: MINUTE + (upload ?? 0),
    faces: drawFaces(r),
    likeness: likeness(r), rates: r.pick(RATES), countdown: r.chance(0.35) ? r.uniform(3, 10) : undefined, timer: drawTimer(r), upload,
    blur: r.lognormal(0.012, 0.7),
    phones: r.uniform(0.05, 0.7), taps: r.chance(0.4),
    pace: { pauses: r.uniform(0.8, 1.25), seeks: r.uniform(0.6, 1.4), next: r.uniform(0.6, 1.5), answers: r.uniform(0.7, 1.5) },
    chapters: [fewest, fewest + r.int(2, 18)], lengths: r.pick(CHAPTER_LENGTHS), items: [items, items + r.int(1, 6)], quizzes: r.pick([0, 0.3, 0.7, 1]),
  }
}

/** Most ask every quarter of an hour or so, some eight times a day of study, a few at fixed intervals, and some never. */
function drawFaces(r: Random): Variant['faces'] {
  if (r.chance(0.2)) return undefined
  const least = r.chance(0.12) ? r.uniform(35, 55) : r.uniform(5, 14)
  return [least, r.chance(0.12) ? least : least * r.uniform(1.15, 1.4)]
}

function likeness(r: Random): [number, number] {
  const least = r.uniform(0.55, 0.85)
  return [least, (1 - least) * r.uniform(0.6, 0.95)]
}

/** Ends of things are what platforms forget most often. */
const FORGOTTEN: readonly (readonly [Action, number])[] = [
  ['initialized', 0.2], ['logged-out', 0.35], ['terminated', 0.35], ['logged-in', 0.1], ['seeked', 0.1], ['answered', 0.15], ['navigated', 0.5],
]

function drawForm(r: Random, inputs: boolean): Form {
  const omits = new Set(FORGOTTEN.filter(([, share]) => r.chance(share)).map(([action]) => action))
  const rate = r.chance(0.35)
  if (rate && r.chance(0.5)) omits.add('rate-changed')
  return {
    received: r.chance(0.75), accounts: r.chance(0.75), sessions: r.chance(0.85), agents: r.chance(0.7), visible: r.chance(0.55), muted: r.chance(0.55), rate, inputs,
    lengths: r.chance(0.8), elapsed: r.chance(0.75), photos: r.chance(0.75), similarity: r.chance(0.75), omits,
  }
}

/** The timers of players: an exact one on a fast PC, a browser's, one driven by the media's own ticks, one that waits for each reply. */
function drawTimer(r: Random): Variant['timer'] {
  const rare = r.uniform(0.002, 0.05)
  const throttled = r.uniform(100, 1000)
  const late = (r: Random, hidden: boolean): Ms => (hidden ? r.uniform(0, throttled) : 0) + (r.chance(rare) ? r.uniform(50, 400) : 0)
  const size = r.pick([1, 6, 6, 250, -120])
  const deviation = Math.abs(size) * r.uniform(0.7, 1.3)
  if (size < 0) return (r, hidden) => late(r, hidden) + r.lognormal(deviation, 0.45)
  if (size > 100) return (r, hidden) => late(r, hidden) + r.uniform(0, deviation)
  return (r, hidden) => late(r, hidden) + Math.abs(r.normal(0, deviation))
}
