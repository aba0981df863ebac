import { parse, stringify } from 'yaml'
import { InvigilError } from '../../base/errors.ts'
import { formatDuration, parseDuration } from '../../base/time.ts'
import type { RuleSource } from '../../rules/load.ts'

/** A value of a parameter to try. */
export interface SweepValue {
  /** As it is shown, and written in a rule. */
  text: string
  /** As a rule's `params` has it. */
  value: unknown
  /** Where it lies on the axis: a number, or milliseconds; undefined for a word. */
  at: number | undefined
}

/** A parameter of a rule, and the values to try. */
export interface Axis {
  rule: string
  /** The parameter, with dots where it lies in another. */
  param: string
  kind: 'number' | 'duration' | 'text'
  values: SweepValue[]
}

/** A rule's parameters with one value for each axis. */
export type Point = readonly SweepValue[]

/** More variants are not tried at once. */
export const MOST_VARIANTS = 50

const LIKE = 'write it like `parallel-chapters.overlap=10s..60s:10s` (from..to:step) or `parallel-chapters.overlap=15s,30s,1m`'

/** Reads what `--sweep` says. Errors: `usage` with the mend. */
export function parseAxis(text: string): Axis {
  const [, rule, param, values] = /^([a-z][a-z0-9-]*)\.([A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*)*)=(.+)$/.exec(text) ?? []
  if (rule === undefined || param === undefined || values === undefined) throw bad(text, `is no sweep; ${LIKE}`)
  const range = /^(.+?)\.\.(.+?)(?::(.*))?$/.exec(values)
  const all = range ? rangeOf(text, range[1] as string, range[2] as string, range[3]) : values.split(',').map((v) => valueOf(text, v.trim()))
  const doubled = all.find((v, i) => all.some((w, j) => j < i && w.text === v.text))
  if (doubled) throw bad(text, `names \`${doubled.text}\` twice`)
  return { rule, param, kind: kindOf(all), values: all }
}

/** Every combination of the axes' values, the first axis slowest. Errors: `usage` for too many, and for a parameter that is swept twice. */
export function gridOf(axes: readonly Axis[]): Point[] {
  const doubled = axes.find((a, i) => axes.some((b, j) => j < i && b.rule === a.rule && (`${a.param}.`.startsWith(`${b.param}.`) || `${b.param}.`.startsWith(`${a.param}.`))))
  if (doubled) throw new InvigilError('usage', `\`${doubled.rule}.${doubled.param}\` is swept twice; name all of its values in one \`--sweep\``)
  const count = axes.reduce((n, a) => n * a.values.length, 1)
  if (count > MOST_VARIANTS) {
    const sizes = axes.length > 1 ? ` (${axes.map((a) => a.values.length).join(' × ')})` : ''
    throw new InvigilError('usage', `the sweep has ${count} variants${sizes}, and ${MOST_VARIANTS} are tried at once; take larger steps, or sweep in parts`)
  }
  return axes.reduce<SweepValue[][]>((points, { values }) => points.flatMap((p) => values.map((v) => [...p, v])), [[]])
}

/** The rules directory that lays a point's values over those before it. */
export function overlayOf(axes: readonly Axis[], point: Point): RuleSource {
  return { dir: '--sweep', files: [{ path: '--sweep', text: overlayText(axes, point) }] }
}

/** The overlay file with a point's values: each rule once. */
export function overlayText(axes: readonly Axis[], point: Point): string {
  const rules = new Map<string, Record<string, unknown>>()
  axes.forEach(({ rule, param }, i) => {
    let params = rules.get(rule)
    if (params === undefined) rules.set(rule, (params = {}))
    const path = param.split('.')
    for (const key of path.slice(0, -1)) params = (params[key] ??= {}) as Record<string, unknown>
    params[path.at(-1) as string] = (point[i] as SweepValue).value
  })
  return stringify([...rules].map(([rule, params]) => ({ rule, params })))
}

/** A point as it is named. */
export function pointName(axes: readonly Axis[], point: Point): string {
  return axes.map(({ rule, param }, i) => `${rule}.${param}=${(point[i] as SweepValue).text}`).join(' ')
}

/** A point's values as they are written, by `rule.param`. */
export function pointValues(axes: readonly Axis[], point: Point): Record<string, string> {
  return Object.fromEntries(axes.map(({ rule, param }, i) => [`${rule}.${param}`, (point[i] as SweepValue).text]))
}

/** A number or duration as a value of an axis of that kind. */
export function valueAt(kind: 'number' | 'duration', at: number): SweepValue {
  return kind === 'duration' ? { text: formatDuration(at), value: formatDuration(at), at } : { text: String(at), value: at, at }
}

function rangeOf(text: string, from: string, to: string, step: string | undefined): SweepValue[] {
  if (step === undefined || step === '') throw bad(text, `has no step; ${LIKE}`)
  const ends = [from, to, step].map((v) => valueOf(text, v.trim()))
  const kind = kindOf(ends)
  if (kind === 'text') throw bad(text, 'goes from a number to a number by a number, or from a duration to a duration by a duration, such as `10s..60s:10s`')
  const [low, high, by] = ends.map((v) => v.at) as [number, number, number]
  if (by <= 0) throw bad(text, `takes steps of \`${step}\`; a step is larger than 0`)
  if (low > high) throw bad(text, `goes from \`${from}\` down to \`${to}\`; name the smaller first`)
  // 0.1 + 0.2 is not 0.3: each value has as many decimals as were written.
  const decimals = Math.max(...[from, step].map((v) => (kind === 'number' ? decimalsOf(v) : 0)))
  const count = Math.floor((high - low) / by + 1e-9) + 1
  if (!(count >= 1)) throw bad(text, `has no value between \`${from}\` and \`${to}\``)
  if (count > MOST_VARIANTS) throw bad(text, `has ${count} values, and ${MOST_VARIANTS} are tried at once; take larger steps, or sweep in parts`)
  return Array.from({ length: count }, (_, i) => valueAt(kind, Number((low + i * by).toFixed(decimals))))
}

const MOST_DECIMALS = 20

function decimalsOf(written: string): number {
  const [, digits = '', exponent = '0'] = /^[^.eE]*(?:\.(\d*))?(?:[eE]([-+]?\d+))?$/.exec(written.trim()) ?? []
  return Math.min(MOST_DECIMALS, Math.max(0, digits.length - Number(exponent)))
}

function valueOf(text: string, value: string): SweepValue {
  if (value === '') throw bad(text, `has an empty value; ${LIKE}`)
  const ms = parseDuration(value)
  if (ms !== undefined) return { ...valueAt('duration', ms), text: value, value }
  if (/^-?\d+(\.\d+)?$/.test(value)) return { text: value, value: Number(value), at: Number(value) }
  try {
    const parsed = parse(value) as unknown
    return { text: value, value: parsed, at: typeof parsed === 'number' && Number.isFinite(parsed) ? parsed : undefined }
  } catch (cause) {
    throw new InvigilError('usage', `\`--sweep ${text}\`: \`${value}\` is no value of YAML`, { cause })
  }
}

function kindOf(values: readonly SweepValue[]): Axis['kind'] {
  if (values.every((v) => typeof v.value === 'number' && v.at !== undefined)) return 'number'
  return values.every((v) => v.at !== undefined && typeof v.value === 'string') ? 'duration' : 'text'
}

function bad(text: string, message: string): InvigilError {
  return new InvigilError('usage', `\`--sweep ${text}\` ${message}`)
}
