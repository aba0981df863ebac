import { printable } from '../../base/printable.ts'
import { BLUE, draw, GREY, VERMILION } from '../picture.ts'
import type { Figures } from './figures.ts'
import type { Audit } from './report.ts'
import { FIGURE_WORDS, type Words } from './words.ts'

type Language = keyof Words

/** Parts of a claim, in the order in which they are drawn. */
const PARTS = ['proven', 'disputed', 'unproven', 'notEvaluable'] as const
const COLOURS = { proven: BLUE, disputed: '#E69F00', unproven: VERMILION, notEvaluable: GREY } as const

/** Narrow enough for a phone, where two do not stand side by side. */
const WIDTH = 250
const LONGEST_NAME = 14
/** More bars than this are no picture. */
export const MOST_BARS = 20
const AXES: Record<'hours' | 'learners' | 'hour' | 'day', Words> = {
  hours: { en: 'class hours claimed', zh: '申报学时' },
  learners: { en: 'learners', zh: '学员数' },
  hour: { en: 'hour of the day', zh: '一天中的时刻' },
  day: { en: 'day', zh: '日期' },
}

/** What becomes of the hours that each group claims, as SVG; undefined where nothing is claimed. */
export function claimsChart(groups: readonly (Figures & { name: string })[], hour: number, language: Language): Promise<string> | undefined {
  const shown = groups.filter((g) => g.claimed > 0).sort((a, b) => b.claimed - a.claimed).slice(0, MOST_BARS)
  if (shown.length === 0) return undefined
  const names = distinct(shown.map((g) => g.name))
  const values = shown.flatMap((g, i) => PARTS.map((part, order) => ({ name: names[i], order, part: FIGURE_WORDS[part][language], hours: (part === 'proven' ? g.proven - g.unclaimed : g[part]) / hour })))
  return draw({
    width: WIDTH, height: { step: 24 }, data: { values }, mark: { type: 'bar' },
    encoding: {
      y: { field: 'name', type: 'nominal', sort: null, title: null, axis: { labelLimit: 110 } },
      x: { field: 'hours', type: 'quantitative', title: AXES.hours[language], axis: { tickCount: 4 } },
      color: { field: 'part', type: 'nominal', sort: null, scale: { domain: PARTS.map((p) => FIGURE_WORDS[p][language]), range: PARTS.map((p) => COLOURS[p]) }, legend: { title: null, orient: 'bottom', columns: 2, symbolSize: 80, symbolType: 'square' } },
      order: { field: 'order' },
    },
  })
}

/** Learners active in each hour of the day, as SVG. */
export function hoursChart(usage: Audit['usage'], language: Language): Promise<string> | undefined {
  if (usage.length === 0) return undefined
  const values = Array.from({ length: 24 }, (_, hour) => ({ hour, learners: usage.reduce((sum, u) => sum + (u.hours[hour] as number), 0) }))
  return draw({
    width: WIDTH, height: 150, data: { values }, mark: { type: 'bar', color: BLUE },
    encoding: {
      x: { field: 'hour', type: 'ordinal', title: AXES.hour[language], axis: { labelAngle: 0, values: [0, 4, 8, 12, 16, 20] } },
      y: { field: 'learners', type: 'quantitative', title: AXES.learners[language], axis: { tickCount: 4, tickMinStep: 1 } },
    },
  })
}

/** Learners active on each day, as SVG. */
export function daysChart(usage: Audit['usage'], language: Language): Promise<string> | undefined {
  const sum = new Map<string, number>()
  for (const u of usage) for (const { day, learners } of u.days) sum.set(day, (sum.get(day) ?? 0) + learners)
  if (sum.size === 0) return undefined
  const values = [...sum].sort(([a], [b]) => (a < b ? -1 : 1)).map(([day, learners]) => ({ day, learners }))
  // Few days are names; many are a scale of time.
  const few = values.length <= 7
  return draw({
    width: WIDTH, height: 150, data: { values }, mark: few ? { type: 'bar', color: BLUE } : { type: 'area', color: BLUE, interpolate: 'step-after' },
    encoding: {
      x: few ? { field: 'day', type: 'ordinal', title: AXES.day[language], axis: { labelAngle: -40 } } : { field: 'day', type: 'temporal', timeUnit: { unit: 'utcyearmonthdate' }, scale: { type: 'utc' }, title: AXES.day[language], axis: { format: '%m-%d', tickCount: 5 } },
      y: { field: 'learners', type: 'quantitative', title: AXES.learners[language], axis: { tickCount: 4, tickMinStep: 1 } },
    },
  })
}

/** Names short enough for an axis; of those that are alike then, each has its number. */
function distinct(names: readonly string[]): string[] {
  const short = names.map((name) => {
    const text = printable(name)
    return text.length > LONGEST_NAME ? `${text.slice(0, LONGEST_NAME - 1)}…` : text
  })
  return short.map((name, i) => (short.indexOf(name) === i ? name : `${name} (${i + 1})`))
}
