import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { printable } from '../../base/printable.ts'
import { CSV_BEGIN, csvLine, type CsvCell } from '../../io/csv.ts'
import { fileError } from '../../io/file-error.ts'
import { SEVERITIES } from '../../warnings/warning.ts'
import { FIGURES, type Figures } from './figures.ts'
import type { MakeSink } from './make.ts'
import type { BadLine } from './read.ts'
import type { Audit, AuditClass, AuditLearner, AuditRow } from './report.ts'

/** The files of an audit. */
export const AUDIT_FILES = { json: 'audit.json', html: 'audit.html', learners: 'learners', classes: 'classes.csv', differing: 'differing', rejects: 'rejects.csv' } as const

const BUFFER = 1 << 18
/** A file of another kind has nothing but bad lines; so many are listed. */
const MOST_REJECTS = 100_000

/** A text file that takes its name only when it is whole. */
class Growing {
  private readonly path: string
  private readonly fd: number
  private parts: string[] = []
  private size = 0

  constructor(path: string, head = '') {
    this.path = path
    this.fd = attempt(path, () => openSync(`${path}.new`, 'w'))
    this.add(head)
  }

  add(text: string): void {
    this.parts.push(text)
    this.size += text.length
    if (this.size >= BUFFER) this.flush()
  }

  end(): void {
    this.flush()
    attempt(this.path, () => {
      closeSync(this.fd)
      renameSync(`${this.path}.new`, this.path)
    })
  }

  abandon(): void {
    closeSync(this.fd)
    rmSync(`${this.path}.new`, { force: true })
  }

  private flush(): void {
    const bytes = Buffer.from(this.parts.join(''))
    this.parts = []
    this.size = 0
    attempt(this.path, () => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at)
    })
  }
}

function attempt<T>(path: string, call: () => T): T {
  try {
    return call()
  } catch (e) {
    throw fileError(path, e as NodeJS.ErrnoException)
  }
}

/** The output folder of an audit: lists grow while it goes on, and all files appear at its end. Errors: `io`, `disk-full`, `usage`. */
export class AuditFolder implements MakeSink {
  private readonly dir: string
  private readonly hour: number
  private readonly lists: Record<'learnersCsv' | 'learners' | 'differingCsv' | 'differing' | 'rejects', Growing>
  private rejected = 0

  /** `hour`: seconds of a class hour, in which the CSV files count. */
  constructor(dir: string, hour: number) {
    this.dir = dir
    this.hour = hour
    attempt(dir, () => mkdirSync(dir, { recursive: true }))
    const list = (name: string, head: readonly string[] = []): Growing => new Growing(join(dir, name), head.length === 0 ? '' : `${CSV_BEGIN}${csvLine(head)}`)
    this.lists = {
      learnersCsv: list(`${AUDIT_FILES.learners}.csv`, ['platform', 'learner', 'class', 'institution', ...hoursHead, ...SEVERITIES.map((s) => `warnings_${s}`), 'reasons_en', 'reasons_zh']),
      learners: list(`${AUDIT_FILES.learners}.ndjson`),
      differingCsv: list(`${AUDIT_FILES.differing}.csv`, ['platform', 'learner', 'class', 'institution', 'course', 'chapter', 'verdict', 'why', 'missing', ...hoursHead, 'sittings', 'rules']),
      differing: list(`${AUDIT_FILES.differing}.ndjson`),
      rejects: list(AUDIT_FILES.rejects, ['file', 'line', 'reason', 'message', 'text']),
    }
  }

  learner(l: AuditLearner): void {
    const say = (language: 'en' | 'zh'): string => l.reasons.map((r) => r.words[language]).join(' | ')
    this.lists.learnersCsv.add(csvLine([l.platform, l.learner, l.class, l.institution, ...this.hours(l), ...SEVERITIES.map((s) => l.warnings[s]), say('en'), say('zh')]))
    this.lists.learners.add(`${JSON.stringify(l)}\n`)
  }

  differing(r: AuditRow): void {
    this.lists.differingCsv.add(csvLine([r.platform, r.learner, r.class, r.institution, r.course, r.chapter, r.verdict, r.why, r.missing, ...this.hours(r), r.sittings, r.rules.join(' ')]))
    this.lists.differing.add(`${JSON.stringify(r)}\n`)
  }

  reject({ file, line, reason, message, text }: BadLine): void {
    if (++this.rejected <= MOST_REJECTS) this.lists.rejects.add(csvLine([file, line, reason, message, printable(text)]))
    else if (this.rejected === MOST_REJECTS + 1) this.lists.rejects.add(csvLine([undefined, undefined, 'more', 'there are more; the counts are in audit.json']))
  }

  /** Writes what is known at the end, and gives all files their names; returns these. */
  finish(report: Audit, page: string): string[] {
    for (const list of Object.values(this.lists)) list.end()
    const whole: [string, string][] = [
      [AUDIT_FILES.json, `${JSON.stringify(report, null, 2)}\n`],
      [AUDIT_FILES.classes, this.classes(report.classes)],
      [AUDIT_FILES.html, page],
    ]
    for (const [name, text] of whole) {
      const path = join(this.dir, name)
      attempt(path, () => {
        writeFileSync(`${path}.new`, text)
        renameSync(`${path}.new`, path)
      })
    }
    const { learners, differing, classes, rejects, json, html } = AUDIT_FILES
    return [html, json, `${learners}.csv`, `${learners}.ndjson`, classes, `${differing}.csv`, `${differing}.ndjson`, rejects].map((name) => join(this.dir, name))
  }

  /** Leaves nothing half written behind. */
  abandon(): void {
    for (const list of Object.values(this.lists)) list.abandon()
  }

  private classes(classes: readonly AuditClass[]): string {
    const money = ['claimed', 'proven', 'disputed', 'unproven', 'notEvaluable'] as const
    const head = ['platform', 'class', 'institution', 'learners', 'warned', ...hoursHead, ...money.map((m) => `${snake(m)}_amount`), 'reasons_en', 'reasons_zh']
    const lines = classes.map((c) => csvLine([
      c.platform, c.class, c.institution, c.learners, c.warned, ...this.hours(c), ...money.map((m) => c.money?.[m]), ...(['en', 'zh'] as const).map((l) => c.reasons.map((r) => r.words[l]).join(' | ')),
    ]))
    return `${CSV_BEGIN}${csvLine(head)}${lines.join('')}`
  }

  private hours(figures: Figures): CsvCell[] {
    return FIGURES.map((name) => Math.round((1000 * figures[name]) / this.hour) / 1000)
  }
}

const hoursHead = FIGURES.map((name) => `${snake(name)}_hours`)

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)
}
