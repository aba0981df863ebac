import { z } from 'zod'
import { number, rare, record, type RecordOf } from '../base/record.ts'
import { duration, HOUR, MINUTE, type Ms } from '../base/time.ts'
import { defineDetector } from '../engine/detector.ts'
import { ACTIONS } from '../telemetry/event.ts'
import { addEvidence, newEvidence, type Evidence } from '../warnings/evidence.ts'
import { round3 } from './shared/wording.ts'

const params = z.strictObject({
  share: z.number().min(0).max(1).default(0.1).describe("Share of a learner's events in an hour that may come late."),
  least: z.int().min(1).default(20).describe('Late events in the hour below which the share proves nothing.'),
  end: duration.prefault('1h').describe('After so long without a late event the episode is over.'),
})

/** Late events of the last hour, or of an episode. */
interface Late {
  /** By slot: the slot at hand first. */
  slots: number[]
  raised: boolean
  begin: Ms
  end: Ms
  /** Totals since `begin`; `events` includes the timely ones. */
  count: number
  events: number
  evidence: Evidence
}
const fields = record({
  /** Where the slot at hand ends. */
  until: number(-Infinity),
  /** Events that came in time: in the slot at hand, and in those before it, the latest first. */
  timely: number(0),
  before1: number(0),
  before2: number(0),
  before3: number(0),
  before4: number(0),
  before5: number(0),
  late: rare<Late>(),
})
type State = RecordOf<typeof fields>
type Facts = { late: number; events: number; share: number; limit: number }

// An hour that slides in steps of 10 minutes: the step at hand and the five before it.
const SLOT: Ms = 10 * MINUTE
const SLOTS = HOUR / SLOT

/**
 * Too many of a learner's events come later than the platform's lateness allows, so that nothing else can judge them.
 * The engine leaves out late events of a platform that is in trouble itself. Times are those at which the events were
 * missed, since the time that a late event states is the very thing in doubt.
 */
export const lateTelemetry = defineDetector<typeof params, State, Facts>({
  name: 'late-telemetry',
  version: 1,
  summary: "A large share of a learner's events comes too late to be judged.",
  stage: 'learner',
  params,
  facts: {
    late: 'events that came too late', events: 'all events of the hour', share: 'share of them that was late', limit: 'share that is allowed',
  },
  actions: ACTIONS,
  needs: [],
  doubts: ({ share }) => (share < 1 ? [] : [{ param: 'share', message: 'no more than all events can be late, so that it never warns', mend: 'write a share below 1' }]),
  state: fields,

  onEvent(event, context) {
    const { state } = context
    if (event.time >= state.until) advance(context, event.time)
    state.timely++
    if (state.late !== undefined) state.late.events++
  },

  onLate(event, context) {
    const { params, state, now } = context
    advance(context, now)
    const late = (state.late ??= { slots: [0, 0, 0, 0, 0, 0], raised: false, begin: now, end: now, count: 0, events: 0, evidence: newEvidence() })
    late.slots[0] = (late.slots[0] as number) + 1
    late.count++
    late.events++
    if (now > late.end) late.end = now
    addEvidence(late.evidence, event.id)
    if (late.raised) {
      context.wakeAt(late.end + params.end)
      return
    }
    const inHour = sum(late.slots)
    const events = inHour + timelyInHour(state)
    if (inHour < params.least || inHour <= params.share * events) return
    late.raised = true
    report(context, late, 'ongoing', inHour, events)
    context.wakeAt(late.end + params.end)
  },

  onTimer(at, context) {
    advance(context, at)
  },

  explain: (f) => ({
    en: `${f.late} of ${f.events} events (${percent(f.share)} %) came too late to be judged (limit ${percent(f.limit)} % in an hour)`,
    zh: `${f.events} 条事件中有 ${f.late} 条（${percent(f.share)}%）上报过迟，无法判断（限制：一小时内 ${percent(f.limit)}%）`,
  }),
})

type Call = Parameters<typeof lateTelemetry.onEvent>[1]

/** Moves the hour on to `now`, and ends what is over by then. */
function advance(context: Call, now: Ms): void {
  const { params, state } = context
  const { late } = state
  if (now >= state.until) {
    const until = (Math.floor(now / SLOT) + 1) * SLOT
    // A new state has no slot before this one.
    const steps = state.until === -Infinity ? 0 : Math.min((until - state.until) / SLOT, SLOTS)
    state.until = until
    for (let i = 0; i < steps; i++) {
      shiftTimely(state)
      if (late !== undefined) shift(late.slots)
    }
  }
  if (late === undefined) return
  if (late.raised) {
    if (now - late.end >= params.end) finish(context, late)
  } else if (sum(late.slots) === 0) {
    state.late = undefined
  }
}

/** An episode whose timely events outweigh it after all, once the hour after it is known, is taken back. */
function finish(context: Call, late: Late): void {
  context.state.late = undefined
  report(context, late, late.count > context.params.share * late.events ? 'ended' : 'withdrawn', late.count, late.events)
}

function report(context: Call, late: Late, episode: 'ongoing' | 'ended' | 'withdrawn', count: number, events: number): void {
  context.raise({
    episode, begin: late.begin, end: late.end, evidence: late.evidence,
    why: episode === 'withdrawn' ? 'with the hour after it, no more came late than is allowed' : undefined,
    facts: { late: count, events, share: round3(count / events), limit: context.params.share },
  })
}

function timelyInHour(state: State): number {
  return state.timely + state.before1 + state.before2 + state.before3 + state.before4 + state.before5
}

function shiftTimely(state: State): void {
  state.before5 = state.before4
  state.before4 = state.before3
  state.before3 = state.before2
  state.before2 = state.before1
  state.before1 = state.timely
  state.timely = 0
}

function shift(slots: number[]): void {
  for (let i = slots.length - 1; i > 0; i--) slots[i] = slots[i - 1] as number
  slots[0] = 0
}

function sum(slots: readonly number[]): number {
  let total = 0
  for (const n of slots) total += n
  return total
}

function percent(share: number): number {
  return Math.round(share * 1000) / 10
}
