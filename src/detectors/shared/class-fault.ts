import type { z } from 'zod'
import { rare, record, type RecordOf } from '../../base/record.ts'
import { DAY, duration, formatDuration, SECOND, type Ms } from '../../base/time.ts'
import type { Catalogue, Class } from '../../catalogue/index.ts'
import { defineDetector, type CatalogueNeed, type Context, type ResourceDetector, type Sentence } from '../../engine/detector.ts'
import type { Sighting } from '../../engine/sighting.ts'
import { addEvidence, newEvidence, type Evidence } from '../../warnings/evidence.ts'
import { hasId, withId, type IdSet } from './id-set.ts'

/** Study in a class that is not in order, from its first event to its last: one warning. Plain data. */
export interface Study {
  begin: Ms
  end: Ms
  /** Who studied: the first `MOST_COUNTED` are told apart. */
  who: IdSet
  learners: number
  evidence: Evidence
}

/** What is wrong with a class. Another `kind` is another warning. */
export interface Fault<F> {
  kind: string
  facts: F
}

/** What a judge says of a class: what is wrong with it, why that cannot be told, or nothing, where it is in order. */
export type Verdict<F> = { fault: Fault<F> } | { unjudged: string } | undefined

/** What every warning of a class adds to its facts. */
export interface Affected {
  learners: number
}

interface Open<F> extends Study {
  fault: Fault<F>
}

const fields = record({
  open: rare<Open<object>>(),
  /** Reasons already counted. */
  told: rare<string[]>(),
})
type State = RecordOf<typeof fields>

/** The words of `learners` in the reference. */
export const AFFECTED = 'how many learners studied in it meanwhile; none of them is accused'

/** A class that is silent for so long is forgotten: no `end` may be longer. */
export const HORIZON: Ms = 61 * DAY
const LONGEST: Ms = 60 * DAY
/** A param that all of these detectors have. */
export const endParam = duration
  .refine((ms) => ms >= SECOND && ms <= LONGEST, { error: `must be from ${formatDuration(SECOND)} to ${formatDuration(LONGEST)}` })
  .meta({ format: 'duration' }).prefault('7d').describe('After so long without study in it the episode is over.')
const MOST_COUNTED = 2000

/** A detector that judges whole classes, by what the catalogue says of them as soon as somebody studies there. */
interface ClassJudge<P extends z.ZodObject, F extends object> {
  name: string
  summary: string
  params: P
  facts: Readonly<Record<Exclude<keyof F, 'learners'> & string, string>>
  needsCatalogue: readonly CatalogueNeed[]
  judge(this: void, klass: Class, at: Sighting, params: z.output<P>, catalogue: Catalogue): Verdict<Omit<F, 'learners'>>
  explain(this: void, facts: F, params: z.output<P>): Sentence
}

/**
 * Makes such a detector. Its subject is the class, for which its institution answers; nobody who studied there is accused, and no time is
 * disputed. An episode ends when nobody has studied there for `end`, or with the first study after the class has been put in order.
 */
export function defineClassJudge<P extends z.ZodObject<{ end: typeof endParam }>, F extends Affected>(own: ClassJudge<P, F>): ResourceDetector<P, State, F> {
  const { name, summary, params, facts, needsCatalogue, judge, explain } = own
  const report = (open: Open<object>, episode: 'ongoing' | 'ended', context: Context<unknown, State, F>): void => raiseStudy(open, episode, context.id, open.fault.facts, context)
  const endIfOver = (context: Context<z.output<P>, State, F>): void => {
    const { open } = context.state
    if (open === undefined || context.now < overAt(open, context.params.end)) return
    context.state.open = undefined
    report(open, 'ended', context)
  }
  return defineDetector<P, State, F>({
    name, version: 1, summary, stage: 'resource', params, facts: { ...facts, learners: AFFECTED },
    resources: ['class'], needs: ['class', 'chapter'], orRoster: true, needsCatalogue, horizon: HORIZON, state: fields, explain,
    onSighting(s, context) {
      const { state, params: p, catalogue } = context
      endIfOver(context)
      if (!isStudy(s, catalogue)) return
      const klass = catalogue.class(s.scope, s.id)
      const verdict: Verdict<object> = klass === undefined ? { unjudged: 'the class is not in the catalogue' } : judge(klass, s, p, catalogue)
      if (verdict !== undefined && 'unjudged' in verdict) return tell(verdict.unjudged, context)
      const fault = verdict?.fault
      if (state.open !== undefined && state.open.fault.kind !== fault?.kind) {
        report(state.open, 'ended', context)
        state.open = undefined
        context.wakeAt(undefined)
      }
      if (fault === undefined) return
      const open = (state.open ??= { ...newStudy(s.time), fault })
      if (addStudy(open, s)) report(open, 'ongoing', context)
      context.wakeAt(overAt(open, p.end))
    },
    onTimer(_, context) {
      endIfOver(context)
      if (context.state.open !== undefined) context.wakeAt(overAt(context.state.open, context.params.end))
    },
  })
}

/** Counts a reason once for each key. */
export function tell(reason: string, { state, notEvaluable }: Pick<Context<unknown, { told: string[] | undefined }, unknown>, 'state' | 'notEvaluable'>): void {
  if (state.told?.includes(reason)) return
  state.told = [...(state.told ?? []), reason]
  notEvaluable(reason)
}

/** Whether it tells of study, not of a login, of time that passed, or of a teacher who looks at the lessons. */
export function isStudy(s: Sighting, catalogue: Catalogue): boolean {
  if (s.event === undefined || s.chapter === undefined) return false
  return !catalogue.isTeacher(s.platform, s.learner) && !(s.account !== undefined && catalogue.isTeacher(s.platform, s.account))
}

export function newStudy(begin: Ms): Study {
  return { begin, end: begin, who: '', learners: 0, evidence: newEvidence() }
}

/** Adds what somebody studied; true where it is to be told: of the first learner, the second, the fourth, and so on. */
export function addStudy(study: Study, s: Sighting): boolean {
  study.end = s.time
  // One event may send several sightings.
  if (s.event !== undefined && s.event !== study.evidence.events.at(-1)) addEvidence(study.evidence, s.event)
  if (study.learners >= MOST_COUNTED || hasId(study.who, s.learner)) return false
  study.who = withId(study.who, s.learner)
  study.learners++
  return (study.learners & (study.learners - 1)) === 0
}

/** When the episode is over, unless there is more of it. */
export function overAt(study: Study, end: Ms): Ms {
  return study.end + end
}

/** Warns of a class. */
export function raiseStudy<F extends Affected>(study: Study, episode: 'ongoing' | 'ended', klass: string, facts: object, context: Pick<Context<unknown, unknown, F>, 'raise' | 'platform'>, chapters: readonly string[] = []): void {
  const { begin, end, learners, evidence } = study
  context.raise({
    episode, begin, end, subject: { kind: 'class', platform: context.platform, id: klass }, learners: [], class: klass, chapters, facts: { ...facts, learners } as F, evidence,
  })
}

/** `12 learners studied` in English and Chinese, for sentences about their class. */
export function studied(learners: number): Sentence {
  return { en: `${learners} learner${learners === 1 ? '' : 's'} studied`, zh: `已有 ${learners} 名学员` }
}
