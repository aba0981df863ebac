import { isIP } from 'node:net'
import { parseIfJson } from '../../../base/exact-json.ts'
import type { Row } from '../../../telemetry/mapping/values.ts'
import { timeReader, USUAL_FORMATS } from '../../../telemetry/mapping/times.ts'
import type { Head } from './head.ts'

/** What values of a column may be. */
export const KINDS = ['ip', 'agent', 'uuid', 'hash', 'boolean', 'integer', 'number', 'clock', 'iso', 'percent'] as const
export type Kind = (typeof KINDS)[number]

const TESTS: Readonly<Record<Kind, (text: string) => boolean>> = {
  ip: (t) => isIP(t.replace(/^::ffff:/i, '')) !== 0,
  agent: (t) => /^(?:Mozilla\/\d|Dalvik\/|okhttp\/|curl\/|MicroMessenger|Opera\/)/.test(t),
  uuid: (t) => /^\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?$/i.test(t),
  hash: (t) => /^(?:[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/i.test(t) && /[a-f]/i.test(t),
  boolean: (t) => /^(?:true|false|yes|no|y|n|t|f|0|1|是|否)$/i.test(t),
  integer: (t) => /^\d+$/.test(t),
  number: (t) => /^\d+(?:\.\d+)?$/.test(t),
  clock: (t) => /^(?:\d+:)?\d{1,2}:\d{2}(?:\.\d+)?$/.test(t),
  iso: (t) => /^P(?=[\dT])(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$/.test(t),
  percent: (t) => /^\d+(?:\.\d+)?\s*%$/.test(t),
}

/** Times that may mean two moments, or are less usual: tried where the usual ones do not fit. */
const MORE_FORMATS = [
  'YYYY.M.D H:mm:ss', 'YYYYMMDDHHmmss', 'YYYY-M-D H:mm:ss.S', 'YYYY/M/D H:mm:ss.S', 'D/M/YYYY H:mm:ss', 'M/D/YYYY H:mm:ss', 'D/M/YYYY H:mm', 'M/D/YYYY H:mm', 'D/M/YY, H:mm', 'M/D/YY, H:mm',
  'D/M/YY, H:mm:ss', 'M/D/YY, H:mm:ss', 'M/D/YYYY h:mm:ss A', 'D.M.YYYY H:mm:ss', 'D MMMM YYYY, h:mm A', 'YYYY-M-D A h:mm:ss', 'YYYY年M月D日 A h:mm',
] as const
const ALL_FORMATS = [...USUAL_FORMATS, ...MORE_FORMATS].flatMap((format) => {
  const reader = timeReader(format)
  return typeof reader === 'string' ? [] : [{ format, ...reader }]
})

const MOST_VALUES = 200
const MOST_PATHS = 300
const MOST_DEPTH = 6
const NEARLY_ALL = 0.98

/** What stands in a column of a table, or under a path of JSON records. */
export interface Column {
  /** As a mapping names it. */
  path: string
  filled: number
  of: number
  /** Different values; up to 200 of them with how often they came, in the order in which they came. */
  distinct: number
  values: ReadonlyMap<string, number>
  kinds: ReadonlySet<Kind>
  /** Formats that all of its values are written in; several where the values do not tell them apart. */
  times: readonly { format: string; needsZone: boolean }[]
  largest: number
}

/** The columns or paths of the first records, in their order. */
export function columnsOf({ format, columns, rows }: Head): Column[] {
  const texts = new Map<string, string[]>(columns.map((c) => [c, []]))
  for (const row of rows) {
    const add = (path: string, value: string): void => {
      let list = texts.get(path)
      if (list === undefined) {
        if (texts.size >= MOST_PATHS) return
        texts.set(path, (list = []))
      }
      list.push(value)
    }
    if (format === 'csv') for (const [column, value] of Object.entries(row)) add(column, String(value).trim())
    else flatten(row, '', 0, add)
  }
  // A column without a name cannot be spoken of.
  return [...texts].filter(([path]) => path !== '').map(([path, values]) => columnOf(path, values.filter((v) => v !== ''), rows.length))
}

function columnOf(path: string, texts: readonly string[], of: number): Column {
  const counts = new Map<string, number>()
  for (const t of texts) counts.set(t, (counts.get(t) ?? 0) + 1)
  const all = [...counts.keys()]
  const share = (is: (text: string) => boolean): boolean => texts.length > 0 && texts.filter(is).length >= NEARLY_ALL * texts.length
  return {
    path, filled: texts.length, of, distinct: counts.size, values: new Map([...counts].slice(0, MOST_VALUES)), kinds: new Set(KINDS.filter((k) => share(TESTS[k]))),
    times: timesOf(all.slice(0, MOST_VALUES)), largest: all.reduce((n, t) => Math.max(n, Number(t) || 0), 0),
  }
}

function timesOf(values: readonly string[]): Column['times'] {
  if (values.length === 0) return []
  const fits = ALL_FORMATS.filter(({ read }) => values.every((v) => read(v, 'UTC') !== undefined))
  const usual = fits.find(({ format }) => (USUAL_FORMATS as readonly string[]).includes(format))
  return (usual ? [usual] : fits).map(({ format, needsZone }) => ({ format, needsZone }))
}

function flatten(value: unknown, path: string, depth: number, add: (path: string, text: string) => void): void {
  if (value === null || value === undefined || depth > MOST_DEPTH) return
  if (typeof value === 'string') {
    const inside = /^\s*\{/.test(value) ? parseIfJson(value) : undefined
    if (inside !== undefined && path !== '') return flatten(inside, path, depth + 1, add)
    return add(path, value.trim())
  }
  if (typeof value === 'number' || typeof value === 'boolean') return add(path, String(value))
  if (Array.isArray(value)) {
    // More of a list says the same again, or belongs to events of their own.
    flatten(value[0], `${path}[0]`, depth + 1, add)
    return
  }
  if (typeof value === 'object') for (const [key, inside] of Object.entries(value as Row)) flatten(inside, stepTo(path, key), depth + 1, add)
}

function stepTo(path: string, key: string): string {
  if (/[.[\]"]/.test(key) || key === '') return `${path}[${JSON.stringify(key)}]`
  return path === '' ? key : `${path}.${key}`
}
