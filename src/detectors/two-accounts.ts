import { z } from 'zod'
import { flag, number, rare, record, ref, type RecordOf } from '../base/record.ts'
import { DAY, duration, HOUR, type Ms } from '../base/time.ts'
import { defineDetector } from '../engine/detector.ts'
import type { Event } from '../telemetry/event.ts'
import { addEvidence, type Evidence } from '../warnings/evidence.ts'
import { round3 } from './shared/wording.ts'

const params = z.strictObject({
  events: z.int().min(1).default(2).describe('Events that each of two accounts must have sent, so that one wrong record accuses nobody.'),
  end: duration.prefault('24h').describe('After so long without a change of account the episode is over.'),
})

/** Accounts in turn, from the first change on. */
interface Change {
  /** The accounts that are not in use now, and how many events each has sent. */
  others: string[]
  counts: number[]
  changes: number
  /** Whether an account came back after another was used: a rename never does. */
  returned: boolean
  raised: boolean
  begin: Ms
  end: Ms
  evidence: Evidence
}
const fields = record({
  /** The account in use, how many events it has sent, and the id of the last. */
  account: ref<string>(),
  count: number(0),
  event: ref<string>(),
  /** Whether it was counted that this learner cannot be judged. */
  told: flag,
  change: rare<Change>(),
})
type State = RecordOf<typeof fields>
type Facts = { accounts: string[]; changes: number; hours: number }

const MOST_ACCOUNTS = 8

/** One learner uses two accounts of one platform in turn. An account that was renamed is used no more and accuses nobody. */
export const twoAccounts = defineDetector<typeof params, State, Facts>({
  name: 'two-accounts',
  version: 1,
  summary: 'One learner uses two accounts of one platform in turn.',
  stage: 'learner',
  params,
  facts: { accounts: 'login names', changes: 'changes from one to the other', hours: 'from the first to the last' },
  actions: [
    'logged-in', 'initialized', 'played', 'paused', 'seeked', 'rate-changed', 'heartbeat', 'completed', 'navigated', 'answered', 'face-checked',
  ],
  needs: ['account'],
  horizon: 30 * DAY,
  state: fields,

  onEvent(event, context) {
    const { state } = context
    const { account } = event
    // The common case: no other account so far.
    if (state.change === undefined && account === state.account) {
      if (account === undefined) return
      state.count++
      state.event = event.id
      return
    }
    compare(event, context)
  },

  onTimer(at, context) {
    const { change } = context.state
    if (change?.raised && at - change.end >= context.params.end) finish(context)
  },

  explain: (f) => ({
    en: `one learner used ${f.accounts.length} accounts in turn (${f.accounts.join(', ')}), changing ${f.changes} times in ${f.hours} h (limit: one account)`,
    zh: `同一学员轮流使用 ${f.accounts.length} 个账号（${f.accounts.join('、')}），${f.hours} 小时内切换 ${f.changes} 次（限制：一人一个账号）`,
  }),
})

type Call = Parameters<typeof twoAccounts.onEvent>[1]

/** Takes an event of a first, another or one of several accounts. */
function compare(event: Event, context: Call): void {
  const { params, state } = context
  if (state.change?.raised && event.time - state.change.end >= params.end) finish(context)
  const { account } = event
  if (account === undefined) return
  if (!state.told && account === event.learner) {
    state.told = true
    context.notEvaluable('learner and account are one to one')
  }
  if (state.account === undefined) {
    state.account = account
  } else if (!isSame(account, state.account)) {
    changeTo(state, account, event.time, event.id)
    if (state.change?.raised) context.wakeAt(state.change.end + params.end)
  }
  state.count++
  state.event = event.id
  const { change } = state
  if (change === undefined || change.raised || !change.returned || state.count < params.events) return
  if (!change.counts.some((n) => n >= params.events)) return
  change.raised = true
  report(context, 'ongoing')
  context.wakeAt(Math.max(change.end + params.end, event.time + 1))
}

// Login names are typed by hand: letter case and blanks do not make another account.
function isSame(a: string, b: string): boolean {
  return a === b || a.trim().toLowerCase() === b.trim().toLowerCase()
}

function changeTo(state: State, account: string, time: Ms, event: string): void {
  const from = state.account as string
  const { change } = state
  state.account = account
  if (change === undefined) {
    state.change = {
      others: [from], counts: [state.count], changes: 1, returned: false, raised: false, begin: time, end: time,
      evidence: { events: [state.event as string, event], count: 2 },
    }
    state.count = 0
    return
  }
  addEvidence(change.evidence, event)
  change.changes++
  change.end = time
  const back = change.others.findIndex((o) => isSame(o, account))
  const count = back >= 0 ? (change.counts[back] as number) : 0
  if (back >= 0) {
    change.returned = true
    change.others.splice(back, 1)
    change.counts.splice(back, 1)
  } else if (change.others.length === MOST_ACCOUNTS) {
    change.others.shift()
    change.counts.shift()
  }
  change.others.push(from)
  change.counts.push(state.count)
  state.count = count
}

function finish(context: Call): void {
  report(context, 'ended')
  context.state.change = undefined
}

function report(context: Call, episode: 'ongoing' | 'ended'): void {
  const { account, change } = context.state
  const c = change as Change
  context.raise({
    episode, begin: c.begin, end: c.end, evidence: c.evidence,
    facts: { accounts: [...c.others, account as string].sort(), changes: c.changes, hours: round3((c.end - c.begin) / HOUR) },
  })
}
