import { Environment, EvaluationError, ParseError, TypeError, type ASTNode, type ParseResult } from '@marcbachmann/cel-js'
import { RE2JS, RE2JSException } from 're2js'
import { invariant } from '../base/errors.ts'
import { didYouMean } from '../base/problems.ts'

/** What is wrong with an expression, and the offset of the character where. */
export interface ConditionProblem {
  message: string
  mend?: string
  offset: number
}

export type Parsed = ParseResult
export type Node = ASTNode
export type Facts = Record<string, unknown>

/** What an expression could not be evaluated for: `unknown`, where it read what is not known. */
export interface Failure {
  kind: 'unknown' | 'fault'
  message: string
}

const MIXED: Record<string, (a: number, b: number) => number> = { '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, '/': (a, b) => a / b }

/** Facts are doubles, and analysts write `facts.seconds / 60`: numbers of both kinds meet as doubles. */
export function environment(): Environment {
  const env = new Environment({ homogeneousAggregateLiterals: false })
  for (const [op, f] of Object.entries(MIXED)) {
    const mixed = (a: number | bigint, b: number | bigint) => f(Number(a), Number(b))
    env.registerOperator(`double ${op} int`, mixed).registerOperator(`int ${op} double`, mixed)
  }
  return env.registerFunction(`string.${LINEAR}(string): bool`, (text: string, pattern: string) => patternOf(pattern).matcher(text).find())
}

// CEL's `matches` is RE2, whose time is linear in the text. The library's own is JavaScript's, which one line of telemetry can keep busy for ever. It
// cannot be replaced there, so that another name of the same length is put in its place.
const LINEAR = 're2find'
const MOST_PATTERNS = 1000
const patterns = new Map<string, RE2JS>()

function patternOf(text: string): RE2JS {
  let pattern = patterns.get(text)
  if (pattern === undefined) {
    try {
      pattern = RE2JS.compile(text)
    } catch (e) {
      if (!(e instanceof RE2JSException)) throw e
      throw new EvaluationError(`Invalid regular expression: ${e.message.replace(/^error parsing regexp: /, '').replaceAll('`', '')}`)
    }
    if (patterns.size >= MOST_PATTERNS) patterns.clear()
    patterns.set(text, pattern)
  }
  return pattern
}

function withLinearMatches(ast: Node, text: string): string {
  let linear = text
  walk(ast, (node) => {
    if (node.op !== 'rcall' || node.args[0] !== 'matches') return
    // Between what it is asked of and its name stands nothing but brackets, blanks and the dot.
    const at = text.indexOf('matches', node.args[1].end)
    linear = linear.slice(0, at) + LINEAR + linear.slice(at + LINEAR.length)
  })
  return linear
}

/** Reads an expression that gives true or false. */
export function parse(env: Environment, text: string): { parsed: Parsed; problem?: undefined } | { parsed?: undefined; problem: ConditionProblem } {
  let parsed: Parsed
  try {
    parsed = env.parse(text)
  } catch (e) {
    return { problem: problemOf(e, text, env) }
  }
  const checked = parsed.check()
  if (!checked.valid) return { problem: problemOf(checked.error, text, env) }
  const slip = clockProblem(parsed.ast) ?? literalCallProblem(parsed.ast, text, env)
  if (slip) return { problem: slip }
  // `dyn` is known only when it is evaluated.
  if (checked.type !== 'bool' && checked.type !== 'dyn') return { problem: { message: `gives ${checked.type ?? 'nothing'}, not true or false`, offset: 0 } }
  const linear = withLinearMatches(parsed.ast, text)
  return { parsed: linear === text ? parsed : env.parse(linear) }
}

/** Whether an expression holds, or why that cannot be said. */
export function evaluate(parsed: Parsed, facts: Facts): boolean | Failure {
  let value: unknown
  try {
    value = parsed(facts)
  } catch (e) {
    if (!(e instanceof EvaluationError)) throw e
    return { kind: e.code === 'unknown_variable' || e.code === 'no_such_key' ? 'unknown' : 'fault', message: inWords(e.summary) }
  }
  return typeof value === 'boolean' ? value : { kind: 'fault', message: 'gives something else than true or false' }
}

/** Calls `visit` for a node and all below it, from the top. */
export function walk(node: Node, visit: (node: Node) => void): void {
  visit(node)
  for (const child of childrenOf(node)) walk(child, visit)
}

/** The nodes right below a node. */
export function childrenOf(node: Node): Node[] {
  if (node.op === 'value' || node.op === 'id') return []
  if (node.op === '.' || node.op === '.?') return [node.args[0]]
  if (node.op === 'call') return node.args[1]
  if (node.op === 'rcall') return [node.args[1], ...node.args[2]]
  if (node.op === 'map') return node.args.flat()
  if (node.op === '!_' || node.op === '-_') return [node.args]
  return [...node.args]
}

/** Local clocks are refused: the library makes them of the machine's own time zone, so that two machines may differ. */
function clockProblem(ast: Node): ConditionProblem | undefined {
  let problem: ConditionProblem | undefined
  walk(ast, (node) => {
    if (problem !== undefined || node.op !== 'rcall') return
    const [name, on, args] = node.args
    if (name === 'getDayOfYear' || (/^get[A-Z]/.test(name) && args.length > 0)) {
      problem = {
        message: `\`${name}(${args.length > 0 ? '…' : ''})\` depends on the machine`, mend: 'use `hour` and `weekday` where they are known, or add the offset, as in `(time + duration("8h")).getHours()`', offset: on.end,
      }
    }
  })
  return problem
}

/** A call that fails whatever it is asked about, as `duration("10 minutes")` or a broken regular expression: better said at once. */
function literalCallProblem(ast: Node, text: string, env: Environment): ConditionProblem | undefined {
  let problem: ConditionProblem | undefined
  walk(ast, (node) => {
    const isMatch = node.op === 'rcall' && node.args[0] === 'matches'
    if (problem !== undefined || (node.op !== 'call' && !isMatch)) return
    const [name, args] = node.op === 'call' ? node.args : [`"".${LINEAR}`, node.args[2]]
    if (args.length === 0 || !args.every((a) => a.op === 'value')) return
    try {
      env.evaluate(`${name}(${args.map((a) => text.slice(a.start, a.end)).join(', ')})`)
    } catch (e) {
      if (!(e instanceof EvaluationError)) throw e
      problem = { message: inWords(e.summary), mend: name === 'duration' ? 'write it like `45s`, `10m` or `1h30m`' : undefined, offset: args[0]?.start ?? 0 }
    }
  })
  return problem
}

function problemOf(e: unknown, text: string, env: Environment): ConditionProblem {
  invariant(e instanceof ParseError || e instanceof TypeError || e instanceof EvaluationError, `cel: ${String(e)}`)
  const message = inWords(e.summary)
  const { start, end } = e.range ?? { start: 0, end: 0 }
  if (message.endsWith('character: `=`')) return { message, mend: 'equality is `==`', offset: start }
  const slip = slipIn(text, start, e.code)
  if (slip !== undefined) return { message, mend: slip, offset: start }
  const known = e.code === 'unknown_variable' ? env.getDefinitions().variables.map((v) => v.name) : []
  const name = text.slice(start, end)
  const mend = didYouMean(name, known) ?? (e.code === 'unknown_variable' && isCompared(text, start, end) ? `text stands in quotes: \`"${name}"\`` : undefined)
  return { message, mend, offset: start }
}

/** Whether something stands where a value is compared, or in a list of values. */
function isCompared(text: string, start: number, end: number): boolean {
  return /(?:[=<>]=?|!=|\[|,)\s*$/.test(text.slice(0, start)) && !/^\s*[.(]/.test(text.slice(end))
}

/** What people write who know other languages, or whose editor means well. */
const SLIPS: readonly (readonly [RegExp, string])[] = [
  [/[“”„‘’]/, 'use straight quotes, `"`'], [/（|）|，|：/, 'use the brackets, commas and colons of an English keyboard'], [/<>/, '`<>` is written `!=`'],
  [/\band\b/i, '`and` is written `&&`'], [/\bor\b/i, '`or` is written `||`'], [/\bnot\b/i, '`not` is written `!`'], [/\bis\b/i, '`is` is written `==`'],
]

function slipIn(text: string, at: number, code: string): string | undefined {
  if (code === 'unknown_variable') return undefined
  // What stands in quotes is left alone.
  const bare = text.replaceAll(/"[^"]*"|'[^']*'/g, (quoted) => ' '.repeat(quoted.length))
  const found = SLIPS.find(([slip]) => slip.test(bare))
  if (found) return found[1]
  const [opened, closed] = [bare.split('(').length, bare.split(')').length]
  if (opened > closed && at >= text.trimEnd().length) return 'a `)` is missing'
  return undefined
}

/** A message of the CEL library as ours are written. */
function inWords(summary: string): string {
  const text = summary.charAt(0).toLowerCase() + summary.slice(1)
  // What is known only when it is evaluated is told as what it was then.
  return text.replaceAll(/dyn<(\w+)>/g, '$1').replace(/: (\S+)$/, (_, word: string) => `: ${word === 'EOF' ? 'the end' : `\`${word}\``}`).replaceAll("'", '`')
}
