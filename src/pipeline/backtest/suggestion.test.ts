import { beforeAll, expect, test } from 'vitest'
import { MINUTE } from '../../base/time.ts'
import { readRuleSources } from '../../io/texts.ts'
import type { RuleSource } from '../../rules/load.ts'
import { RULES } from '../../testing/runs.ts'
import { contextUnder, openSurroundings, type OpenContext, type Surroundings } from '../context.ts'
import { rate, type Rates } from './labels.ts'
import type { Figures, SweepReport } from './report.ts'
import { suggestionFor } from './suggestion.ts'
import { parseAxis } from './sweep.ts'

let surroundings: Surroundings
let shipped: RuleSource[]
beforeAll(async () => {
  surroundings = await openSurroundings({ version: 'test' })
  shipped = await readRuleSources([RULES])
})

const HONEST = 10_000
const load = (source: RuleSource): Promise<OpenContext> => contextUnder([...shipped, source], surroundings)
const ratesAt = (share: number): Rates => ({ precision: rate(0, 0), recall: rate(9, 10), falseAlarms: rate(Math.round(share * HONEST), HONEST) })

/** A sweep over learners of whom a share is warned of that the parameter's value gives, and what running them again gives. */
function world(text: string, shareOf: (at: number) => number) {
  const axis = parseAxis(text)
  const figures = (at: number): Figures => ({ warnings: 0, learners: 0, added: 0, removed: 0, changed: 0, rates: ratesAt(shareOf(at)) })
  const sweep: SweepReport = { axes: [axis], rules: [axis.rule], today: figures(0), points: axis.values.map((v) => ({ name: v.text, values: {}, ...figures(v.at as number) })) }
  const tried: number[] = []
  const measure = async (contexts: readonly OpenContext[]): Promise<Figures[]> => contexts.map(({ bundle }) => {
    const at = bundle.rules.find((r) => r.id === axis.rule)?.params[axis.param] as number
    tried.push(at)
    return figures(at)
  })
  return { sweep, measure, tried }
}

// Half as many for each two minutes more, as such shares fall: far from straight between two values.
const falling = (at: number): number => 0.8 * 0.5 ** (at / (2 * MINUTE))

test('the log is run again between two swept values, and the most lenient value that keeps to the share is taken', async () => {
  const { sweep, measure, tried } = world('hang-up.idle=2m..30m:4m', falling)
  const found = await suggestionFor(sweep, 0.08, { load, measure })
  expect(found).toMatchObject({ value: '6m40s', measured: 'run', honest: HONEST, recall: 0.9, overlay: '- rule: hang-up\n  params:\n    idle: 6m40s\n' })
  expect(found.falseAlarms).toBeCloseTo(falling(6 * MINUTE + 40_000), 3)
  expect(found.falseAlarms).toBeLessThanOrEqual(0.08)
  expect(sweep.between).toHaveLength(tried.length)
  expect(Math.min(...tried)).toBeGreaterThan(6 * MINUTE)
  expect(Math.max(...tried)).toBeLessThan(10 * MINUTE)
})

test('what cannot be read again is reckoned, and says so', async () => {
  const { sweep } = world('hang-up.idle=2m..30m:4m', falling)
  const found = await suggestionFor(sweep, 0.08, { load, measure: undefined })
  expect(found).toMatchObject({ measured: 'interpolated', note: expect.stringContaining('not measured') })
  // On the safe side: the share falls faster than straight.
  expect(found.value).toBe('7m10s')
  expect(falling(7 * MINUTE + 10_000)).toBeLessThan(0.08)
})

test('a parameter that takes whole numbers gets one', async () => {
  const { sweep, measure, tried } = world('face-check.misses=1..11:5', (n) => 0.3 / n)
  expect(await suggestionFor(sweep, 0.1, { load, measure })).toMatchObject({ value: '3', measured: 'run' })
  expect(tried).toEqual([5, 4, 3, 2])
  // Nothing lies between.
  expect(await suggestionFor(world('face-check.misses=2,3', (n) => 0.3 / n).sweep, 0.12, { load, measure })).toMatchObject({ value: '3', measured: 'swept' })
})

test('a parameter of fractions gets one', async () => {
  const { sweep, measure } = world('over-credit.excess=0..0.4:0.1', (x) => 0.5 - x)
  const found = await suggestionFor(sweep, 0.253, { load, measure })
  expect(found.measured).toBe('run')
  expect(Number(found.value)).toBeCloseTo(0.25, 2)
  expect(found.falseAlarms).toBeLessThanOrEqual(0.253)
})

test('beyond what was swept nothing is suggested', async () => {
  const { sweep, measure, tried } = world('hang-up.idle=2m..4m:1m', falling)
  expect(await suggestionFor(sweep, 0.01, { load, measure })).toEqual({ wanted: 0.01, honest: HONEST, why: expect.stringContaining('even at the strictest value that was tried 20 %') })
  expect(await suggestionFor(sweep, 0.5, { load, measure })).toMatchObject({ value: '2m', measured: 'swept', note: expect.stringContaining('the most lenient value') })
  expect(tried).toEqual([])
})
