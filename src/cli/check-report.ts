import { parseDuration } from '../base/time.ts'
import type { CheckReport, Finding, Lack, PlatformReport } from '../pipeline/check/report.ts'
import { percent, spanText } from '../pipeline/check/words.ts'
import { n } from './report.ts'
import { table } from './table.ts'
import { clip, printable, width } from './text.ts'

interface Surroundings {
  columns: number
  /** Files that were written. */
  written: readonly string[]
}

/** A line that is broken at spaces; or one that is cut, since its columns matter. */
type Line = string | { readonly cut: string }

/** So many names of files stand at the top. */
const MOST_FILES = 3
const LEVELS = { mend: 'MEND ', doubt: 'doubt', note: 'note ' } as const
const MOST_NAMED = 6
const MOST_VERBS = 12

/** What `invigil check` found, as text: first what is to be done. */
export function writeCheck(report: CheckReport, { columns, written }: Surroundings): string {
  const lines: Line[] = [
    ...logLines(report), '',
    ...titled('WHAT TO LOOK AT', report.findings.flatMap(findingLines)),
    ...titled('RULES', ruleLines(report)),
    ...titled('WHAT TO ADD, so that more can be judged', report.lacks.flatMap((lack) => lackLines(lack, report.platforms.length))),
    ...report.platforms.flatMap((p) => [...titled(`PLATFORM ${p.id}`, platformLines(p))]),
    ...written.map((file) => `written: ${file}`),
  ]
  while (lines.at(-1) === '') lines.pop()
  return lines.map((line) => `${typeof line === 'string' ? fold(printable(line), columns) : clip(printable(line.cut), columns)}\n`).join('')
}

function titled(title: string, lines: readonly Line[]): Line[] {
  return lines.length === 0 ? [] : [title, ...lines, '']
}

function logLines({ log, platforms }: CheckReport): Line[] {
  const sum = (list: readonly { count: number }[]): number => list.reduce((total, { count }) => total + count, 0)
  const lines: Line[] = [`${log.files.length > MOST_FILES ? `${log.files[0]} and ${log.files.length - 1} other files` : log.files.join(', ')}: ${n(log.lines, 'record')}, ${n(log.events, 'event')}, ${sum(log.ignored)} ignored, ${sum(log.rejected)} rejected, ${log.blank} blank`]
  if (log.first !== undefined && log.peak) lines.push(`  from ${log.first} to ${log.last as string}, at most ${n(log.peak.events, 'event')} in a second (${log.peak.second})`)
  if (platforms.length > 1) lines.push(`  ${n(platforms.length, 'platform')}: ${platforms.map((p) => `${p.id} (${p.events})`).join(', ')}`)
  if (log.ignored.length > 0) {
    const named = log.ignored.slice(0, MOST_VERBS).map(({ verb, count }) => `${verb} ${count}`)
    lines.push(`  ignored, since Invigil has no use for them: ${named.join(', ')}${log.ignored.length > MOST_VERBS ? ` and ${log.ignored.length - MOST_VERBS} more` : ''}`)
  }
  for (const { reason, count, examples } of log.rejected) {
    lines.push(`  rejected \`${reason}\`: ${count}`)
    for (const { file, line, message, text } of examples) lines.push(`    ${file}:${line}: ${message}`, { cut: `      ${text}` })
  }
  return lines
}

function findingLines({ level, platform, says, mend }: Finding): string[] {
  return [`  ${LEVELS[level]}  ${platform === undefined ? '' : `${platform}: `}${says.en}`, ...(mend ? [`           → ${mend.en}`] : [])]
}

function ruleLines({ rules, platforms }: CheckReport): Line[] {
  if (platforms.length === 0) return []
  const cell = { judged: 'yes', 'in part': 'in part', 'not evaluable': 'NO' } as const
  const named = platforms.slice(0, MOST_NAMED).map((p) => p.id)
  const rows = rules.map((r) => [r.rule, ...named.map((id) => cell[r.platforms.find((p) => p.platform === id)?.state ?? 'not evaluable'])])
  const all = table(['can be judged', ...named.map((id) => clip(id, 16))], rows, []).map((line) => ({ cut: `  ${line}` }))
  return [...all, ...(platforms.length > MOST_NAMED ? [`  and ${platforms.length - MOST_NAMED} more platforms, in the JSON`] : [])]
}

