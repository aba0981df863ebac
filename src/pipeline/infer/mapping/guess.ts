import { compareText } from '../../../base/order.ts'
import { ACTIONS } from '../../../telemetry/event.ts'
import type { FieldName } from '../../../telemetry/mapping/schema.ts'
import type { Column, Kind } from './columns.ts'
import { actionOf, nameScore, wordsOf } from './names.ts'

/** What a column is taken for, and how sure that is. */
export interface Guess {
  column: Column
  /** By its name, by its values, or by both. */
  by: 'name' | 'values' | 'both'
  /** Columns that could be it as well. */
  rivals: string[]
  isSure: boolean
}

export type Role = FieldName | 'begin' | 'end'
const ROLES: readonly Role[] = [
  'time', 'begin', 'end', 'received', 'learner', 'action', 'chapter', 'course', 'class', 'session', 'ip', 'agent', 'device', 'account', 'position', 'from', 'to', 'length', 'rate', 'visible', 'muted', 'inputs', 'item',
  'correct', 'elapsed', 'challenge', 'outcome', 'photo', 'similarity', 'video', 'platform', 'id',
]

const TIMES: ReadonlySet<Role> = new Set<Role>(['time', 'begin', 'end', 'received'])
const SECONDS: ReadonlySet<Role> = new Set<Role>(['position', 'from', 'to', 'length', 'elapsed'])
const LEAST_SCORE = 2

/** Which columns hold which fields: each at most one, the best fit first. */
export function guessFields(columns: readonly Column[]): Map<Role, Guess> {
  // Where a row says when something began and when it ended, neither is when the row was written.
  const isEnd = (column: Column): boolean => column.times.length > 0 && nameScore(column.path, 'end') > 0
  const isBegin = (column: Column): boolean => column.times.length > 0 && nameScore(column.path, 'begin') > 0
  const isSpan = columns.some(isBegin) && columns.some(isEnd)
  const fits = columns.flatMap((column) => ROLES.flatMap((role) => {
    if (isSpan && (role === 'time' || role === 'received') && (isBegin(column) || isEnd(column))) return []
    const name = nameScore(column.path, role)
    const value = valueScore(column, role)
    return value !== undefined && name + value >= LEAST_SCORE ? [{ role, column, name, value, score: name + value }] : []
  }))
  fits.sort((a, b) => b.score - a.score || ROLES.indexOf(a.role) - ROLES.indexOf(b.role) || compareText(a.column.path, b.column.path))
  const guesses = new Map<Role, Guess>()
  const taken = new Set<Column>()
  for (const { role, column, name, value, score } of fits) {
    if (guesses.has(role) || taken.has(column)) continue
    taken.add(column)
    const rivals = fits.filter((f) => f.role === role && f.column !== column && f.score > score - 0.5 && !taken.has(f.column)).map((f) => f.column.path)
    guesses.set(role, { column, by: name === 0 ? 'values' : value > 0 ? 'both' : 'name', rivals, isSure: score >= 3 && rivals.length === 0 })
  }
  return guesses
}

/** What values say for some roles: how much, or undefined where they speak against it. */
const VALUES: Readonly<Partial<Record<Role, (column: Column) => number | undefined>>> = {
  ip: (c) => ofKind(c, 3, 'ip'),
  agent: (c) => ofKind(c, 3, 'agent'),
  rate: (c) => ofKind(c, 0.5, 'number') ?? ([...c.values.keys()].every((v) => /^\d+(\.\d+)?x$/i.test(v)) ? 0.5 : undefined),
  similarity: (c) => ofKind(c, 0.5, 'number', 'percent'),
  inputs: (c) => ofKind(c, 0.5, 'integer'),
  visible: flagScore, muted: flagScore, correct: flagScore,
  photo: (c) => ofKind(c, 1, 'hash'),
  outcome: (c) => (c.distinct <= 10 && !c.kinds.has('number') ? 0.5 : undefined),
  action: actionScore,
  // As many values as records: hardly any other text is so.
  id: (c) => (c.distinct === c.filled && c.filled > 1 ? (c.kinds.has('uuid') ? 2 : 1) : undefined),
}

/** What a column's values say for a role; undefined where they speak against it. */
function valueScore(column: Column, role: Role): number | undefined {
  const { kinds, times, filled } = column
  if (filled === 0) return undefined
  if (TIMES.has(role)) return times.length === 0 ? undefined : role === 'time' ? 2 : 0.5
  if (SECONDS.has(role)) return ofKind(column, 0.5, 'number', 'clock', 'iso', 'percent')
  // What is a moment is nothing else; but a long number may be an id.
  if (times.length > 0 && !kinds.has('integer')) return undefined
  const score = VALUES[role]
  if (score !== undefined) return score(column)
  return kinds.has('ip') || kinds.has('agent') ? undefined : 0
}

function ofKind({ kinds }: Column, score: number, ...any: Kind[]): number | undefined {
  return any.some((k) => kinds.has(k)) ? score : undefined
}

function flagScore({ kinds, distinct }: Column): number | undefined {
  return kinds.has('boolean') ? 1 : distinct <= 2 ? 0 : undefined
}

/** How something is, which its row says each time anew: a lesson that is done was not completed at that moment. */
const STATE = /状态|是否|结果|status|\bstate\b|result/

/** A column of few words, most of which are known, says what happened whatever it is called, unless it is called a state. */
function actionScore({ path, distinct, values, filled, kinds }: Column): number | undefined {
  if (STATE.test(wordsOf(path)) || distinct > 100 || kinds.has('ip') || kinds.has('boolean')) return undefined
  const known = [...values].filter(([word]) => (ACTIONS as readonly string[]).includes(word) || actionOf(word) !== undefined).reduce((n, [, count]) => n + count, 0)
  return kinds.has('number') ? 0 : (4 * known) / filled
}
