import { isAbsolute, relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { formatProblem, type Problem } from '../../base/errors.ts'
import { formatTime } from '../../base/time.ts'
import type { Catalogue } from '../../catalogue/index.ts'
import { lintRules } from '../../rules/lint/index.ts'
import type { Bundle } from '../../rules/load.ts'
import type { Notice } from '../../rules/lint/notice.ts'
import { toSarif, type Finding } from '../../rules/sarif.ts'
import { VERSION } from '../version.ts'

export const FORMATS = ['text', 'json', 'sarif'] as const
export type Format = (typeof FORMATS)[number]

/** What keeps the rules from being loaded, as findings. */
export function errorFindings(problems: readonly Problem[]): Finding[] {
  return problems.map((p) => ({ ...p, level: 'error', kind: 'bad-rules' }))
}

/** What does not keep the rules from being loaded: tests that are wrong, doubts, and changes of parameters that nobody has tested. */
function otherFindings(notices: readonly Notice[], bundle: Bundle): Finding[] {
  return [
    // A test that can show nothing is wrong, not doubtful.
    ...notices.map((n): Finding => ({ ...n, level: n.kind === 'bad-test' ? 'error' : 'warning' })),
    ...untested(bundle).map((p): Finding => ({ ...p, level: 'note', kind: 'untested-change' })),
  ]
}

/** All that is to be said of rules that load. `today`: `2026-03-02`; `catalogue`: that of these rules, where there is one. */
export function findingsOf(bundle: Bundle, today: string, catalogue: Catalogue | undefined): Finding[] {
  return otherFindings(lintRules(bundle, { today, catalogue }), bundle)
}

/** The day by this machine's clock: exemptions that ended before are over. */
export function todayHere(): string {
  return formatTime(Date.now()).slice(0, 10)
}

/** Changes of parameters that bring no test of their own. */
export function untested(bundle: Bundle, only?: string): Problem[] {
  return bundle.tested
    .filter(({ rule, untested }) => untested && (only === undefined || rule.id === only))
    .map(({ rule, where }) => ({ ...where, message: `\`${rule.id}\` gets other params without a test of its own` }))
}

/** `a.yaml:3:7: warning: message (mend)`, as compilers write it. */
export function findingLine({ file, line, column, ...what }: Finding): string {
  const place = formatProblem({ file, line, column, message: '' })
  return `${place}${what.level}: ${formatProblem({ message: what.message, mend: what.mend })}\n`
}

/** A report for programs. */
export function document(findings: readonly Finding[], format: 'json' | 'sarif', bundle: Bundle | undefined): string {
  const report = format === 'sarif' ? toSarif(findings, VERSION, uriOf) : { format: 1, good: findings.every((f) => f.level !== 'error'), rules: bundle?.rules.length ?? null, hash: bundle?.hash ?? null, findings }
  return `${JSON.stringify(report, null, 2)}\n`
}

/** Relative to where the command runs, as code hosts want it, if it lies in there. */
function uriOf(file: string): string {
  const path = relative(process.cwd(), file)
  if (path.startsWith('..') || isAbsolute(path)) return pathToFileURL(file).href
  return path.split(sep).map(encodeURIComponent).join('/')
}
