import type { Ms } from '../../base/time.ts'
import { Catalogue } from '../../catalogue/index.ts'
import { missingFor } from '../../engine/coverage.ts'
import type { Scorer } from '../../engine/ports.ts'
import { readsOf, type Rule } from '../../engine/rule.ts'
import type { Sighting } from '../../engine/sighting.ts'
import type { Event } from '../../telemetry/event.ts'
import type { Warning } from '../../warnings/warning.ts'
import { compileScope, compileUnless } from '../condition.ts'
import type { Names } from '../names.ts'
import type { TestedRule } from '../load.ts'
import type { TestInput } from '../schema.ts'
import { failureOf, ruleInTest, runTest, type Fate } from '../test-run.ts'
import { explainCondition, type ConditionTree } from './condition.ts'
import { saidBy } from './judged.ts'
import { nearMisses, type NearMiss } from './near.ts'
import { eventKey, traced, type Raised, type Trace } from './trace.ts'

/** Why an event did or did not reach the detector. */
export type Seen = 'seen' | 'seen late' | 'late' | 'rejected' | 'duplicate' | 'not watched' | 'out of scope'

export interface ExplainedEvent {
  id: string
  time: Ms
  action: string
  learner: string
  seen: Seen
  /** Out of scope: what the scope says. */
  scope?: ConditionTree
  /** Of a rule with conditions in its params: what they gave. */
  conditions?: ConditionTree[]
}

export interface ExplainedSighting {
  time: Ms
  resource: string
  id: string
  kind: string
  learner: string
  seen: 'seen' | 'out of scope'
  conditions?: ConditionTree[]
}

export interface ExplainedFinding {
  at: Ms
  episode: string
  subject: { kind: string; id: string }
  facts: Record<string, unknown>
  /** `sent`, or what held it back. */
  outcome: string
  unless?: ConditionTree
}

/** What a rule saw in a test and why it did what it did. */
export interface Explanation {
  rule: string
  detector: string
  /** The events that it watches or the resources that it looks at. */
  watches: readonly string[]
  params: Readonly<Record<string, unknown>>
  events: ExplainedEvent[]
  /** Of a rule on resources. */
  sightings: ExplainedSighting[] | undefined
  findings: ExplainedFinding[]
  /** What it could not judge, and why. */
  notEvaluable: { platform: string; reason: string; times?: number }[]
  nearMisses: NearMiss[]
}

/** Runs a test once more and tells what its rule saw and why it did what it did. */
export function explainTest(tested: TestedRule, test: TestInput, models: ReadonlyMap<string, Scorer> | undefined): Explanation {
  const rule = ruleInTest(tested, test)
  const { rule: watched, trace } = traced(rule, tested.names)
  const run = runTest(watched, test, models)
  const { machine, events } = run
  const { detector } = rule
  const seen = new Set<string>()
  const platforms = [...machine.coverage()]
  return {
    rule: rule.id, detector: detector.name, watches: detector.stage === 'learner' ? readsOf(rule).actions : readsOf(rule).resources, params: rule.params,
    events: events.map(({ event, fate }) => explainEvent(event, fate, seen, tested, rule, trace)),
    sightings: detector.stage === 'resource' ? sightingsOf(trace) : undefined,
    findings: trace.raised.map((r) => explainFinding(r, tested, rule)),
    notEvaluable: [
      ...platforms.flatMap(([platform, { seen }]) => missingFor(rule, platform, seen, new Catalogue(test.catalogue)).map((reason) => ({ platform, reason }))),
      ...Object.entries(machine.unjudged()).map(([key, times]) => {
        const [, platform, reason] = key.split('\u0000') as [string, string, string]
        return { platform, reason, times }
      }),
    ],
    nearMisses: failureOf(test, run) === undefined ? [] : nearMisses(rule, test, events.length),
  }
}

function explainEvent(event: Event, fate: Fate, before: Set<string>, { input: { scope: text }, names }: TestedRule, rule: Rule, trace: Trace): ExplainedEvent {
  const { detector, scope } = rule
  const { id, time, action, learner } = event
  const key = eventKey(event)
  const again = before.has(key)
  before.add(key)
  const of = (seen: Seen, more?: ConditionTree): ExplainedEvent => ({ id, time, action, learner, seen, ...(more && { scope: more }) })
  if (fate === 'future') return of('rejected')
  if (again) return of('duplicate')
  if (fate === 'late') return of(trace.lateEvents.has(key) ? 'seen late' : 'late')
  // What a rule on resources sees are sightings; an event of any action may send some.
  if (detector.stage === 'resource' || trace.events.has(key)) return { ...of('seen'), ...judgedBy(key, trace) }
  if (!readsOf(rule).actions.includes(event.action)) return of('not watched')
  return of('out of scope', scope !== undefined && text !== undefined ? explainScope(text, event, names) : undefined)
}

function judgedBy(key: string | Sighting, { judged }: Trace): { conditions?: ConditionTree[] } {
  const conditions = judged.get(key)
  return conditions ? { conditions } : {}
}

function explainScope(text: string, event: Event | Sighting, names: Names): ConditionTree {
  return explainCondition(text, {
    evaluate: (part) => evaluated((onFault) => compileScope(part, onFault, names).test?.(event)),
    valueOf: ([name]) => saidBy(names, name as string) ?? (event as unknown as Record<string, unknown>)[name as string] ?? null,
  })
}

function explainUnless(text: string, warning: Warning, names: Names): ConditionTree {
  return explainCondition(text, {
    evaluate: (part) => evaluated((onFault) => compileUnless(part, onFault, names).test?.(warning)),
    valueOf: (path) => saidBy(names, path.join('.')) ?? path.reduce<unknown>((at, step) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[step] : undefined), warning),
  })
}

/** A part that is no condition by itself (a number, a text) fails as one. */
function evaluated(test: (onFault: () => void) => boolean | undefined): boolean | 'fails' {
  let failed = false
  const is = test(() => (failed = true))
  return failed || is === undefined ? 'fails' : is
}

function sightingsOf(trace: Trace): ExplainedSighting[] {
  return [...trace.scoped].flatMap(([seen, is]) =>
    'resource' in seen ? [{ time: seen.time, resource: seen.resource, id: seen.id, kind: seen.kind, learner: seen.learner, seen: is ? 'seen' : 'out of scope', ...judgedBy(seen, trace) }] : [],
  )
}

function explainFinding({ at, finding, warning, exempt, unless }: Raised, { input: { unless: text }, names }: TestedRule, rule: Rule): ExplainedFinding {
  const { subject = finding.subject ?? { kind: 'learner', id: '' } } = warning ?? {}
  const outcome = exempt !== undefined ? `exempt: ${exempt}` : unless ? '`unless` holds' : finding.episode === 'withdrawn' ? `withdrawn: ${finding.why ?? ''}` : 'sent'
  return {
    at, episode: finding.episode, subject: { kind: subject.kind, id: subject.id }, facts: finding.facts, outcome,
    ...(rule.unless !== undefined && text !== undefined && warning && exempt === undefined ? { unless: explainUnless(text, warning, names) } : {}),
  }
}
