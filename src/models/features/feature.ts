import type { Activity, Around } from './state.ts'

/** A value in words. */
export interface Words {
  en: string
  zh: string
}

/** One column of what a model sees. */
export interface Feature {
  readonly name: string
  /** Of the number in the column. */
  readonly unit: string
  readonly formula: string
  /** When it is missing: the column is NaN then. */
  readonly missing: string
  /** What was found, and what is usual, to a layman. Both are numbers of the column. */
  tell(this: void, value: number, usual: readonly [low: number, high: number]): Words
}

/** A feature and how it is read. */
export interface Column extends Feature {
  /** NaN where it is missing. */
  read(this: void, activity: Activity, around: Around): number
}

/** How numbers of a column are told: as what they mean, not as logarithms. */
export interface Telling {
  readonly unit: string
  say(value: number): Words
}

interface Declared {
  name: string
  as: Telling
  formula: string
  missing: string
  /** The finding, with `{}` where the value goes. */
  en: string
  zh: string
  read(this: void, activity: Activity, around: Around): number
}

export function column({ name, as, formula, missing, en, zh, read }: Declared): Column {
  return {
    name, unit: as.unit, formula, missing, read,
    tell(value, [low, high]) {
      const [it, least, most] = [as.say(value), as.say(low), as.say(high)]
      return { en: `${en.replace('{}', it.en)} (usual: ${least.en} to ${most.en})`, zh: `${zh.replace('{}', it.zh)}（正常：${least.zh} 至 ${most.zh}）` }
    },
  }
}

/** Three digits are enough for a reader. */
function digits(n: number): string {
  return String(Number(n.toPrecision(n < 1000 ? 2 : 3)))
}

const both = (text: string): Words => ({ en: text, zh: text })
const percent = (n: number): Words => ({ en: `${digits(100 * n)} %`, zh: `${digits(100 * n)}%` })
// Rates are about 1: the third digit counts.
const times = (n: number): Words => ({ en: `${Number(n.toPrecision(3))} times`, zh: `${Number(n.toPrecision(3))} 倍` })
const factor = (n: number): Words => ({ en: `a factor of ${Number(n.toPrecision(3))}`, zh: `${Number(n.toPrecision(3))} 倍` })

function time(seconds: number): Words {
  if (seconds < 0.1) return { en: `${digits(1000 * seconds)} ms`, zh: `${digits(1000 * seconds)} 毫秒` }
  if (seconds < 100) return { en: `${digits(seconds)} s`, zh: `${digits(seconds)} 秒` }
  if (seconds < 5400) return { en: `${Math.round(seconds / 60)} min`, zh: `${Math.round(seconds / 60)} 分钟` }
  return { en: `${digits(seconds / 3600)} h`, zh: `${digits(seconds / 3600)} 小时` }
}

export const AS = {
  share: { unit: 'share, 0 to 1', say: percent },
  logShare: { unit: 'ln of a share', say: (v) => percent(Math.exp(v)) },
  logTimes: { unit: 'ln of a ratio', say: (v) => times(Math.exp(v)) },
  logApart: { unit: 'size of ln of a ratio', say: (v) => factor(Math.exp(v)) },
  logSeconds: { unit: 'ln of seconds', say: (v) => time(Math.exp(v)) },
  /** A standard deviation of logarithms, told as the factor between a usual length and a long one. */
  logSpread: { unit: 'standard deviation of ln', say: (v) => factor(Math.exp(v)) },
  /** Nobody touches all the time: one minute more, or a few seconds would be as telling as an hour. */
  logSecondsMore: { unit: 'ln of seconds, 60 added', say: (v) => time(Math.max(0, Math.exp(v) - 60)) },
  bits: { unit: 'bits', say: (v) => ({ en: `${digits(v)} bits`, zh: `${digits(v)} 比特` }) },
  correlation: { unit: 'correlation, -1 to 1', say: (v) => both(v.toFixed(2)) },
  number: { unit: 'number', say: (v) => both(digits(v)) },
  hours: { unit: 'hours', say: (v) => ({ en: `${digits(v)} h`, zh: `${digits(v)} 小时` }) },
  logHours: { unit: 'ln of hours', say: (v) => ({ en: `${digits(Math.exp(v))} h`, zh: `${digits(Math.exp(v))} 小时` }) },
  logPerTen: { unit: 'ln of a number per 10 minutes watched', say: (v) => ({ en: `${digits(Math.exp(v))} times in 10 min`, zh: `每 10 分钟 ${digits(Math.exp(v))} 次` }) },
  logPerMinute: { unit: 'ln of a number per minute', say: (v) => ({ en: `${digits(Math.exp(v))} times a minute`, zh: `每分钟 ${digits(Math.exp(v))} 次` }) },
  logPerHour: { unit: 'ln of a number per hour watched', say: (v) => ({ en: `${digits(Math.exp(v))} times an hour`, zh: `每小时 ${digits(Math.exp(v))} 次` }) },
} as const satisfies Record<string, Telling>

/** `part` of `whole`, missing below `least`. */
export function ratio(part: number, whole: number, least: number): number {
  return whole < least ? NaN : part / whole
}

/** Standard deviation by the sums of n numbers and of their squares, missing below `least` numbers. */
export function deviation(n: number, sum: number, squares: number, least: number): number {
  if (n < least) return NaN
  const mean = sum / n
  return Math.sqrt(Math.max(0, squares / n - mean * mean))
}

/** Logarithm of what is at least `floor`; NaN stays NaN. */
export function ln(value: number, floor: number): number {
  return Math.log(Math.max(floor, value))
}
