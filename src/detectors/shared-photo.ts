import { z } from 'zod'
import { compareText } from '../base/order.ts'
import { number, rare, record, ref, type RecordOf } from '../base/record.ts'
import { plausible } from '../base/plausible.ts'
import { HOUR, duration, type Ms } from '../base/time.ts'
import { defineDetector, type Context } from '../engine/detector.ts'
import type { Sighting } from '../engine/sighting.ts'
import { addEvidence, newEvidence, type Evidence } from '../warnings/evidence.ts'
import { binomialTail } from './shared/chance.ts'
import { namesOf } from './shared/people.ts'
import { distance, firstBand, isBlank } from './shared/photo.ts'

/** A face photo. It belongs to a platform, and so does its learner. Plain data. */
interface Check {
  learner: string
  photo: string
  time: Ms
  event: string | undefined
}

interface Episode {
  kind: Facts['kind']
  photo: string
  begin: Ms
  end: Ms
  learners: string[]
  checks: number
  distance: number
  evidence: Evidence
}

const fields = record({
  /** The only check that this key was sent, as most are sent but one. See `Check`. */
  learner: ref<string>(),
  photo: ref<string>(),
  time: number(NaN),
  event: ref<string>(),
  /** In the place of the fields above: the latest of several, oldest first. */
  checks: ref<Check[]>(),
  open: rare<Episode[]>(),
})
type State = RecordOf<typeof fields>

interface Facts {
  /** One photo of several learners, the same photo again, or photos that hardly differ. */
  kind: 'shared' | 'equal' | 'similar'
  photo: string
  learners: string[]
  checks: number
  /** Bits in which the first two differ. */
  distance: number
}

const params = z.strictObject({
  distance: z.int().min(0).max(3).default(3).describe('Bits in which two 64-bit hashes of the same photo differ, at most.'),
  blank: z.int().min(0).max(32).default(8).describe('A hash with fewer bits set, or unset, is of a dark or blank picture and proves nothing.').meta(plausible(0, 20)),
  least: z.int().min(3).default(6).describe('Checks of one learner from which on their photos are compared; a single close pair is often honest.'),
  close: z.number().gt(0).lt(1).default(0.15).describe('Chance that an honest photo is that close to the one before.'),
  risk: z.number().gt(0).lt(1).default(0.0001).describe('Highest chance that so many photos of one learner are that close to the one before by accident.'),
  apart: duration.prefault('60s').describe('Photos of one learner closer together are one check that was sent again.'),
  window: duration.prefault('3d').describe('How long a photo is remembered.'),
  quiet: duration.prefault('24h').describe('An episode is over when the photo has not come again for so long.'),
})
type Params = z.output<typeof params>
type Photo = Context<Params, State, Facts>

// A band may collect unlike photos of many learners, a learner only their own.
const MOST_CHECKS = { band: 32, learner: 12 }
const MOST_OPEN = 16

/**
 * The same face photo serves two learners, or one again and again. Perceptual hashes come by four bands, in which hashes
 * within 3 bits meet; a pair that meets in several is judged in the lowest.
 */
export const sharedPhoto = defineDetector<typeof params, State, Facts>({
  name: 'shared-photo',
  version: 1,
  summary: 'The same face photo is used for two learners, or again and again for one.',
  stage: 'resource',
  params,
  facts: {
    kind: '`shared`, `equal` or `similar`', photo: 'its hash', learners: 'ids of those in it', checks: 'face checks with it',
    distance: 'bits in which the first two differ',
  },
  resources: ['photo'],
  needs: ['photo'],
  horizon: 96 * HOUR,
  state: fields,
  onSighting(s, context) {
    const { state, params } = context
    end(context)
    if (s.photo === undefined || isBlank(s.photo, params.blank)) return
    const check: Check = { learner: s.learner, photo: s.photo, time: s.time, event: s.event }
    const isOwn = s.id.startsWith('learner:')
    if (isOnly(state, check, isOwn, params)) return
    const checks = (state.checks ??= list(state))
    while (checks.length > 0 && (checks[0] as Check).time < s.time - params.window) checks.shift()
    if (isOwn) judgeOne(check, checks, context)
    else judgeTwo(check, checks, bandOf(s), context)
    wake(context)
  },
  onTimer(_, context) {
    end(context)
    wake(context)
  },
  explain({ kind, learners, checks, distance }, { distance: limit, least }) {
    if (kind === 'shared') {
      return {
        en: `the same face photo was used for ${learners.length} learners (${namesOf(learners)}) in ${checks} checks, ${distance} bits apart (limit ${limit})`,
        zh: `同一张人脸照片在 ${checks} 次核验中用于 ${learners.length} 名学员（${namesOf(learners)}），相差 ${distance} 位（限值 ${limit} 位）`,
      }
    }
    if (kind === 'equal') {
      return {
        en: `the same face photo was sent for ${checks} face checks of one learner (limit 1)`,
        zh: `同一学员的 ${checks} 次人脸核验使用了同一张照片（限值 1 次）`,
      }
    }
    return {
      en: `most photos of ${checks} face checks of one learner differ from the one before in ${limit} bits or less (judged from ${least} checks on)`,
      zh: `同一学员 ${checks} 次人脸核验的照片大多与前一张相差不超过 ${limit} 位（从 ${least} 次起判定）`,
    }
  },
})

