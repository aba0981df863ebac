import type { z } from 'zod'
import { InvigilError } from '../base/errors.ts'
import { CSV_BEGIN, csvLine, type CsvCell } from '../io/csv.ts'
import { LineReader } from '../io/lines.ts'
import { recordSchema, type LearningRecord } from '../records/record.ts'
import { promptSchema, warningSchema, type Prompt, type Warning } from '../warnings/warning.ts'

/** What can be exported. */
export const EXPORTS = ['warnings', 'records', 'prompts'] as const
export type ExportKind = (typeof EXPORTS)[number]
export const EXPORT_FORMATS = ['csv', 'ndjson'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

export interface ExportOptions {
  kind: ExportKind
  format: ExportFormat
  /** Also revisions that a later one has replaced: whoever adds up rows counts them twice then. */
  everyRevision?: boolean
}

type Columns<T> = Readonly<Record<string, (of: T) => CsvCell>>

// In one cell, as a reader of a spreadsheet sees it.
const list = (items: readonly string[]): string => items.join('; ')
const yesNo = (is: boolean): string => (is ? 'yes' : 'no')
const named = ({ platform, id }: { platform: string; id: string }): string => `${platform}/${id}`
const clock = (seconds: number): string => String(Math.round(seconds * 10) / 10)

const WARNING: Columns<Warning> = {
  id: (w) => w.id, revision: (w) => w.revision, episode: (w) => w.episode, why: (w) => w.why, rule: (w) => w.rule, severity: (w) => w.severity, response: (w) => w.response,
  subject: (w) => w.subject.kind, subject_platform: (w) => w.subject.platform, subject_id: (w) => w.subject.id,
  learners: (w) => list(w.learners.map(named)), institutions: (w) => list(w.institutions), class: (w) => w.class, course: (w) => w.course, chapters: (w) => list(w.chapters),
  begin: (w) => w.begin, end: (w) => w.end, raised: (w) => w.raised,
  disputed_seconds: (w) => Math.round(w.disputed.reduce((sum, d) => sum + d.seconds, 0) * 1000) / 1000,
  disputed: (w) => list(w.disputed.map((d) => `${d.platform}/${d.learner} ${d.chapter} ${d.begin} to ${d.end}`)),
  summary_en: (w) => w.summary.en, summary_zh: (w) => w.summary.zh, basis: (w) => list(w.basis.map((b) => `${b.regulation}/${b.article}`)),
  evidence_events: (w) => list(w.evidence.events), evidence_count: (w) => w.evidence.count, coverage: (w) => w.coverage.state, missing: (w) => w.coverage.missing,
  case: (w) => w.case, detector: (w) => w.detector, rule_version: (w) => w.ruleVersion, context: (w) => w.context, facts: (w) => JSON.stringify(w.facts),
}

const place = (of: { country?: string; province?: string; city?: string } | undefined): string => [of?.country, of?.province, of?.city].filter((p) => p !== undefined).join(' ')

const RECORD: Columns<LearningRecord> = {
  id: (r) => r.id, revision: (r) => r.revision, state: (r) => r.state, kind: (r) => r.kind, platform: (r) => r.platform, learner: (r) => r.learner, account: (r) => r.account,
  class: (r) => r.class, institution: (r) => r.institution, course: (r) => r.course, chapter: (r) => r.chapter, begin: (r) => r.begin, end: (r) => r.end, written: (r) => r.written,
  wall_clock_seconds: (r) => r.wallClock, watched: (r) => list(r.watched.map(([from, to]) => `${clock(from)}-${clock(to)}`)), watched_seconds: (r) => r.union,
  length_seconds: (r) => r.length, completed: (r) => yesNo(r.completed), credited_seconds: (r) => r.credited, sessions: (r) => list(r.sessions),
  login_time: (r) => r.login?.time, login_ip: (r) => r.login?.ip, login_place: (r) => place(r.login?.place),
  ips: (r) => list(r.ips.map((i) => i.ip)), places: (r) => list([...new Set(r.ips.map((i) => place(i.place)).filter((p) => p !== ''))]), devices: (r) => list(r.devices),
  checks_requested: (r) => r.checkCounts.requested, checks_passed: (r) => r.checkCounts.passed, checks_failed: (r) => r.checkCounts.failed,
  checks_unusable: (r) => r.checkCounts.unusable, checks_missed: (r) => r.checkCounts.missed,
  checks: (r) => list(r.checks.map((c) => [c.time, c.outcome ?? 'not told', c.photo].filter((p) => p !== undefined).join(' '))),
  answers: (r) => r.answers.count, answers_correct: (r) => r.answers.correct, first_event: (r) => r.events.first, last_event: (r) => r.events.last, events: (r) => r.events.count,
  coverage: (r) => r.coverage.state, missing: (r) => r.coverage.missing,
}

const PROMPT: Columns<Prompt> = {
  warning: (p) => p.warning, platform: (p) => p.platform, learner: (p) => p.learner, rule: (p) => p.rule, text_en: (p) => p.text.en, text_zh: (p) => p.text.zh,
  text: (p) => list(Object.entries(p.text).filter(([language]) => language !== 'en' && language !== 'zh').map(([language, text]) => `${language}: ${text}`)), raised: (p) => p.raised, until: (p) => p.until,
}

const KINDS = { warnings: { schema: warningSchema, columns: WARNING }, records: { schema: recordSchema, columns: RECORD }, prompts: { schema: promptSchema, columns: PROMPT } }

const ROWS_AT_ONCE = 1000

/** The file in another form, piece by piece. Throws `bad-input` for a line that is not as Invigil writes it, `not-found` and others as `LineReader` does. */
export async function* exportFile(path: string, { kind, format, everyRevision = false }: ExportOptions): AsyncGenerator<string, void, undefined> {
  const { schema, columns } = KINDS[kind] as unknown as { schema: z.ZodType; columns: Columns<unknown> }
  const last = kind === 'prompts' || everyRevision ? undefined : await lastRevisions(path, kind)
  let rows: string[] = []
  const write = (): string => rows.splice(0).join('')
  if (format === 'csv') yield CSV_BEGIN + csvLine(Object.keys(columns))
  for await (const { text, line } of linesOf(path)) {
    const value = parse(path, line, text)
    if (last !== undefined && last.get((value as Revised).id) !== (value as Revised).revision) continue
    if (format === 'ndjson') {
      yield `${text}\n`
      continue
    }
    const parsed = schema.safeParse(value)
    const [issue] = parsed.error?.issues ?? []
    if (issue) throw new InvigilError('bad-input', `\`${path}\`, line ${line}: \`${issue.path.join('.')}\`: ${issue.message.toLowerCase()}; is it ${kind} that is in it?`)
    rows.push(csvLine(Object.values(columns).map((cell) => cell(parsed.data))))
    if (rows.length >= ROWS_AT_ONCE) yield write()
  }
  if (rows.length > 0) yield write()
}

interface Revised {
  id?: unknown
  revision?: unknown
}

/** For each id the revision that counts. */
async function lastRevisions(path: string, kind: ExportKind): Promise<Map<unknown, number>> {
  if (path === '-') throw new InvigilError('usage', 'standard input cannot be read twice, as finding the last revisions takes; name a file, or give `--every-revision`')
  const last = new Map<unknown, number>()
  for await (const { text, line } of linesOf(path)) {
    const { id, revision } = parse(path, line, text) as Revised
    if (typeof id !== 'string' || typeof revision !== 'number') throw new InvigilError('bad-input', `\`${path}\`, line ${line}: no \`id\` and \`revision\`; is it ${kind} that is in it?`)
    if (revision > (last.get(id) ?? 0)) last.set(id, revision)
  }
  return last
}

function parse(path: string, line: number, text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch (cause) {
    throw new InvigilError('bad-input', `\`${path}\`, line ${line}: not JSON; only what Invigil wrote can be exported`, { cause })
  }
  throw new InvigilError('bad-input', `\`${path}\`, line ${line}: not an object; only what Invigil wrote can be exported`)
}

async function* linesOf(path: string): AsyncGenerator<{ text: string; line: number }, void, undefined> {
  const reader = await LineReader.open(path)
  try {
    do {
      while (reader.next()) {
        if (reader.overlong) throw new InvigilError('bad-input', `\`${path}\`, line ${reader.line}: longer than anything that Invigil writes`)
        const text = reader.bytes.toString('utf8', reader.start, reader.end)
        if (text.trim() !== '') yield { text, line: reader.line }
      }
    } while (await reader.fill())
    if (reader.fault) throw reader.fault
  } finally {
    await reader.close()
  }
}
