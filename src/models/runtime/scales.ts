import { z } from 'zod'
import { InvigilError } from '../../base/errors.ts'
import { fileOf, type ModelFiles } from './layers-model.ts'

const numbers = z.array(z.number())

/** `scaler.json`: how values become the numbers that the network sees, and what honest learners usually have. */
export const scalerSchema = z.strictObject({
  features: z.array(z.string().min(1)).min(1),
  center: numbers,
  scale: z.array(z.number().positive()),
  clip: z.number().positive(),
  usual: z.array(z.tuple([z.number(), z.number()])),
})
export type Scaler = z.infer<typeof scalerSchema>

/** Points of a line that is straight between them and level outside; `x` rises. */
const line = z.strictObject({ x: numbers.min(1), y: numbers.min(1) })
type Line = z.infer<typeof line>

/** `tails.json`: how unusual each standardised value is among honest learners, beside the network: `weight` times their sum is added to its logit. */
export const tailsSchema = z.strictObject({ weight: z.number().min(0), lines: z.array(line) })
export type Tails = z.infer<typeof tailsSchema>

/** `calibration.json`: an isotonic curve from logit to probability, straight between its points. */
export const calibrationSchema = z.strictObject({ x: numbers.min(1), y: z.array(z.number().min(0).max(1)).min(1) })
export type Calibration = z.infer<typeof calibrationSchema>

/** Reads `scaler.json`. Throws `bad-model`, also where the model was made for other features. */
export function readScaler(name: string, files: ModelFiles, features: readonly string[]): Scaler {
  const scaler = read(name, files, 'scaler.json', scalerSchema)
  const known = scaler.features
  const at = Array.from({ length: Math.max(known.length, features.length) }, (_, i) => i).find((i) => known[i] !== features[i])
  if (at !== undefined) {
    const [here, there] = [features[at], known[at]].map((f) => (f === undefined ? 'none' : `\`${f}\``)) as [string, string]
    const message = `the model \`${name}\` was trained on other features than this version has: number ${at + 1} is ${there} there and ${here} here`
    throw new InvigilError('bad-model', message, { problems: [{ message, mend: 'train it anew, or use the version of Invigil that it was trained with' }] })
  }
  for (const part of ['center', 'scale', 'usual'] as const) {
    if (scaler[part].length !== known.length) throw new InvigilError('bad-model', `\`scaler.json\` of the model \`${name}\` has ${known.length} features and ${scaler[part].length} of \`${part}\``)
  }
  return scaler
}

/** Reads `calibration.json`. Throws `bad-model`. */
export function readCalibration(name: string, files: ModelFiles): Calibration {
  const { x, y } = read(name, files, 'calibration.json', calibrationSchema)
  if (!rises({ x, y }) || !y.every((v, i) => i === 0 || v >= (y[i - 1] as number))) throw new InvigilError('bad-model', `\`calibration.json\` of the model \`${name}\` is no curve that rises`)
  return { x, y }
}

/** Reads `tails.json`, which a model need not have. Throws `bad-model`. */
export function readTails(name: string, files: ModelFiles, features: number): Tails | undefined {
  if (!files.has('tails.json')) return undefined
  const tails = read(name, files, 'tails.json', tailsSchema)
  if (tails.lines.length !== features || !tails.lines.every(rises)) throw new InvigilError('bad-model', `\`tails.json\` of the model \`${name}\` needs a line for each of ${features} features, whose points go from left to right`)
  return tails
}

function rises({ x, y }: Line): boolean {
  return x.length === y.length && x.every((v, i) => i === 0 || v > (x[i - 1] as number))
}

/** The height of a line at `at`; outside its points, that of the nearer one. A calibration gives the probability of a logit. */
export function heightAt({ x, y }: Line, at: number): number {
  let low = 0
  let high = x.length - 1
  if (at <= (x[0] as number)) return y[0] as number
  if (at >= (x[high] as number)) return y[high] as number
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((x[middle] as number) <= at) low = middle
    else high = middle
  }
  const x0 = x[low] as number
  const y0 = y[low] as number
  return y0 + (((y[high] as number) - y0) * (at - x0)) / ((x[high] as number) - x0)
}

/**
 * Writes what a model sees of one row: each value less the middle of honest learners, in their spreads, clipped. INVARIANT (missing): what
 * is missing is as the middle, so that what a platform does not send speaks against nobody.
 */
export function standardise({ center, scale, clip }: Scaler, rows: ArrayLike<number>, from: number, into: Float32Array | Float64Array, at: number): void {
  for (let f = 0; f < center.length; f++) {
    const value = ((rows[from + f] as number) - (center[f] as number)) / (scale[f] as number)
    into[at + f] = Number.isNaN(value) ? 0 : Math.max(-clip, Math.min(clip, value))
  }
}

/** What tails add to the logit of a standardised row. */
export function tailsOf({ weight, lines }: Tails, row: Float32Array | Float64Array, at: number): number {
  let sum = 0
  for (let f = 0; f < lines.length; f++) sum += heightAt(lines[f] as Line, row[at + f] as number)
  return weight * sum
}

function read<T>(name: string, files: ModelFiles, file: string, schema: z.ZodType<T>): T {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(fileOf(name, files, file)).toString('utf8'))
  } catch (cause) {
    if (cause instanceof InvigilError) throw cause
    throw new InvigilError('bad-model', `\`${file}\` of the model \`${name}\` is not JSON`, { cause })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new InvigilError('bad-model', `\`${file}\` of the model \`${name}\`: \`${issue?.path.join('.') ?? ''}\` ${issue?.message.toLowerCase() ?? 'is wrong'}`)
}
