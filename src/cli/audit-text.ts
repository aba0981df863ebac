import type { Audit } from '../pipeline/audit/report.ts'
import { ofClaims, type Figures } from '../pipeline/audit/figures.ts'
import { FIGURE_WORDS, hoursText, missingWords, percent, VERDICT_WORDS, WHY_WORDS } from '../pipeline/audit/words.ts'
import { ROW_VERDICTS } from '../pipeline/audit/compare.ts'
import { table } from './table.ts'
import { clip, printable, width, wrap } from './text.ts'

const SHOWN = ['claimed', 'proven', 'disputed', 'unproven', 'notEvaluable', 'unclaimed'] as const satisfies readonly (keyof Figures)[]
const MOST = 10
const LONGEST_NAME = 40

/** An audit in a terminal, `columns` wide. */
export function auditText(a: Audit, files: readonly string[], columns = Infinity): string {
  const hours = (f: Figures): string[] => SHOWN.map((name) => hoursText(ofClaims(f)[name], a.hour))
  const heads = SHOWN.map((name) => FIGURE_WORDS[name].en)
  const name = (text: string | undefined): string => clip(printable(text ?? '-'), LONGEST_NAME)
  const list = (title: string, rows: string[][]): string[] => (rows.length === 0 ? [] : ['', ...fitting([title, 'learners', ...heads], rows.slice(0, MOST), columns), ...more(rows.length)])
  const { claims, records, warnings } = a.sources
  const lines = [
    `class hours of ${a.hour / 60} min`,
    ...table(['', 'learners', ...heads], [['all', String(a.totals.learners), ...hours(a.totals)]]),
    ...(a.totals.claimed === 0 ? [] : [`of what is claimed ${percent((a.totals.proven - a.totals.unclaimed) / a.totals.claimed)} is proven, ${percent(a.totals.disputed / a.totals.claimed)} disputed, ${percent(a.totals.unproven / a.totals.claimed)} unproven, ${percent(a.totals.notEvaluable / a.totals.claimed)} not evaluable`]),
    ...list('platform', a.platforms.map((p) => [name(p.platform), String(p.learners), ...hours(p)])),
    ...list('institution', a.institutions.map((i) => [name(i.institution), String(i.learners), ...hours(i)])),
    '',
    `rows: ${ROW_VERDICTS.map((v) => `${a.totals.rows[v]} ${VERDICT_WORDS[v].en}`).join(', ')}`,
    `abnormal: ${a.abnormal.classes.total} of ${a.classes.length} classes, ${a.abnormal.learners.total} of ${a.totals.learners} learners`,
    ...a.abnormal.classes.first.slice(0, MOST).flatMap((c) => [`  class ${name(c.platform)}/${name(c.class)}`, ...c.reasons.map((r) => `    ${r.words.en}`)]),
    ...a.abnormal.learners.first.slice(0, MOST).flatMap((l) => [`  learner ${name(l.platform)}/${name(l.learner)}`, ...l.reasons.map((r) => `    ${r.words.en}`)]),
    ...a.notEvaluable.slice(0, MOST).map((n) => `not evaluable on ${name(n.platform)}: ${hoursText(n.seconds, a.hour)} class hours, since ${WHY_WORDS[n.why].en}${n.missing === undefined || n.missing === '' ? '' : ` (${name(missingWords(n.missing).en)})`}`),
    `read: ${records.read} records of ${records.sittings} sittings, ${claims.rows} rows of claims${warnings === undefined ? ', no warnings: nothing is disputed' : `, ${warnings.standing} standing warnings`}`,
    ...(records.bad + claims.bad + (warnings?.bad ?? 0) === 0 ? [] : [`not taken: ${Object.entries(a.sources.rejects).map(([reason, n]) => `${n} ${reason}`).join(', ')}`]),
    ...(claims.ignored.length === 0 ? [] : [`columns that mean nothing here: ${claims.ignored.map((c) => `\`${name(c)}\``).join(', ')}`]),
    ...(files.length === 0 ? [] : ['', `written: ${files.join(', ')}`]),
  ]
  return lines.map((line) => `${wrap(line, columns)}\n`).join('')
}

function more(count: number): string[] {
  return count > MOST ? [`… and ${count - MOST} more`] : []
}

/** A table without its last columns, where it would be too wide with them: all of it is in the files. */
function fitting(names: readonly string[], rows: readonly string[][], columns: number): string[] {
  const lines = table(names, rows)
  return names.length < 3 || lines.every((line) => width(line) <= columns) ? lines : fitting(names.slice(0, -1), rows.map((r) => r.slice(0, -1)), columns)
}
