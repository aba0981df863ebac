import { z } from 'zod'
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

interface State {
  users: User[]
  /** Who used it last, and how often it changed hands. */
  latest: string
  changes: number
  open: { begin: Ms; end: Ms; evidence: Evidence } | undefined
}

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
  resources: ['account'],
  needs: ['account'],
  horizon: 7 * DAY,
  newState: () => ({ users: [], latest: '', changes: 0, open: undefined }),
  onSighting(s, context) {
    const { state, params } = context
    end(context)
    if (s.kind === 'left') return
    const who = personKey(s.platform, s.learner)
    note(state, who, s, params.window)
    if (state.users.length === 1) {
      state.latest = who
      state.changes = 0
      return
    }
    const changed = state.latest !== who
    if (changed) state.changes++
    state.latest = who
    if (state.open === undefined) judge(context)
    else if (changed) {
      state.open.end = s.time
      if (s.event !== undefined) addEvidence(state.open.evidence, s.event)
    }
    if (state.open !== undefined) context.wakeAt(state.open.end + params.quiet)
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

function note(state: State, who: string, s: Sighting, window: Ms): void {
  const user = state.users.find((u) => u.who === who)
  if (user) {
    if (s.time - user.last >= APART) user.times++
    user.last = s.time
    return
  }
  state.users = state.users.filter((u) => u.last >= s.time - window)
  if (state.users.length < MOST_USERS) state.users.push({ who, times: 1, first: s.time, last: s.time, event: s.event })
}

function judge(context: Account): void {
  const { state, params } = context
  const users = usersOf(context)
  if (users.length < 2 || state.changes < params.changes) return
  const evidence = newEvidence()
  for (const u of users) if (u.event !== undefined) addEvidence(evidence, u.event)
  state.open = { begin: Math.min(...users.map((u) => u.first)), end: context.now, evidence }
  raise('ongoing', context)
}

function usersOf({ state, params, now }: Account): User[] {
  return state.users.filter((u) => u.times >= params.times && u.last >= now - params.window)
}

function end(context: Account): void {
  const { state, params, now } = context
  if (state.open === undefined || now < state.open.end + params.quiet) return
  raise('ended', context)
  // The next episode begins with what is seen from now on.
  state.users = []
  state.latest = ''
  state.changes = 0
  state.open = undefined
}

function raise(episode: 'ongoing' | 'ended', context: Account): void {
  const { state, id, platform } = context
  const { begin, end, evidence } = state.open as NonNullable<State['open']>
  const learners: Ref[] = peopleOf(usersOf(context).map((u) => u.who))
  context.raise({
    episode, begin, end, subject: { kind: 'account', id, platform }, learners,
    facts: { account: id, learners: learners.map((l) => l.id), changes: state.changes }, evidence,
  })
}
