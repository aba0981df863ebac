import { FEATURES } from '../models/features/index.ts'
import { standardise, type Scaler, type Tails } from '../models/runtime/scales.ts'
import type { Example } from './lessons.ts'

const CLIP = 12
/** Nothing is far that is so near: ten points in a hundred, or a tenth more. */
const SMALLEST = 0.1
/** Shares of honest learners that are at least as far out, at which a tail's line has its points. */
const SHARES = [0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]
/** Beyond all of them, half a spread further on. */
const [RAREST, BEYOND] = [0.0005, 0.5]
/** From there on the surprise of each further spread: a normal curve's grows by as many as there are behind it. */
const SLOPE = 4
/** Features that have innocent causes however far out they are, in players, networks, machines and lives: of these only the network makes what it learns. */
export const INNOCENT: ReadonlySet<string> = new Set([
  'gap-variation', 'gap-mad', 'gap-entropy', 'gap-memory', 'gap-same', 'gap-long', 'gap-off-cadence', 'delay-spread', 'delay-most', 'beats-together', 'residual-size',
  'residual-none', 'step-fraction', 'step-equal', 'rate-effective', 'hour-unusual', 'hour-spread', 'sitting-length', 'sitting-spread',
])

/** How features become numbers, by honest learners: the median is 0, and half the distance of the 16th and the 84th percentile is 1. */
export function scalerOf(honest: readonly Example[]): Scaler {
  const scaler: Scaler = { features: FEATURES.map((f) => f.name), center: [], scale: [], clip: CLIP, usual: [] }
  FEATURES.forEach((_, f) => {
    const values = sorted(honest.map(({ learner: { world }, row }) => world.values[row * FEATURES.length + f] as number))
    const mean = values.reduce((sum, v) => sum + v, 0) / Math.max(1, values.length)
    const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / Math.max(1, values.length))
    scaler.center.push(rounded(quantile(values, 0.5)))
    // Where most are alike, the rest say how far is far.
    scaler.scale.push(rounded(Math.max((quantile(values, 0.84) - quantile(values, 0.16)) / 2, deviation / 3, SMALLEST)))
    scaler.usual.push([rounded(quantile(values, 0.05)), rounded(quantile(values, 0.95))])
  })
  return scaler
}

/** A line for each feature: the surprise of a value, in natural logarithms, beyond what one honest learner in ten has. */
export function tailLines(honest: readonly Example[], scaler: Scaler): Tails['lines'] {
  const width = scaler.features.length
  const columns: number[][] = scaler.features.map(() => [])
  const row = new Float64Array(width)
  for (const { learner: { world }, row: r } of honest) {
    standardise(scaler, world.values, r * width, row, 0)
    for (let f = 0; f < width; f++) if (!Number.isNaN(world.values[r * width + f])) columns[f]?.push(row[f] as number)
  }
  return columns.map((column, f) => (INNOCENT.has(scaler.features[f] as string) ? LEVEL : lineOf(sorted(column))))
}

const LEVEL: Tails['lines'][number] = { x: [0], y: [0] }

function lineOf(values: readonly number[]): Tails['lines'][number] {
  if (values.length === 0) return LEVEL
  const surprise = (share: number) => rounded(-Math.log(share) - Math.log(1 / (SHARES[0] as number)))
  const points = new Map<number, number>()
  // Where several shares meet in one value it is as usual as the largest of them.
  const add = (x: number, y: number) => void points.set(rounded(x), Math.min(y, points.get(rounded(x)) ?? Infinity))
  for (const share of SHARES) {
    add(quantile(values, share), surprise(share))
    add(quantile(values, 1 - share), surprise(share))
  }
  for (const [end, side] of [[Math.min(...points.keys()), -1], [Math.max(...points.keys()), 1]] as const) {
    const last = end + side * BEYOND
    add(last, surprise(RAREST))
    if (side * last < CLIP) add(side * CLIP, surprise(RAREST) + rounded(SLOPE * (CLIP - side * last)))
  }
  const line = [...points].sort(([a], [b]) => a - b)
  return { x: line.map(([x]) => x), y: line.map(([, y]) => y) }
}

function sorted(values: readonly number[]): number[] {
  return values.filter((v) => !Number.isNaN(v)).sort((a, b) => a - b)
}

/** 0 where there are none. */
function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) return 0
  const at = share * (values.length - 1)
  const [low, high] = [values[Math.floor(at)] as number, values[Math.ceil(at)] as number]
  return low + (high - low) * (at - Math.floor(at))
}

/** Six significant digits: more say nothing, and are not read. */
function rounded(x: number): number {
  return Number(x.toPrecision(6))
}
