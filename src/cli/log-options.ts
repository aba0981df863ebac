import { InvalidArgumentError, Option, type Command } from 'commander'
import { InvigilError } from '../base/errors.ts'
import { formatDuration, isTimeZone, type Ms } from '../base/time.ts'
import { DEFAULT_LATENESS } from '../engine/timekeeper.ts'
import { BACKENDS, type Backend } from '../models/runtime/tensorflow.ts'
import type { LogForm } from '../pipeline/logs.ts'
import { openMapping } from '../pipeline/mapping.ts'
import { DEFAULT_BACKEND } from '../pipeline/models.ts'
import { MARK_EVERY } from '../pipeline/options.ts'
import { DATE_ORDERS, type DateOrder } from '../telemetry/moodle.ts'
import { FORMATS, type Format } from '../telemetry/decode.ts'
import { ENCODINGS, type Encoding } from '../telemetry/encoding.ts'
import { duration, repeated, wholeNumber } from './options.ts'
import { modelsOption } from './rules.ts'
import { printable } from './text.ts'

/** What a log is in. */
export interface FormOptions {
  format: Format
  platform?: string
  mapping?: string
  encoding?: Encoding
  timeZone?: string
  dateOrder?: DateOrder
}

/** How a log is read and judged, besides the rules: alike in every command that does. */
export interface LogOptions extends FormOptions {
  catalogue?: string
  geo?: string[]
  models?: string
  backend: Backend
  lateness?: Ms
  markEvery: number
}

/** Their names. */
export const FORM_OPTIONS = ['format', 'platform', 'mapping', 'encoding', 'timeZone', 'dateOrder']

const MOST_PER_MARK = 1_000_000

/** Adds the options that say what a log is in. Without a format, the command finds out. */
export function addFormOptions(command: Command, format: Option = formatOption().default('canonical')): Command {
  return command
    .addOption(format)
    .option('--platform <id>', 'the platform of events that name none')
    .option('--mapping <file>', 'how a table (CSV) or any JSON becomes events: see docs/mapping.md')
    .addOption(new Option('--encoding <name>', 'how the characters of the logs are written (default: what the mapping says, else UTF-8, or UTF-16 where the log is marked so)').choices(ENCODINGS))
    .addOption(new Option('--time-zone <zone>', 'with `--format moodle`: the time zone of the report, such as `Asia/Shanghai`').argParser(zone))
    .addOption(new Option('--date-order <order>', 'with `--format moodle`: in which order dates in numbers stand, as `7/09/26`').choices(DATE_ORDERS))
}

export function formatOption(): Option {
  return new Option('--format <format>', 'format of the logs').choices(FORMATS)
}

/** Adds all of these options. */
export function addLogOptions(command: Command, format?: Option): Command {
  return addFormOptions(command, format)
    .option('--catalogue <file>', 'platforms, courses and classes, as YAML or JSON')
    .option('--geo <file>', 'a GeoIP database (.mmdb) instead of the one that comes with Invigil; may be given several times', repeated())
    .addOption(modelsOption())
    .addOption(new Option('--backend <name>', 'what runs models: WebAssembly, plain JavaScript, or `@tensorflow/tfjs-node` where that is installed').choices(BACKENDS).default(DEFAULT_BACKEND))
    .option('--lateness <duration>', `how far behind its platform's newest event an event may come (default: ${formatDuration(DEFAULT_LATENESS)}); the catalogue may say it for each platform`, duration)
    .option('--mark-every <n>', 'lines after which what is held is looked through; the warnings are the same where no event comes late', wholeNumber(MOST_PER_MARK), MARK_EVERY)
}

/** What the options say that logs are in; opens the mapping. Errors: `usage`, those of `openMapping`. */
export async function readForm({ format, platform, mapping: file, encoding, timeZone, dateOrder }: FormOptions): Promise<LogForm> {
  if (file !== undefined && format !== 'canonical' && format !== 'auto') throw new InvigilError('usage', `\`--mapping\` says what a log is in, and so does \`--format ${format}\`; keep one`)
  const isMoodle = format === 'moodle' || format === 'auto'
  const moot = timeZone !== undefined ? '--time-zone' : dateOrder !== undefined ? '--date-order' : undefined
  if (moot !== undefined && !isMoodle) throw new InvigilError('usage', `\`${moot}\` is of use with \`--format moodle\` only${file === undefined ? '' : '; a mapping says `timeZone` and `time` itself'}`)
  const mapping = file === undefined ? undefined : await openMapping(file)
  for (const note of mapping?.notes ?? []) process.stderr.write(`${printable(note)}\n`)
  return { format: mapping === undefined ? format : 'mapping', platform, details: { mapping, encoding, ...(isMoodle ? { moodle: { timeZone, dateOrder } } : {}) } }
}

function zone(text: string): string {
  if (!isTimeZone(text)) throw new InvalidArgumentError('write an IANA time zone such as `Asia/Shanghai`')
  return text
}
