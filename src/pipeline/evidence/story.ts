import { z } from 'zod'
import { invariant } from '../../base/errors.ts'
import { formatDuration, parseTime, type Ms } from '../../base/time.ts'
import { FIELDS, type Event, type Field } from '../../telemetry/event.ts'
import type { Warning } from '../../warnings/warning.ts'
import { contextNamed, openContexts } from './contexts.ts'
import type { About, Evidence } from './evidence.ts'
import { EvidenceDecoder } from './judge.ts'

/** An event as a person reads it. */
export interface StoryEvent {
  time: Ms
  /** Minutes east of UTC that the platform wrote it with. */
  offset: number
  id: string
  platform: string
  learner: string
  action: string
  /** What the platform gave with it. */
  fields: Partial<Record<Field, string | number | boolean>>
  /** It is one of those that the warning names. */
  named: boolean
}

/** A number that was measured, beside the one that it must not pass. */
export interface Measure {
  name: string
  value: number | string
  limit: number | string
}

/** What each revision of a warning said, and what was new in it. */
export interface StoryRevision {
  warning: Warning
  /** Facts that it has and the revision before had otherwise. */
  news: { fact: string; value: unknown }[]
}

/** One warning, with all that it takes to understand it. */
export interface Story {
  about: About
  revisions: StoryRevision[]
  /** The last revision: the whole truth. */
  warning: Warning
  rule: { title: string; description: string; next?: string; falsePositives: readonly string[]; detector: string; summary: string }
  params: { name: string; value: string; means: string }[]
  articles: { id: string; title: { en: string; zh: string }; en: string; zh: string }[]
  measures: Measure[]
  /** Those whom it names, in the order of time, from its beginning to its end; and all of the events that it names. */
  events: StoryEvent[]
}

// What says who and how the page was used is told once, not with each event.
const SILENT: ReadonlySet<Field> = new Set<Field>(['received', 'agent', 'length', 'video', 'course', 'class'])

/** The story of the warning that evidence is for, as this version's rules and detectors tell it. */
export async function storyOf(evidence: Evidence): Promise<Story> {
  const warnings = evidence.revisions.map((line) => JSON.parse(line) as Warning)
  const warning = warnings.at(-1) as Warning
  const bundle = contextNamed(await openContexts(evidence), warning.context)?.bundle
  invariant(bundle !== undefined, `the context of the warning is not in its evidence`)
  const described = bundle.described.find((d) => d.input.rule === warning.rule)
  return {
    about: evidence.about, warning,
    revisions: warnings.map((w, i) => ({ warning: w, news: newsOf(w, warnings[i - 1]) })),
    rule: {
      title: described?.input.title ?? warning.rule, description: described?.input.description ?? '', falsePositives: described?.input.falsePositives ?? [],
      ...(described?.input.next === undefined ? {} : { next: described.input.next }), detector: warning.detector, summary: described?.rule.detector.summary ?? '',
    },
    params: described === undefined ? [] : paramsOf(described.rule),
    articles: warning.basis.flatMap(({ regulation, article }) => {
      const found = bundle.regulations.get(regulation)
      const text = found?.articles.find((a) => a.id === article)
      return found && text ? [{ id: `${regulation}/${article}`, title: found.title, en: text.en, zh: text.zh }] : []
    }),
    measures: measuresOf(warning, described?.rule.params ?? {}),
    events: eventsOf(evidence, warnings),
  }
}

type StoryBundle = NonNullable<ReturnType<Awaited<ReturnType<typeof openContexts>>['get']>>['bundle']

/** The fields that all events of a list have alike, to be told once, and what each has besides. Of one event nothing is told apart. */
export function commonFields(events: readonly StoryEvent[]): { common: [name: string, value: string][]; own: (event: StoryEvent) => [name: string, value: string][] } {
  const pairs = ({ fields }: StoryEvent): [string, string][] => Object.entries(fields).map(([name, value]) => [name, String(value)])
  const [first, ...more] = events
  const common = first === undefined || more.length === 0 ? [] : pairs(first).filter(([name, value]) => more.every((e) => String(e.fields[name as Field]) === value))
  const names = new Set(common.map(([name]) => name))
  return { common, own: (event) => pairs(event).filter(([name]) => !names.has(name)) }
}

