import { isDeepStrictEqual } from 'node:util'
import { Packr } from 'msgpackr'
import { DAY, MINUTE } from '../base/time.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { DEFAULT_HORIZON } from '../engine/runtime.ts'
import type { Entry } from '../engine/entry.ts'
import type { Machine } from '../engine/machine.ts'
import type { Scorer } from '../engine/ports.ts'
import type { Rule } from '../engine/rule.ts'
import { compileExempt } from '../rules/exempt.ts'
import { parseGiven, type Step } from '../rules/given.ts'
import type { Bundle } from '../rules/load.ts'
import { Event } from '../telemetry/event.ts'
import type { Warning } from '../warnings/warning.ts'
import { at, instant } from './drive.ts'
import { seeded } from './five-platforms.ts'
import { Restarting } from './restarting.ts'

/** One test of a rule, as something to run in many ways. */
export interface Scenario {
  name: string
  rule: Rule
  catalogue: Catalogue
  steps: readonly Step[]
  /** Those that the rule's detector asks. */
  models?: ReadonlyMap<string, Scorer>
}

/** The tests that come with a bundle's rules. */
export function scenariosOf(bundle: Bundle): Scenario[] {
  return bundle.tested.flatMap(({ rule, tests, exempt }) =>
    tests.map((test) => {
      const catalogue = new Catalogue(test.catalogue)
      return { name: `${rule.id}: ${test.it}`, rule: { ...rule, exempt: compileExempt(exempt, catalogue) }, catalogue, steps: parseGiven(test.given, test).steps }
    }),
  )
}

/**
 * A class of learners one of whom sends part of an hour's events too late. It takes hundreds of events, since where a whole
 * platform is late nobody is blamed; no rule file should be so long.
 */
export function lateScenario(rule: Rule): Scenario {
  const steps: Step[] = []
  const beat = (learner: string, minute: number, second: number, id: string) => {
    const clock = `08:${String(minute).padStart(2, '0')}:${String(second).padStart(2, '0')}`
    steps.push({ kind: 'event', event: at(clock, 'heartbeat', learner, 'c1', { id }) })
  }
  const all = (from: number, to: number) => {
    for (let minute = from; minute < to; minute++) for (let l = 0; l < 16; l++) beat(`L${l}`, minute, l, `${minute}`)
  }
  all(0, 30)
  steps.push({ kind: 'mark', time: instant('08:35:00') })
  for (let minute = 0; minute < 25; minute++) beat('L0', minute, 40, `late-${minute}`)
  all(35, 60)
  steps.push({ kind: 'mark', time: instant('09:00:00') }, { kind: 'mark', time: instant('10:30:00') })
  beat('L0', 59, 50, 'late-again')
  steps.push({ kind: 'mark', time: instant('12:00:00') })
  return { name: `${rule.id}: some of a learner's events come too late`, rule, catalogue: new Catalogue(catalogueSchema.parse({})), steps }
}

/** Runs a scenario as its rule test does. */
export function plain(scenario: Scenario, partitions = 1): Restarting {
  return feed(begin(scenario, partitions), scenario.steps)
}

/** What a finished run wrote, one JSON text each. */
export function written(scenario: Scenario): string[] {
  return plain(scenario).end()
}

export function warningsOf(texts: readonly string[]): Warning[] {
  return texts.map((t) => JSON.parse(t) as { kind: string; value: Warning }).flatMap((o) => (o.kind === 'warning' ? [o.value] : []))
}

function begin({ rule, catalogue, models }: Scenario, partitions: number): Restarting {
  return new Restarting({ rules: [rule], catalogue, models, context: 'test', partitions })
}

function feed(run: Restarting, steps: readonly Step[]): Restarting {
  for (const step of steps) {
    if (step.kind === 'mark') run.machine.passTo(step.time)
    else run.observe(step.event)
  }
  return run
}

/** Stopped and started after every event; where something comes late, after every mark, since marks decide what is late. */
export async function restarted(scenario: Scenario): Promise<string[]> {
  const whole = plain(scenario)
  whole.machine.end()
  const onlyAtMarks = whole.late.length > 0
  const run = begin(scenario, 1)
  for (const [i, step] of scenario.steps.entries()) {
    feed(run, [step])
    if (onlyAtMarks && step.kind !== 'mark') continue
    if (!onlyAtMarks) {
      const next = Math.min(...scenario.steps.slice(i + 1).map((s) => (s.kind === 'mark' ? s.time : s.event.time)))
      if (next < Infinity) run.machine.passTo(next)
      else run.machine.mark()
    }
    assertPlain(run.machine, scenario)
    await run.restart()
  }
  return run.end()
}

/** Another order of arrival: within a stretch between two marks, any. */
export function shuffled(scenario: Scenario, seed: number): string[] {
  const random = seeded(seed)
  return feed(begin(scenario, 1), stretches(scenario.steps).flatMap((s) => reordered(s, random))).end()
}

function stretches(steps: readonly Step[]): Step[][] {
  const all: Step[][] = [[]]
  for (const step of steps) {
    if (step.kind === 'mark') all.push([step], [])
    else (all.at(-1) as Step[]).push(step)
  }
  return all
}

function reordered<T>(items: readonly T[], random: () => number): T[] {
  return items.map((item) => ({ item, key: random() })).sort((a, b) => a.key - b.key).map(({ item }) => item)
}

