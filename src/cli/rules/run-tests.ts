import { formatProblem, InvigilError } from '../../base/errors.ts'
import { didYouMean } from '../../base/problems.ts'
import { DEFAULT_BACKEND, openScorers, readModels, SHIPPED_MODELS } from '../../pipeline/models.ts'
import { explanationText } from '../../rules/explain/text.ts'
import type { Bundle } from '../../rules/load.ts'
import { asProblem, lackingTests, runTests, type Lack, type TestResult } from '../../rules/run-tests.ts'
import { untested } from './findings.ts'

export interface TestOptions {
  rule?: string
  models?: string
  coverage?: boolean
  format: 'text' | 'json'
}

/** `invigil rules test`: throws where one fails. */
export async function testRules(bundle: Bundle, { rule, models, coverage, format }: TestOptions, write: (text: string) => void): Promise<void> {
  const ids = bundle.rules.map((r) => r.id)
  if (rule !== undefined && !ids.includes(rule)) {
    const mend = didYouMean(rule, ids) ?? `one of ${ids.map((id) => `\`${id}\``).join(', ')}`
    const message = `there is no rule \`${rule}\``
    throw new InvigilError('usage', message, { problems: [{ message, mend }] })
  }
  const scorers = await openScorers(bundle.rules, await readModels(bundle.rules, models ?? SHIPPED_MODELS), DEFAULT_BACKEND)
  const results = runTests(bundle, rule, scorers)
  const failed = results.filter((r) => r.failure !== undefined)
  const lacking = coverage ? lackingTests(bundle).filter((l) => rule === undefined || l.rule === rule) : undefined
  if (format === 'json') write(asJson(results, lacking))
  else {
    write(report(results, ids.filter((id) => rule === undefined || id === rule)))
    write(notes(bundle, rule))
    write((lacking ?? []).map((l) => `note: ${formatProblem({ ...l.where, message: `\`${l.rule}\` lacks ${l.lacks.join(' and ')}` })}\n`).join(''))
    write(`${results.length - failed.length} passed, ${failed.length} failed${lacking ? `; ${coverageText(lacking, rule === undefined ? ids.length : 1)}` : ''}\n`)
  }
  if (failed.length > 0) throw new InvigilError('bad-rules', `${failed.length} of ${results.length} tests failed`, { problems: failed.map(asProblem) })
}

function coverageText(lacking: readonly Lack[], all: number): string {
  return `${all - lacking.length} of ${all} rules have a test that warns and one that must not`
}

/** A line for each rule; under it, what failed and why. */
function report(results: readonly TestResult[], ids: readonly string[]): string {
  return ids
    .map((id) => {
      const own = results.filter((r) => r.rule === id)
      const failed = own.filter((r) => r.failure !== undefined)
      const head = own.length === 0 ? `none  ${id}: no test` : `${failed.length === 0 ? 'pass' : 'FAIL'}  ${id}: ${own.length - failed.length} of ${own.length}`
      const lines = failed.map((r) => `      it ${r.it}\n${indent(r.failure ?? '', 8)}\n        why:\n${indent(explanationText(r.explain()), 10)}`)
      return [head, ...lines].join('\n') + '\n'
    })
    .join('')
}

function indent(text: string, by: number): string {
  return text.split('\n').map((line) => ' '.repeat(by) + line).join('\n')
}

function asJson(results: readonly TestResult[], lacking: readonly Lack[] | undefined): string {
  const tests = results.map(({ rule, it, where, failure, explain }) => ({ rule, it, ...where, passed: failure === undefined, ...(failure === undefined ? {} : { failure, why: explain() }) }))
  const failed = results.filter((r) => r.failure !== undefined).length
  return `${JSON.stringify({ format: 1, passed: results.length - failed, failed, tests, ...(lacking && { coverage: { lacking } }) }, null, 2)}\n`
}

/** What is not wrong but should be known: changes of parameters that nobody has tested. */
function notes(bundle: Bundle, only?: string): string {
  return untested(bundle, only).map((p) => `note: ${formatProblem(p)}\n`).join('')
}