function lackLines({ says, add, platforms, rules, partly }: Lack, all: number): Line[] {
  const on = all === 1 ? '' : ` (${platforms.length === all ? 'all platforms' : platforms.slice(0, MOST_NAMED).join(', ')}${platforms.length < all && platforms.length > MOST_NAMED ? ', …' : ''})`
  const lines: Line[] = [`  * ${says.en}${on}`]
  if (rules.length > 0) lines.push(`    lets judge: ${rules.join(', ')}`)
  if (partly.length > 0) lines.push(`    lets judge more: ${partly.join(', ')}`)
  return [...lines, ...(add?.split('\n').map((line) => ({ cut: `      ${line}` })) ?? [])]
}

function platformLines(p: PlatformReport): Line[] {
  const { clock, ids, heartbeat: h, sizes } = p
  const sized = Object.entries(sizes).filter(([, { count }]) => count > 0).map(([thing, { count, exact }]) => `${exact ? '' : 'about '}${count} ${plural(thing, count)}`)
  return [
    `  ${n(p.events, 'event')}: ${Object.entries(p.actions).sort(([, a], [, b]) => b - a).map(([action, count]) => `${action} ${count}`).join(', ')}`,
    `  ${sized.join(', ')}`,
    `  from ${clock.first} to ${clock.last}, ${n(clock.days, 'day')}; offsets ${clock.zones.slice(0, 4).map((z) => `${z.offset} (${percent(z.events / p.events)})`).join(', ')}`,
    `  received after time: ${clock.offset ? `median ${spanText(clock.offset.median)}, 5 % under ${spanText(clock.offset.low)}, 5 % over ${spanText(clock.offset.high)}${clock.offset.exact ? '' : ' (to within 0.5 %)'}` : 'not told'}${clock.drift ? `; drift ${clock.drift.secondsADay} s a day` : ''}`,
    `  order: ${percent(clock.order.disordered / p.events)} after a later one; behind the newest: 95 % within ${spanText(clock.order.behind.p95)}, 99.9 % within ${spanText(clock.order.behind.p999)}, at most ${spanText(clock.order.behind.most)}; ${p.late} late`,
    `  ids: ${ids.repeated === 0 && ids.conflicting === 0 ? 'none comes twice' : `${ids.repeated} came again with the same time, ${ids.conflicting} with another`}`,
    ...ids.examples.map((e) => `    ${e.learner} ${e.id}: ${e.times.join(' and ')}`),
    h === undefined ? '  heartbeats: none in a row' : `  heartbeats: ${n(h.intervals, 'interval')}, median ${spanText(h.median)} ± ${spanText(h.spread)}, ${percent(h.regular)} within a fifth${h.cadence ? `: \`heartbeat: ${h.cadence}\`` : ''}${named(h)}${h.positions ? `; positions advance with the clock in ${percent(h.positions.agreeing / h.positions.pairs)}` : ''}`,
    ...(p.rates.length > 0 ? [`  rates: ${p.rates.map((r) => `${r.rate} (${r.events})`).join(', ')}`] : []),
    '', ...fieldLines(p),
  ]
}

function named({ catalogue, cadence }: NonNullable<PlatformReport['heartbeat']>): string {
  if (catalogue === undefined) return ' (the catalogue names none)'
  return cadence !== undefined && parseDuration(cadence) === parseDuration(catalogue) ? ' (as in the catalogue)' : ` (the catalogue says ${catalogue})`
}

function fieldLines({ fields }: PlatformReport): Line[] {
  const rows = fields.filter((f) => f.of > 0).map((f) => [f.field, f.events === 0 ? '-' : percent(f.events / f.of), String(f.of), f.examples.join(' | ')])
  return table(['field', 'carried', 'of events', 'for example'], rows, [1, 2]).map((line) => ({ cut: `  ${line}` }))
}

function plural(thing: string, count: number): string {
  const word = thing === 'ip' ? 'address' : thing
  return count === 1 ? word : word.endsWith('s') ? `${word}es` : `${word}s`
}

/** A line broken at spaces, whose further lines stand under its text. */
function fold(line: string, most: number): string {
  const indent = /^ *(?:(?:MEND |doubt|note ) {2}|[*→] )?/.exec(line)?.[0] ?? ''
  const rows: string[] = []
  let row = indent
  for (const word of line.slice(indent.length).split(' ')) {
    const isFirst = row.length <= indent.length
    if (!isFirst && width(row) + 1 + width(word) > most) {
      rows.push(row)
      row = `${' '.repeat(indent.length)}${word}`
    } else row = isFirst ? `${row}${word}` : `${row} ${word}`
  }
  return [...rows, row].join('\n')
}
