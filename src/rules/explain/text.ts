import { canonicalJson } from '../../base/hash.ts'
import { formatTime, type Ms } from '../../base/time.ts'
import type { ConditionTree } from './condition.ts'
import type { ExplainedFinding, ExplainedSighting, Explanation, Seen } from './index.ts'

/** Longer lists are cut: the beginning tells. */
const MOST_LINES = 30

/** An explanation as a tree of lines. */
export function explanationText(e: Explanation): string {
  return [
    ...(e.sightings ? sightingLines(e.sightings, e) : []),
    ...eventLines(e),
    ...(e.events.length === 0 ? [] : findingLines(e.findings)),
    ...e.notEvaluable.map(({ platform, reason, times }) => `not evaluable on ${platform === '' ? 'any platform' : platform}: ${reason}${times === undefined ? '' : ` (${times} times)`}`),
    ...e.nearMisses.map(({ param, is, would }) => `near: it would pass with \`${param}\` at \`${would}\` (it is \`${is}\`)`),
  ].join('\n')
}

interface Row {
  what: string
  why: string
  more: string[]
}

function eventLines({ events, watches, detector, sightings }: Explanation): string[] {
  // Of a rule on resources, only what never became a sighting is told by event.
  const told = sightings ? events.filter((e) => e.seen !== 'seen') : events
  const seen = events.filter((e) => e.seen === 'seen' || e.seen === 'seen late').length
  const heads = sightings ? [] : [events.length === 0 ? 'nothing happened: `given` has no event' : `saw ${seen} of ${events.length} events:`]
  const rows = told.map((e): Row => ({
    what: `${e.id} ${clock(e.time)} ${e.action} ${e.learner}`, why: `${SEEN[e.seen]}${e.seen === 'not watched' ? `: \`${detector}\` watches ${watches.join(', ')}` : ''}`,
    more: [...(e.scope ? conditionLines(e.scope, '`scope`') : []), ...(e.conditions ?? []).flatMap((c) => conditionLines(c))],
  }))
  return [...heads, ...rowLines(rows)]
}

const SEEN: Readonly<Record<Seen, string>> = {
  seen: 'seen', 'seen late': 'came after its platform\'s watermark; seen as late', late: 'came after its platform\'s watermark, so that the rule does not see it',
  rejected: 'rejected: over 5 minutes ahead of `received`', duplicate: 'the same event again: taken once', 'not watched': 'not watched', 'out of scope': 'out of scope',
}

function sightingLines(sightings: readonly ExplainedSighting[], { watches }: Explanation): string[] {
  const head = sightings.length === 0 ? `saw no ${watches.join(', ')}: no event led to one` : `saw ${sightings.filter((s) => s.seen === 'seen').length} of ${sightings.length} sightings:`
  return [head, ...rowLines(sightings.map((s) => ({ what: `${clock(s.time)} ${s.learner} ${s.kind} ${s.resource} ${s.id}`, why: s.seen, more: (s.conditions ?? []).flatMap((c) => conditionLines(c)) })))]
}

/** A line for each, but one for a run of those that went the same way. */
function rowLines(rows: readonly Row[]): string[] {
  const lines: string[] = []
  for (let i = 0; i < rows.length; ) {
    const row = rows[i] as Row
    let next = i + 1
    while (next < rows.length && rows[next]?.why === row.why && canonicalJson(rows[next]?.more) === canonicalJson(row.more)) next++
    const more = next - i - 1
    lines.push(`  ${row.what}${more === 0 ? '' : ` and ${more} more`}: ${row.why}`, ...row.more.map((l) => `    ${l}`))
    i = next
  }
  return lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES), `  … and ${lines.length - MOST_LINES} lines more`] : lines
}

function findingLines(findings: readonly ExplainedFinding[]): string[] {
  if (findings.length === 0) return ['the detector found nothing']
  const lines = findings.flatMap((f) => [
    `  ${clock(f.at)} ${f.subject.kind} ${f.subject.id} ${f.episode}: ${f.outcome}; ${canonicalJson(f.facts)}`,
    ...(f.unless ? conditionLines(f.unless, '`unless`').map((l) => `    ${l}`) : []),
  ])
  return ['the detector found:', ...(lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES), `  … and ${lines.length - MOST_LINES} lines more`] : lines)]
}

/** The tree of a condition: what each part gives, and the values that it looks at. */
export function conditionLines(tree: ConditionTree, name?: string): string[] {
  const values = tree.values.map(({ path, value }) => `${path} is ${value === undefined ? 'absent' : canonicalJson(value)}`).join(', ')
  const is = tree.is === 'fails' ? 'fails, which counts as not met' : tree.is === 'unknown' ? 'not known, so that it is not judged' : String(tree.is)
  return [`${name ? `${name} is ${is}: ` : ''}${tree.text}${name ? '' : `: ${is}`}${values ? ` (${values})` : ''}`, ...tree.parts.flatMap((p) => conditionLines(p).map((l) => `  ${l}`))]
}

/** `08:00:10` of a time that has no smaller parts. */
function clock(ms: Ms): string {
  return formatTime(ms).slice(11, -1).replace(/\.000$/, '')
}
