import type { z } from 'zod'
import { parseTime, type Ms } from '../base/time.ts'
import { catalogueSchema, type CatalogueData } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import type { AnyDetector } from '../engine/detector.ts'
import { Machine } from '../engine/machine.ts'
import type { LateEvent, Output } from '../engine/output.ts'
import type { Scorer } from '../engine/ports.ts'
import type { Rule } from '../engine/rule.ts'
import { fitRule } from '../rules/fit.ts'
import { Event, FIELDS, hashText, type Action, type Place } from '../telemetry/event.ts'
import type { Prompt, Warning } from '../warnings/warning.ts'

/** The day on which tests happen unless they name another. */
export const DAY = '2026-03-02'

/** `08:00:00` on the tests' day, or a whole RFC 3339 time with or without offset (UTC). */
export function instant(text: string): Ms {
  const full = text.includes('T') ? text : `${DAY}T${text}`
  const ms = parseTime(/([Zz]|[+-]\d\d:\d\d)$/.test(full) ? full : `${full}Z`)
  if (ms === undefined) throw new Error(`not a time: ${text}`)
  return ms
}

export type Fields = Partial<Omit<Event, 'time' | 'received' | 'action' | 'learner' | 'chapter' | 'present' | 'raw'>> & { received?: string | Ms; late?: boolean }

let counter = 0

/** An event for a test: platform `p1` and a fresh id unless given. */
export function at(time: string, action: Action, learner: string, chapter?: string, fields: Fields = {}): Event {
  const { received, late: _late, ...rest } = fields
  const event = new Event()
  Object.assign(event, { id: `e${++counter}`, platform: 'p1' }, rest)
  event.time = instant(time)
  event.action = action
  event.learner = learner
  event.chapter = chapter
  if (received !== undefined) event.received = typeof received === 'number' ? received : instant(received)
  FIELDS.forEach((f, i) => {
    if (event[f] !== undefined) event.present |= 1 << i
  })
  event.idHash = hashText(event.id)
  event.raw = JSON.stringify(Object.assign({}, event, { present: undefined, place: undefined, raw: undefined }))
  return event
}

/** A rule for a test, around a detector and its parameters as a rule file would write them. */
export function ruleOf(detector: AnyDetector, params: Record<string, unknown> = {}, more: Partial<Rule> = {}): Rule {
  const parsed = (detector.params as z.ZodObject).parse(params)
  const fitted = fitRule(detector, parsed, { namesPlatform: true, onFault: (part, message) => { throw new Error(`${part}: ${message}`) } })
  if ('problems' in fitted) throw new Error(JSON.stringify(fitted.problems))
  return {
    id: detector.name, detector: fitted.detector, mode: 'live', reads: fitted.reads, conditions: fitted.conditions, params: parsed, severity: 'medium', response: 'review',
    basis: [], version: 'test', prompt: undefined, scope: undefined, unless: undefined, exempt: undefined, ...more,
  }
}

export interface DriveOptions {
  /** Input form of the catalogue. */
  catalogue?: z.input<typeof catalogueSchema>
  places?: Readonly<Record<string, Place>>
  partitions?: number
  /** Those that detectors ask. */
  models?: ReadonlyMap<string, Scorer>
  /** More rules beside the detector's own. */
  rules?: readonly Rule[]
}

export interface Drive {
  /** Takes events of any order; they are handled at the next `mark` or at the end. */
  feed(...events: Event[]): Drive
  /** Event time passes to then: what is before is handled, timers fire. What comes later but is older is late. */
  mark(time: string): Drive
  /** Ends the log and returns every revision, in output order. */
  warnings(): Warning[]
  /** Ends the log and returns the last revision of each id, in the order of their first. */
  latest(): Warning[]
  prompts(): Prompt[]
  late(): LateEvent[]
  readonly machine: Machine
}

/** Runs the production engine over a test's events, with one rule around `detector`. */
export function drive(detector: AnyDetector, params: Record<string, unknown> = {}, options: DriveOptions = {}): Drive {
  return driveRules([ruleOf(detector, params), ...(options.rules ?? [])], options)
}

/** Runs the production engine over a test's events with any rules. */
export function driveRules(rules: readonly Rule[], options: DriveOptions = {}): Drive {
  const outputs: Output[] = []
  const late: LateEvent[] = []
  const data: CatalogueData = catalogueSchema.parse(options.catalogue ?? {})
  const machine = new Machine({
    rules, catalogue: new Catalogue(data), context: 'test', models: options.models, partitions: options.partitions ?? 1,
    output: (o) => outputs.push(o), late: (l) => late.push(l),
  })
  let ended = false
  const end = () => {
    if (!ended) machine.end()
    ended = true
  }
  const self: Drive = {
    machine,
    feed(...events) {
      for (const e of events) {
        if (e.ip !== undefined && e.place === undefined) e.place = options.places?.[e.ip] ?? { kind: 'public' }
        machine.observe(e)
      }
      return self
    },
    mark(time) {
      machine.passTo(instant(time))
      return self
    },
    warnings() {
      end()
      return outputs.flatMap((o) => (o.kind === 'warning' ? [o.value] : []))
    },
    latest() {
      const last = new Map<string, Warning>()
      for (const w of self.warnings()) last.set(w.id, w)
      return [...last.values()]
    },
    prompts() {
      end()
      return outputs.flatMap((o) => (o.kind === 'prompt' ? [o.value] : []))
    },
    late() {
      end()
      return late
    },
  }
  return self
}