/** Notes a check where no other is remembered that it could be compared with; false if there are several now. */
function isOnly(state: State, check: Check, isOwn: boolean, params: Params): boolean {
  if (state.checks !== undefined) return false
  if (state.learner !== undefined && state.time >= check.time - params.window) {
    // As `judgeOne` and `judgeTwo` have it.
    if (isOwn) return check.time - state.time < params.apart
    if (check.learner !== state.learner || check.photo !== state.photo) return false
  }
  Object.assign(state, check)
  return true
}

/** The only check as a list; the fields are free then. */
function list(state: State): Check[] {
  const { learner, photo, time, event } = state
  state.learner = state.photo = state.event = undefined
  return [{ learner: learner as string, photo: photo as string, time, event }]
}

function wake({ state: { open }, params, wakeAt }: Photo): void {
  if (open) wakeAt(Math.min(...open.map((e) => e.end)) + params.quiet)
}

function bandOf(s: Sighting): number {
  return s.id.startsWith('band') ? Number(s.id.slice(4, s.id.indexOf(':'))) : -1
}

/** Against the photos of other learners. */
function judgeTwo(check: Check, checks: Check[], band: number, context: Photo): void {
  const { state, params } = context
  for (const other of checks) {
    if (other.learner === check.learner) continue
    const d = distance(other.photo, check.photo)
    if (d > params.distance || (band >= 0 && firstBand(other.photo, check.photo) !== band)) continue
    const open = state.open?.find((e) => e.learners.includes(other.learner) && distance(e.photo, check.photo) <= 2 * params.distance)
    if (open) goOn(open, check)
    else start('shared', [other, check], d, context)
    break
  }
  // One photo of a learner is kept once.
  const same = checks.findIndex((c) => c.learner === check.learner && c.photo === check.photo)
  if (same >= 0) checks.splice(same, 1)
  if (checks.length >= MOST_CHECKS.band) checks.shift()
  state.checks = checks.concat(check)
}

/** Against the learner's own earlier photos. */
function judgeOne(check: Check, earlier: Check[], context: Photo): void {
  const { state, params } = context
  const before = earlier[earlier.length - 1]
  if (before && check.time - before.time < params.apart) return
  if (earlier.length >= MOST_CHECKS.learner) earlier.shift()
  const checks = (state.checks = earlier.concat(check))
  const equal = checks.filter((c) => c.photo === check.photo)
  const open = state.open?.[0]
  if (open) {
    if (equal.length > 1 || (open.kind === 'similar' && mostClose(checks, params))) goOn(open, check)
  } else if (equal.length > 1) start('equal', equal, 0, context)
  else if (mostClose(checks, params)) start('similar', checks, distance((checks[0] as Check).photo, (checks[1] as Check).photo), context)
}

/**
 * Whether so many photos lie within `distance` of the one before that chance is no excuse, be it one picture sent again and
 * again or one that gets a little more noise each time. k of n - 1 steps are that small with the chance P(Bin(n - 1, `close`) ≥ k),
 * at most `risk`: 5 of 5 or 8 of 11. Neither all pairs are counted nor those with one photo: three photos that happen to be
 * alike are three pairs, and one that happens to show what all of a sitting have in common is close to a third of them.
 */
function mostClose(checks: readonly Check[], { least, distance: limit, close, risk }: Params): boolean {
  if (checks.length < least) return false
  let small = 0
  for (let i = 1; i < checks.length; i++) if (distance((checks[i - 1] as Check).photo, (checks[i] as Check).photo) <= limit) small++
  return binomialTail(checks.length - 1, small, close) <= risk
}

function start(kind: Facts['kind'], checks: readonly Check[], distance: number, context: Photo): void {
  const { state, now } = context
  const open = state.open ?? []
  if (open.length >= MOST_OPEN) return
  const first = checks[0] as Check
  // INVARIANT (identity): one photo may be found again in two bands, by two learners. What they sent tells the warnings apart.
  const { photo } = kind === 'shared' ? (checks[checks.length - 1] as Check) : first
  const episode: Episode = { kind, photo, begin: first.time, end: now, learners: [], checks: 0, distance, evidence: newEvidence() }
  for (const c of checks) goOn(episode, c)
  state.open = open.concat(episode)
  raise(episode, 'ongoing', context)
}

function goOn(episode: Episode, check: Check): void {
  if (!episode.learners.includes(check.learner)) episode.learners.push(check.learner)
  episode.checks++
  episode.end = check.time
  if (check.event !== undefined) addEvidence(episode.evidence, check.event)
}

function end(context: Photo): void {
  const { state, params, now } = context
  const { open } = state
  if (!open?.some((e) => now >= e.end + params.quiet)) return
  for (const e of open) {
    if (now < e.end + params.quiet) continue
    raise(e, 'ended', context)
    // The next episode begins with what is seen from now on.
    state.checks = state.checks?.filter((c) => !e.learners.includes(c.learner) || c.time > e.end)
  }
  const left = open.filter((e) => now < e.end + params.quiet)
  state.open = left.length > 0 ? left : undefined
  if (state.open === undefined && state.checks?.length === 0) state.checks = undefined
}

function raise(e: Episode, episode: 'ongoing' | 'ended', context: Photo): void {
  const { platform } = context
  const learners = [...e.learners].sort(compareText).map((id) => ({ platform, id }))
  context.raise({
    episode, begin: e.begin, end: e.end, learners,
    subject: e.kind === 'shared' ? { kind: 'photo', id: e.photo, platform } : { kind: 'learner', id: (learners[0] as { id: string }).id, platform },
    facts: { kind: e.kind, photo: e.photo, learners: learners.map((l) => l.id), checks: e.checks, distance: e.distance }, evidence: e.evidence,
  })
}
