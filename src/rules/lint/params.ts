import { z } from 'zod'
import type { Where } from '../../base/errors.ts'
import { formatDuration, parseDuration } from '../../base/time.ts'
import { partOf, valueOf, whereAt } from '../../base/tree.ts'
import { DEFAULT_HORIZON } from '../../engine/runtime.ts'
import type { Notice } from './notice.ts'
import type { Linted } from './subject.ts'

/** What the schema of a parameter tells. */
export interface ParamFacts {
  isDuration: boolean
  isWhole: boolean
  standard: string | number | undefined
  /** What can be meant: milliseconds of a duration. */
  least: number
  most: number
}

// One unit is 60 of the next: who meant about the default and slipped is off by as much.
const FACTOR = 50
/** A whole number may be so much larger than its default. */
const COUNT_FACTOR = 20
const LARGE_COUNT = 100

interface JsonParam {
  type?: string
  format?: string
  default?: unknown
  minimum?: number
  maximum?: number
  plausible?: [number | string, number | string]
}

/** What can be meant by each duration or number: as its schema says (`plausible`), else from its default. */
export function paramFacts(params: z.ZodObject): Map<string, ParamFacts> {
  const { properties = {} } = z.toJSONSchema(params, { io: 'input', unrepresentable: 'any' }) as { properties?: Record<string, JsonParam> }
  const facts = new Map<string, ParamFacts>()
  for (const [name, p] of Object.entries(properties)) {
    const isDuration = p.format === 'duration'
    const standard = typeof p.default === 'string' || typeof p.default === 'number' ? p.default : undefined
    if (!isDuration && p.type !== 'number' && p.type !== 'integer') continue
    const size = (v: number | string): number => (typeof v === 'number' ? v : (parseDuration(v) as number))
    const [least, most] = p.plausible?.map(size) ?? guess(p, isDuration, standard === undefined ? undefined : size(standard))
    facts.set(name, { isDuration, isWhole: p.type === 'integer', standard, least: least as number, most: most as number })
  }
  return facts
}

function guess(p: JsonParam, isDuration: boolean, standard: number | undefined): [number, number] {
  if (standard === undefined) return [-Infinity, Infinity]
  if (isDuration) return [standard / FACTOR, standard * FACTOR]
  return p.type === 'integer' ? [-Infinity, Math.max(LARGE_COUNT, standard * COUNT_FACTOR)] : [-Infinity, Infinity]
}

/** Parameters outside what can be meant, longer than anything is remembered, or in each other's way. */
export function checkParams(rule: Linted): Notice[] {
  const { tree } = rule
  const { detector, params } = rule.rule
  const known = paramFacts(detector.params as z.ZodObject)
  const horizon = detector.horizon === 'class' ? Infinity : (detector.horizon ?? DEFAULT_HORIZON)
  const notices: Notice[] = []
  for (const [name, facts] of known) {
    const part = partOf(tree, ['params', name])
    const value = params[name]
    if (!part || typeof value !== 'number') continue
    const written = `\`params.${name}\` is \`${String(valueOf(part))}\``
    const where: Where = whereAt(tree, ['params', name])
    if (value < facts.least || value > facts.most) notices.push({ kind: 'implausible-value', message: `${written}, which is hardly meant`, mend: meant(String(valueOf(part)), facts), ...where })
    else if (facts.isDuration && value > horizon) {
      notices.push({
        kind: 'no-effect', message: `${written}, and \`${detector.name}\` remembers nobody who is silent for more than ${formatDuration(horizon)}`,
        mend: `write at most \`${formatDuration(horizon)}\``, ...where,
      })
    }
  }
  for (const { param, message, mend } of detector.doubts?.(params) ?? []) {
    notices.push({ kind: 'contradiction', message: `\`params.${param}\`: ${message}`, mend, ...whereAt(tree, ['params', param]) })
  }
  return notices
}

/** The same number in another unit, if that can be meant; else the range and the default. */
function meant(written: string, { isDuration, standard, least, most }: ParamFacts): string {
  const number = isDuration ? /^(\d+(?:\.\d+)?)(?:ms|s|m|h|d)$/.exec(written)?.[1] : undefined
  const others = number === undefined ? [] : ['ms', 's', 'm', 'h', 'd'].map((unit) => `${number}${unit}`)
  const fits = others.filter((o) => (parseDuration(o) as number) >= least && (parseDuration(o) as number) <= most)
  const size = (text: string) => Math.abs(Math.log((parseDuration(text) as number) / (parseDuration(String(standard ?? text)) as number)))
  const [best] = fits.sort((a, b) => size(a) - size(b))
  if (best !== undefined) return `did you mean \`${best}\`?`
  const show = (n: number) => (isDuration ? formatDuration(n) : String(n))
  const range = least === -Infinity ? `at most ${show(most)}` : `${show(least)} to ${show(most)}`
  return standard === undefined ? `write ${range}` : `write ${range}; the default is \`${String(standard)}\``
}
