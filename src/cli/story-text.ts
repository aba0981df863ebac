import { formatTime } from '../base/time.ts'
import { commonFields, type Story } from '../pipeline/evidence/story.ts'
import { printable, width, wrap } from './text.ts'

interface Surroundings {
  /** Columns of the terminal; without it lines are as long as they are. */
  columns?: number
  bold: (text: string) => string
}

/** The story of a warning as text for a terminal. */
export function writeStory(story: Story, { columns = Infinity, bold }: Surroundings): string {
  const parts: [title: string, lines: readonly string[]][] = [
    ['', headLines(story)],
    ['What happened', [story.warning.summary.en, story.warning.summary.zh, ...missingLine(story)]],
    ['Measured, and the limit', table(story.measures.map((m) => [m.name, String(m.value), String(m.limit)]))],
    ['How it grew', table(growth(story))],
    ['Not to be credited', table(story.warning.disputed.map((d) => [d.platform === story.warning.subject.platform ? d.learner : `${d.platform}/${d.learner}`, d.chapter, d.begin, d.end, `${d.seconds} s`]))],
    [restsOn(story), eventLines(story)],
    ['What speaks for it, as the model sees it', table((story.warning.reasons ?? []).map((r) => [r.feature, String(r.value), `usual ${r.usual.join(' to ')}`, `weight ${r.weight}`]))],
    ['Legal ground', story.articles.flatMap((a) => [`${a.id}: ${a.en}`, a.zh])],
    ['The rule', [`${story.rule.title}: ${story.rule.description}`, `detector ${story.rule.detector}: ${story.rule.summary}`, ...table(story.params.map((p) => [`  ${p.name}`, p.value, p.means]))]],
    ['Honest behaviour that looks like this', story.rule.falsePositives.map((f) => `- ${f}`)],
    ['What a reviewer does', story.rule.next === undefined ? [] : [story.rule.next]],
    ['Where it comes from', originLines(story)],
  ]
  return parts
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => `${title === '' ? '' : `${bold(title)}\n`}${lines.map((line) => `${wrap(`${title === '' ? '' : '  '}${printable(line)}`, columns)}\n`).join('')}`)
    .join('\n')
}

function headLines({ warning: w, revisions, rule }: Story): string[] {
  const { subject } = w
  const who = `${subject.kind} ${subject.platform === '' ? '' : `${subject.platform}/`}${subject.id}`
  const others = w.learners.filter((l) => !(subject.kind === 'learner' && l.id === subject.id && l.platform === subject.platform))
  return [
    `${w.rule}: ${rule.title}`,
    `warning ${w.id}, revision ${w.revision}${revisions.length > 1 ? ` of ${revisions.length}` : ''}, ${w.episode}${w.why === undefined ? '' : `: ${w.why}`}`,
    `severity ${w.severity}, response ${w.response}`,
    [who, ...(w.class === undefined ? [] : [`class ${w.class}`]), ...(w.course === undefined ? [] : [`course ${w.course}`]), ...w.institutions.map((i) => `institution ${i}`)].join(', '),
    ...(others.length > 0 ? [`learners ${others.map((l) => `${l.platform}/${l.id}`).join(', ')}`] : []),
    `from ${w.begin} to ${w.end}`,
  ]
}

function missingLine({ warning: { coverage } }: Story): string[] {
  return coverage.state === 'full' ? [] : [`judged in part: ${coverage.missing ?? 'something was missing'}`]
}

function growth({ revisions }: Story): string[][] {
  return revisions.map(({ warning: w, news }) => [String(w.revision), w.raised, w.episode, news.map(({ fact, value }) => `${fact} ${plain(value)}`).join(', ') || 'as before'])
}

function restsOn({ warning: { evidence }, events }: Story): string {
  const named = events.filter((e) => e.named).length
  return `What it rests on (${named === evidence.count ? `${named}` : `${named} of ${evidence.count}`} ${evidence.count === 1 ? 'event' : 'events'}${events.length > named ? `; ${events.length - named} others in its time are in --json` : ''})`
}

function eventLines({ events, warning }: Story): string[] {
  const named = events.filter((e) => e.named)
  const { common, own } = commonFields(named)
  const isOne = warning.learners.length === 1
  const written = (pairs: readonly (readonly [string, string])[]): string => pairs.map(([name, value]) => `${name}=${value}`).join(' ')
  return [
    ...(common.length > 0 ? [`all with ${written(common)}`] : []),
    ...table(named.map((e) => [formatTime(e.time), ...(isOne ? [] : [e.learner]), e.action, e.id, written(own(e))])),
  ]
}

function originLines({ about, warning }: Story): string[] {
  return [
    ...about.inputs.map((i) => `${i.name}, ${i.bytes} bytes, SHA-256 ${i.sha256}`),
    `rule version ${warning.ruleVersion}, context ${warning.context}, Invigil ${about.version}`,
  ]
}

/** A fact as a person reads it: lists and objects without quotes around every word. */
function plain(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : `[${value.map(plain).join(', ')}]`
  if (typeof value === 'object' && value !== null) return `{${Object.entries(value).map(([k, v]) => `${k} ${plain(v)}`).join(', ')}}`
  return String(value)
}

/** Rows with their columns below each other; the last is as wide as it is. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((r) => width(printable(r[i] ?? '')))))
  return rows.map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(printable(cell)))))).join('  ').trimEnd())
}
