import { z } from 'zod'
import { number, rare, record, ref, type RecordOf } from '../base/record.ts'
import { DAY, MINUTE, duration, type Ms } from '../base/time.ts'
import { defineDetector, type Context } from '../engine/detector.ts'
import type { Sighting } from '../engine/sighting.ts'
import { addEvidence, newEvidence, type Evidence } from '../warnings/evidence.ts'
import { namesOf, peopleOf, personKey, type Ref } from './shared/people.ts'

interface User {
  who: string
  times: number
  first: Ms
  last: Ms
  event: string | undefined
}

/** What is kept of an account that two have used. Plain data. */
interface Shared {
  users: User[]
  /** Who used it last, and how often it changed hands. */
  latest: string
  changes: number
  open: { begin: Ms; end: Ms; evidence: Evidence } | undefined
}

const fields = record({
  /** The only user so far, as most accounts have but one. See `User`. */
  learner: ref<string>(),
  event: ref<string>(),
  times: number(0),
  first: number(NaN),
  last: number(NaN),
  /** In the place of the fields above, from the second user until an episode has ended. */
  shared: rare<Shared>(),
})
type State = RecordOf<typeof fields>

interface Facts {
  account: string
  learners: string[]
  changes: number
}

const params = z.strictObject({
  times: z.int().min(1).default(2).describe('Sightings of each of two learners on the account, at least: one may be a slip.'),
  changes: z.int().min(1).default(2).describe('How often it changes hands, at least: an account that was passed on for good changes once.'),
  window: duration.prefault('7d').describe('A learner who has not used the account for so long is forgotten.'),
  quiet: duration.prefault('24h').describe('An episode is over when the account has not changed hands for so long.'),
})
type Params = z.output<typeof params>
type Account = Context<Params, State, Facts>

// A handful of learners proves it; more would only cost memory.
const MOST_USERS = 20
// What one event or the next few give rise to is one use.
const APART: Ms = MINUTE

/** One account is used in turn by several learners of its platform. */
export const sharedAccount = defineDetector<typeof params, State, Facts>({
  name: 'shared-account',
  version: 1,
  summary: 'One account is used by two or more learners, each more than once and in turn.',
  stage: 'resource',
  params,
  facts: { account: 'the login name', learners: 'ids of those who use it', changes: 'how often it changed hands' },
  resources: ['account'],
  needs: ['account'],
  horizon: 7 * DAY,
  state: fields,
  onSighting(s, context) {
    const { state, params } = context
    end(context)
    if (s.kind === 'left' || isAlone(state, s, params.window)) return
    const shared = (state.shared ??= share(state, s.platform))
    const who = personKey(s.platform, s.learner)
    note(shared, who, s, params.window)
    if (shared.users.length === 1) {
      shared.latest = who
      shared.changes = 0
      return
    }
    const changed = shared.latest !== who
    if (changed) shared.changes++
    shared.latest = who
    if (shared.open === undefined) judge(shared, context)
    else if (changed) {
      shared.open.end = s.time
      if (s.event !== undefined) addEvidence(shared.open.evidence, s.event)
    }
    if (shared.open !== undefined) context.wakeAt(shared.open.end + params.quiet)
  },
  onTimer(_, context) {
    end(context)
  },
  explain({ account, learners, changes }, { changes: limit }) {
    return {
      en: `${learners.length} learners (${namesOf(learners)}) used account ${account}, which changed hands ${changes} times (limit ${limit - 1})`,
      zh: `账号 ${account} 由 ${learners.length} 名学员（${namesOf(learners)}）轮流使用，易手 ${changes} 次（限值 ${limit - 1} 次）`,
    }
  },
})

/** Notes a use of an account that nobody else uses; false if somebody does now. */
function isAlone(state: State, { learner, event, time }: Sighting, window: Ms): boolean {
  if (state.shared !== undefined) return false
  if (state.learner === learner) {
    if (time - state.last >= APART) state.times++
    state.last = time
    return true
  }
  if (state.learner !== undefined && state.last >= time - window) return false
  Object.assign(state, { learner, event, times: 1, first: time, last: time })
  return true
}

/** What would be kept had it been shared from the beginning. An account belongs to a platform, and so does its user. */
function share({ learner, event, times, first, last }: State, platform: string): Shared {
  const who = personKey(platform, learner as string)
  return { users: [{ who, times, first, last, event }], latest: who, changes: 0, open: undefined }
}

function note(shared: Shared, who: string, s: Sighting, window: Ms): void {
  const user = shared.users.find((u) => u.who === who)
  if (user) {
    if (s.time - user.last >= APART) user.times++
    user.last = s.time
    return
  }
  shared.users = shared.users.filter((u) => u.last >= s.time - window)
  if (shared.users.length < MOST_USERS) shared.users.push({ who, times: 1, first: s.time, last: s.time, event: s.event })
}

function judge(shared: Shared, context: Account): void {
  const users = usersOf(shared, context)
  if (users.length < 2 || shared.changes < context.params.changes) return
  const evidence = newEvidence()
  for (const u of users) if (u.event !== undefined) addEvidence(evidence, u.event)
  shared.open = { begin: Math.min(...users.map((u) => u.first)), end: context.now, evidence }
  raise('ongoing', shared, context)
}

function usersOf(shared: Shared, { params, now }: Account): User[] {
  return shared.users.filter((u) => u.times >= params.times && u.last >= now - params.window)
}

function end(context: Account): void {
  const { state, params, now } = context
  const { shared } = state
  if (shared?.open === undefined || now < shared.open.end + params.quiet) return
  raise('ended', shared, context)
  // The next episode begins with what is seen from now on.
  state.shared = state.learner = state.event = undefined
}

function raise(episode: 'ongoing' | 'ended', shared: Shared, context: Account): void {
  const { id, platform } = context
  const { begin, end, evidence } = shared.open as NonNullable<Shared['open']>
  const learners: Ref[] = peopleOf(usersOf(shared, context).map((u) => u.who))
  context.raise({
    episode, begin, end, subject: { kind: 'account', id, platform }, learners,
    facts: { account: id, learners: learners.map((l) => l.id), changes: shared.changes }, evidence,
  })
}
