import { SECOND, type Ms } from '../../base/time.ts'
import type { Context } from '../../engine/detector.ts'
import type { Sighting } from '../../engine/sighting.ts'
import { Event } from '../../telemetry/event.ts'
import { addEvidence, newEvidence, type Evidence } from '../../warnings/evidence.ts'
import { peopleOf, personKey } from '../shared/people.ts'
import { round3 } from '../shared/wording.ts'
import type { CommonParams } from './params.ts'
import type { State, Sub } from './subs.ts'

/** What is remembered of an event or sighting, for the warning. Plain data. */
export interface Trace {
  time: Ms
  id?: string
  /** Of a sighting: whose it was. */
  who?: string
  chapter?: string
}

export function traceOf(seen: Event | Sighting): Trace {
  const trace: Trace = { time: seen.time }
  const id = seen instanceof Event ? seen.id : seen.event
  if (id !== undefined) trace.id = id
  if (!(seen instanceof Event)) trace.who = personKey(seen.platform, seen.learner)
  if (seen.chapter !== undefined) trace.chapter = seen.chapter
  return trace
}

/** Once more that what a rule looks for has happened. */
export interface Happening {
  begin: Ms
  end: Ms
  /** What it rests on, as far as it is not in the open episode yet. */
  traces: readonly Trace[]
  /** The measured value; of an episode the highest is told. Undefined: how often it has happened. */
  value?: number
  /** Whether the value is only the least that it can be. */
  atLeast?: boolean
  /** Nothing at all had come from the learner or resource meanwhile. */
  silent?: boolean
  /** Different values, as far as they are shown. */
  values?: readonly string[]
}

/** An episode that has been told and is not over. Plain data. */
export interface Open {
  begin: Ms
  end: Ms
  times: number
  value?: number
  atLeast?: boolean
  silent?: number
  values?: string[]
  chapters: string[]
  /** Of a resource: `personKey`s. */
  learners: string[]
  evidence: Evidence
}

export interface Facts {
  value: number
  limit: number
  times: number
  /** Seconds from the first to the last evidence. */
  seconds: number
  by?: Record<string, string>
  values?: string[]
  atLeast?: boolean
  silent?: number
}

type Key<D> = Context<CommonParams, State<D>, Facts>

const MOST_NAMED = 20
// More than can be open at once, so that those that have ended are still there for a while.
const MOST_BEGINS = 128

/** Adds to the open episode of a sub-key, or opens one. */
export function note<D>(key: Key<D>, sub: Sub<D>, what: Happening): void {
  const open = (sub.open ??= { begin: claim(key.state, what.begin), end: what.end, times: 0, chapters: [], learners: [], evidence: newEvidence() })
  open.times++
  open.end = Math.max(open.end, what.end)
  if (what.value !== undefined && !(open.value !== undefined && open.value >= what.value)) {
    open.value = what.value
    if (what.values !== undefined) open.values = what.values.slice(0, MOST_NAMED)
  }
  if (what.atLeast) open.atLeast = true
  if (what.silent) open.silent = (open.silent ?? 0) + 1
  for (const trace of what.traces) {
    if (trace.id !== undefined) addEvidence(open.evidence, trace.id)
    name(open.chapters, trace.chapter)
    name(open.learners, trace.who)
  }
}

function name(list: string[], text: string | undefined): void {
  if (text !== undefined && list.length < MOST_NAMED && !list.includes(text)) list.push(text)
}

// INVARIANT (identity): two episodes of one rule and key never share `begin`, of which a warning's id is made.
function claim<D>(state: State<D>, begin: Ms): Ms {
  const begins = (state.begins ??= [])
  let free = begin
  while (begins.includes(free)) free++
  if (begins.length === MOST_BEGINS) begins.shift()
  begins.push(free)
  return free
}

/** Tells of the open episode of a sub-key; `limit`: what is allowed. */
export function tell<D>(episode: 'ongoing' | 'ended', key: Key<D>, sub: Sub<D>, limit: number): void {
  const open = sub.open as Open
  const { begin, end, times, value = times, values, atLeast, silent, chapters, evidence } = open
  const facts: Facts = { value: round3(value), limit, times, seconds: (end - begin) / SECOND }
  if (Object.keys(sub.by).length > 0) facts.by = sub.by
  if (values !== undefined) facts.values = values
  if (atLeast) facts.atLeast = true
  if (silent !== undefined) facts.silent = silent
  key.raise({ episode, begin, end, ...aboutOf(key, open), course: sub.by.course, class: sub.by.class, chapters, facts, evidence })
}

/** Of a resource: who was on it. One that belongs to no platform goes under that of the first of them. */
function aboutOf<D>({ id, platform, params: { over } }: Key<D>, open: Open): object {
  if (over === 'events') return {}
  const learners = peopleOf(open.learners)
  // In the order in which they came, so that later revisions have the same subject.
  const first = open.learners[0]?.split('\u0000')[0] ?? ''
  return { subject: { kind: over, id, platform: platform === '' ? first : platform }, learners }
}