/** Every event twice. */
export function doubled(scenario: Scenario): string[] {
  return feed(begin(scenario, 1), scenario.steps.flatMap((s): Step[] => (s.kind === 'mark' ? [s] : [s, s]))).end()
}

/** Another learner does the same on things of its own; only what concerns the first ones is returned. */
export function accompanied(scenario: Scenario): string[] {
  const own = new Set(scenario.steps.flatMap((s) => (s.kind === 'event' ? [s.event.learner] : [])))
  const theirs = new Set(scenario.steps.flatMap((s) => (s.kind === 'event' && s.event.class !== undefined ? [elsewhere(s.event).class] : [])))
  const steps = scenario.steps.flatMap((s): Step[] => (s.kind === 'mark' ? [s] : [{ kind: 'event', event: elsewhere(s.event) }, s]))
  const texts = feed(begin(scenario, 1), steps).end()
  return texts.filter((t) => {
    const { value } = JSON.parse(t) as { value: { learner?: string; learners?: { id: string }[]; class?: string } }
    // A warning of a class accuses nobody.
    if (value.learners?.length === 0) return !theirs.has(value.class)
    return value.learners ? value.learners.every((l) => own.has(l.id)) : own.has(value.learner as string)
  })
}

const OWN = ['id', 'learner', 'account', 'session', 'device', 'ip', 'class', 'challenge'] as const

function elsewhere(event: Event): Event {
  const copy = Object.assign(new Event(), event)
  for (const field of OWN) if (copy[field] !== undefined) copy[field] = `${copy[field]}-too`
  // Half of the bits apart from the first one's, and from those of all that are near it.
  if (copy.photo !== undefined) copy.photo = copy.photo.replace(/./g, (digit) => (parseInt(digit, 16) ^ 5).toString(16))
  copy.raw = `${event.raw} too`
  return copy
}

const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
const CLIENT = ['session', 'device', 'challenge', 'item', 'account'] as const

/** Ids that a client chooses are given names that plain objects have of their own; what cannot change by that is returned. */
export function renamed(scenario: Scenario): { before: unknown[]; after: unknown[] } {
  const names = new Map<string, string>()
  for (const field of CLIENT) {
    const ids = [...new Set(scenario.steps.flatMap((s) => (s.kind === 'event' ? [s.event[field]] : [])))].filter((x) => x !== undefined)
    // A teacher's account is known by its name.
    ids.filter((id) => !JSON.stringify(scenario.catalogue.data).includes(JSON.stringify(id))).slice(0, NAMES.length).forEach((id, i) => names.set(`${field}/${id}`, NAMES[i] as string))
  }
  const steps = scenario.steps.map((s): Step => {
    if (s.kind === 'mark') return s
    const event = Object.assign(new Event(), s.event)
    for (const field of CLIENT) if (event[field] !== undefined) event[field] = names.get(`${field}/${event[field]}`) ?? event[field]
    return { kind: 'event', event }
  })
  const essence = (texts: string[]) =>
    warningsOf(texts).map((w) => JSON.stringify([w.raised, w.subject.kind, w.begin, w.end, w.revision, w.episode, w.severity, w.learners, w.disputed])).sort()
  return { before: essence(written(scenario)), after: essence(feed(begin(scenario, 1), steps).end()) }
}

const packr = new Packr({ useRecords: false, moreTypes: false })

function assertPlain(machine: Machine, { name }: Scenario): void {
  const entries: Entry[] = machine.learners.flatMap((t) => [...t.parts.values()].flatMap((p) => [...p.learners.values()]))
  for (const task of machine.resources) entries.push(...task.entries())
  for (const { refs, rares } of entries) {
    const state = { refs, rares }
    if (!isDeepStrictEqual(packr.unpack(packr.pack(state)), state)) throw new Error(`state that msgpack does not carry, in ${name}: ${JSON.stringify(state)}`)
  }
}

/** Keys in memory once every horizon has passed and was swept. */
export function leftOver(scenario: Scenario): { learners: number; resources: number } {
  const { machine } = plain(scenario)
  machine.end()
  const { horizon } = scenario.rule.detector
  const closes = scenario.catalogue.data.classes.map((c) => scenario.catalogue.class(c.platform, c.id)?.closes ?? 0)
  const [from, wait] = horizon === 'class' ? [Math.max(machine.timekeeper.newestTime, ...closes), 91 * DAY] : [machine.timekeeper.newestTime, Math.max(horizon ?? 0, DEFAULT_HORIZON)]
  // A resource is last seen when its learner leaves it, ten minutes after the last event.
  machine.passTo(Math.max(from, machine.timekeeper.resourceWatermark) + 20 * MINUTE + wait + 1)
  for (const task of [...machine.learners, ...machine.resources]) task.sweep()
  return machine.keys()
}

/** What is wrong with the revisions of the warnings, if anything: they count from 1 without gaps and stop when the episode ends. */
export function brokenRevisions(warnings: readonly Warning[]): string[] {
  const last = new Map<string, Warning>()
  const broken: string[] = []
  for (const w of warnings) {
    const before = last.get(w.id)
    if (w.revision !== (before?.revision ?? 0) + 1) broken.push(`revision ${w.revision} of ${w.id} follows ${before?.revision ?? 'none'}`)
    if (before?.episode === 'ended') broken.push(`revision ${w.revision} of ${w.id} follows its end`)
    last.set(w.id, w)
  }
  return broken
}
