import { Option, type Command } from 'commander'
import { formatDuration, type Ms } from '../base/time.ts'
import { DEFAULT_LATENESS } from '../engine/timekeeper.ts'
import { BACKENDS, type Backend } from '../models/runtime/tensorflow.ts'
import { DEFAULT_BACKEND } from '../pipeline/models.ts'
import { MARK_EVERY } from '../pipeline/options.ts'
import { FORMATS, type Format } from '../telemetry/decode.ts'
import { duration, repeated, wholeNumber } from './options.ts'
import { modelsOption } from './rules.ts'

/** How a log is read and judged, besides the rules: alike in every command that does. */
export interface LogOptions {
  format: Format
  platform?: string
  catalogue?: string
  geo?: string[]
  models?: string
  backend: Backend
  lateness?: Ms
  markEvery: number
}

const MOST_PER_MARK = 1_000_000

/** Adds these options. */
export function addLogOptions(command: Command): Command {
  return command
    .addOption(new Option('--format <format>', 'format of the logs').choices(FORMATS).default('canonical'))
    .option('--platform <id>', 'the platform of events that name none')
    .option('--catalogue <file>', 'platforms, courses and classes, as YAML or JSON')
    .option('--geo <file>', 'a GeoIP database (.mmdb) instead of the one that comes with Invigil; may be given several times', repeated())
    .addOption(modelsOption())
    .addOption(new Option('--backend <name>', 'what runs models: WebAssembly, plain JavaScript, or `@tensorflow/tfjs-node` where that is installed').choices(BACKENDS).default(DEFAULT_BACKEND))
    .option('--lateness <duration>', `how far behind its platform's newest event an event may come (default: ${formatDuration(DEFAULT_LATENESS)}); the catalogue may say it for each platform`, duration)
    .option('--mark-every <n>', 'lines after which what is held is looked through; the warnings are the same where no event comes late', wholeNumber(MOST_PER_MARK), MARK_EVERY)
}
