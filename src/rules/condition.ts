import { Environment, EvaluationError, ParseError, TypeError, type ParseResult } from '@marcbachmann/cel-js'
import { invariant } from '../base/errors.ts'
import type { Warning } from '../warnings/warning.ts'
import { didYouMean } from '../base/problems.ts'

/** Told each time a condition could not be evaluated; such a condition counts as not met. */
export type OnFault = (message: string) => void

/** What is wrong with an expression, and the offset of the character where. */
export interface ConditionProblem {
  message: string
  mend?: string
  offset: number
}

export type Condition<T> = { test: (of: T) => boolean; problem?: undefined } | { test?: undefined; problem: ConditionProblem }

/** What `scope` may speak of; what is absent is null there. */
interface ScopeFacts {
  platform: string
  class: string | undefined
  course: string | undefined
  learner: string
  ip: string | undefined
}

const MIXED: Record<string, (a: number, b: number) => number> = { '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, '/': (a, b) => a / b }

/** Facts are doubles, and analysts write `facts.seconds / 60`: numbers of both kinds meet as doubles. */
function environment(): Environment {
  const env = new Environment({ homogeneousAggregateLiterals: false })
  for (const [op, f] of Object.entries(MIXED)) {
    const mixed = (a: number | bigint, b: number | bigint) => f(Number(a), Number(b))
    env.registerOperator(`double ${op} int`, mixed).registerOperator(`int ${op} double`, mixed)
  }
  return env
}

const scopes = environment()
  .registerVariable('platform', 'string')
  .registerVariable('class', 'dyn')
  .registerVariable('course', 'dyn')
  .registerVariable('learner', 'string')
  .registerVariable('ip', 'dyn')

const warnings = environment()
  .registerVariable({ name: 'subject', schema: { kind: 'string', platform: 'string', id: 'string' } })
  .registerVariable({ name: 'evidence', schema: { events: 'list<string>', count: 'int' } })
  .registerVariable({ name: 'summary', schema: { en: 'string', zh: 'string' } })
  .registerVariable('revision', 'int')
  .registerVariable('facts', 'map')
  .registerVariable('coverage', 'map')
for (const text of ['id', 'episode', 'rule', 'detector', 'ruleVersion', 'context', 'severity', 'response', 'begin', 'end', 'raised', 'case']) {
  warnings.registerVariable(text, 'string')
}
for (const maybe of ['why', 'class', 'course', 'reasons']) warnings.registerVariable(maybe, 'dyn')
for (const list of ['basis', 'learners', 'disputed']) warnings.registerVariable(list, 'list<map>')
for (const list of ['institutions', 'chapters']) warnings.registerVariable(list, 'list<string>')

/** A rule's `scope`: true for the events and sightings that the rule sees. */
export function compileScope(text: string, onFault: OnFault): Condition<ScopeFacts> {
  return compile(scopes, text, (met) => {
    // One object serves every call: evaluation is synchronous and keeps nothing.
    const facts: Record<string, string | null> = { platform: '', class: null, course: null, learner: '', ip: null }
    return (seen) => {
      facts.platform = seen.platform
      facts.class = seen.class ?? null
      facts.course = seen.course ?? null
      facts.learner = seen.learner
      facts.ip = seen.ip ?? null
      return met(facts)
    }
  }, onFault)
}

/** A rule's `unless`: true for the finished warnings that are not to be sent. One that fails is not met: the warning is sent. */
export function compileUnless(text: string, onFault: OnFault): Condition<Warning> {
  return compile(warnings, text, (met) => (w) => met(warningFacts(w)), onFault)
}

function warningFacts(w: Warning): Record<string, unknown> {
  return {
    ...w,
    revision: BigInt(w.revision),
    evidence: { events: w.evidence.events, count: BigInt(w.evidence.count) },
    why: w.why ?? null,
    class: w.class ?? null,
    course: w.course ?? null,
    reasons: w.reasons ?? null,
  }
}

type Met = (facts: Record<string, unknown>) => boolean

function compile<T>(env: Environment, text: string, test: (met: Met) => (of: T) => boolean, onFault: OnFault): Condition<T> {
  let parsed: ParseResult
  try {
    parsed = env.parse(text)
  } catch (e) {
    return { problem: problemOf(e, text, env) }
  }
  const checked = parsed.check()
  if (!checked.valid) return { problem: problemOf(checked.error, text, env) }
  // `dyn` is known only when it is evaluated.
  if (checked.type !== 'bool' && checked.type !== 'dyn') return { problem: { message: `gives ${checked.type ?? 'nothing'}, not true or false`, offset: 0 } }
  return { test: test((facts) => isMet(parsed, facts, onFault)) }
}

function isMet(parsed: ParseResult, facts: Record<string, unknown>, onFault: OnFault): boolean {
  let value: unknown
  try {
    value = parsed(facts)
  } catch (e) {
    if (!(e instanceof EvaluationError)) throw e
    onFault(inWords(e.summary))
    return false
  }
  if (typeof value !== 'boolean') onFault('gives something else than true or false')
  return value === true
}

function problemOf(e: unknown, text: string, env: Environment): ConditionProblem {
  invariant(e instanceof ParseError || e instanceof TypeError || e instanceof EvaluationError, `cel: ${String(e)}`)
  const message = inWords(e.summary)
  const { start, end } = e.range ?? { start: 0, end: 0 }
  if (message.endsWith('character: `=`')) return { message, mend: 'equality is `==`', offset: start }
  const known = e.code === 'unknown_variable' ? env.getDefinitions().variables.map((v) => v.name) : []
  return { message, mend: didYouMean(text.slice(start, end), known), offset: start }
}

/** A message of the CEL library as ours are written. */
function inWords(summary: string): string {
  const text = summary.charAt(0).toLowerCase() + summary.slice(1)
  return text.replace(/: (\S+)$/, (_, word: string) => `: ${word === 'EOF' ? 'the end' : `\`${word}\``}`).replaceAll("'", '`')
}