function newsOf({ facts }: Warning, before: Warning | undefined): StoryRevision['news'] {
  return Object.entries(facts)
    .filter(([fact, value]) => JSON.stringify(value) !== JSON.stringify(before?.facts[fact]))
    .map(([fact, value]) => ({ fact, value }))
}

function paramsOf({ detector, params }: StoryBundle['rules'][number]): Story['params'] {
  const { properties = {} } = z.toJSONSchema(detector.params as z.ZodObject, { io: 'input', unrepresentable: 'any' }) as { properties?: Record<string, { default?: unknown; description?: string }> }
  return Object.entries(params).map(([name, value]) => {
    // A default in quotes such as `45s` tells that a number is a length of time.
    const isDuration = typeof value === 'number' && typeof properties[name]?.default === 'string'
    return { name, value: isDuration ? formatDuration(value) : typeof value === 'string' ? value : JSON.stringify(value), means: properties[name]?.description ?? '' }
  })
}

/**
 * What was measured beside its limit: detectors name the limit of `x` `limitX` among their facts, or `limit` where there is one; signs of a
 * program bring what is usual; a model's score has the rule's `threshold`.
 */
export function measuresOf({ facts }: Pick<Warning, 'facts'>, params: Readonly<Record<string, unknown>>): Measure[] {
  const measures: Measure[] = []
  const isNumber = (v: unknown): v is number => typeof v === 'number'
  for (const [name, limit] of Object.entries(facts)) {
    if (!/^limit([A-Z]|$)/.test(name) || !isNumber(limit)) continue
    const what = name.slice('limit'.length)
    const own = what === '' ? ['seconds', 'count'] : [what[0]?.toLowerCase() + what.slice(1)]
    const measured = own.find((n) => isNumber(facts[n])) ?? Object.keys(facts).find((n) => what !== '' && n !== name && n.endsWith(what) && isNumber(facts[n]))
    if (measured !== undefined) measures.push({ name: measured, value: facts[measured] as number, limit })
  }
  for (const sign of Array.isArray(facts.signs) ? (facts.signs as Record<string, unknown>[]) : []) {
    if (isNumber(sign.value) && isNumber(sign.usual)) measures.push({ name: String(sign.sign), value: sign.value, limit: sign.usual })
  }
  if (isNumber(facts.score) && isNumber(params.threshold)) measures.push({ name: 'score', value: facts.score, limit: params.threshold })
  return measures
}

function eventsOf(evidence: Evidence, warnings: readonly Warning[]): StoryEvent[] {
  const ids = new Set(warnings.flatMap((w) => w.evidence.events))
  const people = new Set(warnings.flatMap((w) => w.learners.map((l) => `${l.platform}\u0000${l.id}`)))
  const last = warnings.at(-1) as Warning
  const [begin, end] = [parseTime(last.begin) as Ms, parseTime(last.end) as Ms]
  const decoder = new EvidenceDecoder(evidence)
  const events: StoryEvent[] = []
  const seen = new Set<string>()
  const take = (e: Event) => {
    const isOne = people.has(`${e.platform}\u0000${e.learner}`)
    const named = ids.has(e.id) && (isOne || people.size === 0)
    const name = `${e.platform}\u0000${e.learner}\u0000${e.id}\u0000${e.time}`
    if ((!named && !(isOne && e.time >= begin && e.time <= end)) || seen.has(name)) return
    seen.add(name)
    events.push(storyEvent(e, named))
  }
  evidence.events.forEach((record, n) => take(decoder.event(record, n).read()))
  evidence.others.forEach((record, n) => take(decoder.other(record, n).read()))
  return events.sort((a, b) => a.time - b.time)
}

function storyEvent(e: Event, named: boolean): StoryEvent {
  const fields: StoryEvent['fields'] = {}
  for (const name of FIELDS) {
    const value = (e as unknown as Record<Field, string | number | boolean | undefined>)[name]
    if (value !== undefined && !SILENT.has(name)) fields[name] = value
  }
  return { time: e.time, offset: e.offset, id: e.id, platform: e.platform, learner: e.learner, action: e.action, fields, named }
}
