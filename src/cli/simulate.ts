import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { Command } from 'commander'
import { stringify } from 'yaml'
import { InvigilError } from '../base/errors.ts'
import { parseTime } from '../base/time.ts'
import { fileError } from '../io/file-error.ts'
import type { WireEvent } from '../telemetry/event.ts'
import { adversaries, DEFAULT_CHEATERS, simulate, unlisted, type SimulateOptions } from '../simulate/index.ts'
import type { Truth } from '../simulate/truth.ts'

const MOST_LEARNERS = 1_000_000
const MOST_DAYS = 366
const CHUNK = 1 << 16

/** The command line, as it was written. */
interface Given {
  output?: string
  learners?: string
  days?: string
  seed?: string
  cheaters?: string
  start?: string
  variety?: boolean
  watched?: boolean
  spread?: string
  jitter?: string
  archetypes?: string
}

/** `invigil simulate`: labelled telemetry of made-up learners, some of whom cheat. */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description('make labelled telemetry of simulated learners, some of whom cheat: telemetry.ndjson.gz, catalogue.yaml and truth.json')
    .requiredOption('--output <dir>', 'folder to write to; made if it is not there')
    .option('--learners <n>', 'how many learners', '200')
    .option('--days <d>', 'how many days', '1')
    .option('--seed <s>', 'same seed, same bytes', '1')
    .option('--cheaters <share>', 'share of the learners who cheat, from 0 to 1', String(DEFAULT_CHEATERS))
    .option('--start <date>', 'first day, such as 2026-03-02')
    .option('--variety', 'platforms, courses and people drawn from the seed, with honest habits that look like a program\'s, in place of the documented ones')
    .option('--spread <low-high>', 'how far numbers stray from the documented ones, as shares below 1; 0.3-0.5 gives none that a default world has')
    .option('--jitter <share>', 'share, from 0 to 0.5, by which programs lengthen or shorten each interval, in place of their own noise')
    .option('--watched', 'say in truth.json which media seconds were watched, to compare learning records with')
    .option('--archetypes <names>', `which kinds of cheating take part, with commas; all by default but \`${unlisted.map((a) => a.name).join('` `')}\`, which are for judging only`)
    .action(async (given: Given) => {
      const output = given.output as string
      const truth = await writeSimulation(parseOptions(given), output)
      const { learners, honest, cheaters, events } = truth.counts
      process.stdout.write(`${events} events of ${learners} learners (${honest} honest, ${cheaters} cheating) in ${output}\n`)
    })
}

/** Writes a simulation into a folder and returns its truth. Errors: `usage`, `io` or `disk-full` where the folder cannot be written. */
export async function writeSimulation(options: SimulateOptions, output: string): Promise<Truth> {
  const simulation = simulate(options)
  try {
    await mkdir(output, { recursive: true })
    await pipeline(Readable.from(lines(simulation.records), { objectMode: true }), createGzip({ level: 1 }), createWriteStream(join(output, 'telemetry.ndjson.gz')))
    const truth = simulation.truth()
    await writeFile(join(output, 'catalogue.yaml'), stringify(simulation.catalogue, { lineWidth: 0 }))
    await writeFile(join(output, 'truth.json'), `${JSON.stringify(truth, undefined, 2)}\n`)
    return truth
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code === undefined ? cause : fileError(output, cause as NodeJS.ErrnoException)
  }
}

function* lines(records: Iterable<WireEvent>): Generator<string> {
  let chunk = ''
  for (const record of records) {
    chunk += `${JSON.stringify(record)}\n`
    if (chunk.length < CHUNK) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}

/** Checks what was written on the command line; all that is wrong is reported at once. */
export function parseOptions(given: Given): SimulateOptions {
  const problems: string[] = []
  const learners = number(given, 'learners', 1, MOST_LEARNERS, true, problems)
  const days = number(given, 'days', 1, MOST_DAYS, true, problems)
  const seed = number(given, 'seed', 0, 2 ** 31 - 1, true, problems)
  const cheaters = number(given, 'cheaters', 0, 1, false, problems)
  const { start } = given
  if (start !== undefined && (!/^\d{4}-\d\d-\d\d$/.test(start) || parseTime(`${start}T00:00:00Z`) === undefined)) {
    problems.push(`\`--start ${start}\` is not a date such as 2026-03-02`)
  }
  const jitter = given.jitter === undefined ? undefined : number(given, 'jitter', 0, 0.5, false, problems)
  const spread = given.spread === undefined ? undefined : parseSpread(given.spread, problems)
  const archetypes = given.archetypes === undefined ? undefined : parseArchetypes(given.archetypes, problems)
  if (problems.length > 0) throw new InvigilError('usage', problems.join('; '))
  return { learners, days, seed, cheaters, start, variety: given.variety, watched: given.watched, spread, jitter, adversaries: archetypes }
}

function parseSpread(text: string, problems: string[]): readonly [number, number] | undefined {
  const [, low, high] = /^(0(?:\.\d+)?)-(0(?:\.\d+)?)$/.exec(text) ?? []
  if (low !== undefined && high !== undefined && Number(low) <= Number(high)) return [Number(low), Number(high)]
  problems.push(`\`--spread ${text}\` is not two shares below 1, the smaller first, such as 0.3-0.5`)
  return undefined
}

function parseArchetypes(text: string, problems: string[]): SimulateOptions['adversaries'] {
  const known = [...adversaries, ...unlisted]
  const names = text.split(',').map((n) => n.trim())
  for (const name of names) if (!known.some((a) => a.name === name)) problems.push(`\`--archetypes\` has no \`${name}\`; there are ${known.map((a) => a.name).join(', ')}`)
  return known.filter((a) => names.includes(a.name))
}

function number(given: Given, name: Exclude<keyof Given, 'variety' | 'watched'>, low: number, high: number, whole: boolean, problems: string[]): number {
  const text = given[name] ?? ''
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (value >= low && value <= high && (!whole || Number.isInteger(value))) return value
  problems.push(`\`--${name} ${text}\` is not a ${whole ? 'whole ' : ''}number from ${low} to ${high}`)
  return low
}
