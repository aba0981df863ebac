import type { Ms } from '../../base/time.ts'
import type { AnyDetector, Context, Finding } from '../../engine/detector.ts'
import type { Judge, Rule } from '../../engine/rule.ts'
import type { Sighting } from '../../engine/sighting.ts'
import type { Event } from '../../telemetry/event.ts'
import type { Warning } from '../../warnings/warning.ts'
import type { Names } from '../names.ts'
import { events, sightings } from '../vocabulary.ts'
import type { ConditionTree } from './condition.ts'
import { explainJudge } from './judged.ts'

/** Something that the detector raised, and what became of it. */
export interface Raised {
  at: Ms
  finding: Finding<Record<string, unknown>>
  /** The warning that was made of it, where something could hold it back. */
  warning: Warning | undefined
  exempt: string | undefined
  unless: boolean
}

/** What a rule saw and did while it ran. */
export interface Trace {
  /** Events and sightings that `scope` was asked about, and its answer. */
  scoped: Map<Event | Sighting, boolean>
  /** Events that the detector was handed. */
  events: Set<string>
  lateEvents: Set<string>
  sightings: Sighting[]
  timers: number
  /** The conditions in the params, by what they were judged by: an event's key, or a sighting. */
  judged: Map<string | Sighting, ConditionTree[]>
  raised: Raised[]
}

/** Which event it is, as the engine tells two apart. */
export function eventKey({ platform, learner, id, time }: Event): string {
  return [platform, learner, id, time].join('\u0000')
}

/** The rule, telling what it sees and does. It runs as it does without. */
export function traced(rule: Rule, names: Names): { rule: Rule; trace: Trace } {
  const trace: Trace = { scoped: new Map(), events: new Set(), lateEvents: new Set(), sightings: [], timers: 0, judged: new Map(), raised: [] }
  const { scope, unless, exempt } = rule
  return {
    trace,
    rule: {
      ...rule,
      detector: tracedDetector(rule.detector, trace),
      conditions: rule.conditions && new Map([...rule.conditions].map(([text, judge]) => [text, tracedJudge(text, judge, rule, names, trace)])),
      scope: (seen) => {
        const is = scope === undefined || scope(seen)
        trace.scoped.set(seen, is)
        return is
      },
      exempt: (warning, begin) => {
        const reason = exempt?.(warning, begin)
        const last = trace.raised.at(-1)
        if (last) Object.assign(last, { warning, exempt: reason })
        return reason
      },
      unless: (warning) => {
        const is = unless?.(warning) ?? false
        const last = trace.raised.at(-1)
        if (last) last.unless = is
        return is
      },
    },
  }
}

/** Judges as before, and keeps why. */
function tracedJudge(text: string, judge: Judge, { detector }: Rule, names: Names, { judged }: Trace): Judge {
  const explain = explainJudge(text, detector.stage === 'learner' ? events : sightings, names)
  return (seen, around) => {
    const key = 'resource' in seen ? seen : eventKey(seen)
    const tree = explain(seen, around)
    const before = judged.get(key)
    if (before) before.push(tree)
    else judged.set(key, [tree])
    return judge(seen, around)
  }
}

type AnyContext = Context<unknown, unknown, Record<string, unknown>>

function tracedDetector(detector: AnyDetector, trace: Trace): AnyDetector {
  const watch = (context: AnyContext): AnyContext =>
    Object.create(context, {
      raise: {
        value: (finding: Finding<Record<string, unknown>>) => {
          // What a detector goes on changing is told as it was.
          trace.raised.push({ at: context.now, finding: structuredClone(finding), warning: undefined, exempt: undefined, unless: false })
          context.raise(finding)
        },
      },
    }) as AnyContext
  const onTimer = (at: Ms, context: AnyContext) => {
    trace.timers++
    detector.onTimer?.(at, watch(context))
  }
  if (detector.stage === 'resource') {
    const onSighting = (sighting: Sighting, context: AnyContext) => {
      trace.sightings.push(sighting)
      detector.onSighting(sighting, watch(context))
    }
    return { ...detector, onTimer, onSighting }
  }
  return {
    ...detector, onTimer,
    onEvent: (event, context) => {
      trace.events.add(eventKey(event))
      detector.onEvent(event, watch(context))
    },
    ...(detector.onLate && {
      onLate: (event: Event, context: AnyContext) => {
        trace.lateEvents.add(eventKey(event))
        detector.onLate?.(event, watch(context))
      },
    }),
    ...(detector.onScore && { onScore: (score, context: AnyContext) => detector.onScore?.(score, watch(context)) }),
  }
}
