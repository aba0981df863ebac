import { Command, Option } from 'commander'
import { pino, type Logger } from 'pino'
import { InvigilError } from '../base/errors.ts'
import { SECOND, type Ms } from '../base/time.ts'
import { Conditions } from '../io/conditions.ts'
import { writeDurably } from '../io/durable-file.ts'
import { StatusServer } from '../io/http.ts'
import { Metrics } from '../io/metrics.ts'
import { EventLog, TELEMETRY } from '../serve/event-log.ts'
import { eventRoutes } from '../serve/events.ts'
import { ApiServer, apiDocument, type Routes, type Surroundings } from '../serve/server.ts'
import type { Store } from '../serve/store.ts'
import { newToken, Tokens } from '../serve/tokens.ts'
import { loadConfig, type Config } from './config.ts'
import { EXIT } from './exit.ts'
import { configOption } from './topics.ts'
import { VERSION } from './version.ts'

interface Options {
  intake?: boolean
  listen?: string
  log?: string
  from?: string
  kafka?: boolean
  config?: string
  newToken?: boolean
  openapi?: string
  level: string
  quiet?: boolean
}

const LEAVE_WITHIN: Ms = 9.5 * SECOND

const EXAMPLES = `
Examples:
  invigil serve --new-token                      a token, and its hash for the configuration
  invigil serve --intake --log log               takes events into a folder
  invigil run log/telemetry.ndjson --follow --state state --output out
  invigil serve --intake --log log --from out    and serves the warnings of that run

Who may write and read stands in the configuration under \`serve.tokens\`; docs/http.md
has all of it, with requests to try. Ctrl-C or SIGTERM: requests under way end, what
was acknowledged is kept.
`

/** `invigil serve`: events in and warnings out over HTTP. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('take events and serve warnings over HTTP')
    .option('--intake', 'take events: `POST /v1/events`')
    .option('--log <dir>', 'with `--intake`: folder of the log that events are written to (default: `serve.log`)')
    .option('--from <dir>', 'output folder of a run, whose warnings, prompts and records are served as they come (default: `serve.from`)')
    .option('--kafka', "write events to the platforms' topics, and serve what stands in Invigil's own")
    .option('--listen <host:port>', 'where to listen (default: `serve.listen`)')
    .addOption(configOption())
    .option('--new-token', 'print a new token and its hash, and nothing else')
    .option('--openapi <file>', 'write the OpenAPI document, and serve nothing')
    .option('--quiet', 'print nothing but what is wrong')
    .addOption(new Option('--level <level>', 'what the program says of itself on standard error, as JSON').choices(['silent', 'error', 'warn', 'info', 'debug']).default('warn'))
    .addHelpText('after', EXAMPLES)
    .action(serve)
}

async function serve(options: Options): Promise<void> {
  if (options.newToken) {
    const { token, sha256 } = newToken()
    process.stdout.write(`token   ${token}\nsha256  ${sha256}\n`)
    return
  }
  const environment = { ...process.env, ...given({ INVIGIL_SERVE_LISTEN: options.listen, INVIGIL_SERVE_LOG: options.log, INVIGIL_SERVE_FROM: options.from }) }
  const config = await loadConfig({ file: options.config, environment, needs: options.kafka ? ['kafka'] : [] })
  const log = pino({ level: options.level, base: { version: VERSION, pid: process.pid } }, pino.destination({ dest: 2, sync: true }))
  const metrics = new Metrics()
  const around: Surroundings = { config: config.serve, log, meter: metrics, health: new Conditions(), readiness: new Conditions({ serving: 'the server is starting' }) }
  try {
    if (options.openapi !== undefined) {
      const document = await apiDocument(around, allRoutes(around))
      await writeDurably(options.openapi, [Buffer.from(`${JSON.stringify(document, undefined, 2)}\n`)])
      return
    }
    await serveUntilStopped(options, config, around, metrics)
  } finally {
    metrics.close()
  }
}

function given(variables: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

async function serveUntilStopped(options: Options, config: Config, around: Surroundings, metrics: Metrics): Promise<void> {
  const stop = stopSignal()
  const tokens = Tokens.open(config.serve, performance.now())
  check(options, config, tokens)
  const store = options.intake ? await openStore(config, around.log) : undefined
  const routes: Routes[] = []
  if (store) routes.push(eventRoutes(around, { tokens, store, now: Date.now }))
  const status = config.http && (await StatusServer.open(config.http, { metrics, health: around.health, readiness: around.readiness }, (e) => around.log.error({ error: e.message }, 'the status pages failed')))
  try {
    const server = await ApiServer.open(around, routes)
    around.readiness.met('serving')
    const scheme = config.serve.tls ? 'https' : 'http'
    if (!options.quiet) process.stdout.write(`serving at ${scheme}://${server.address}${store ? `; events go to ${config.serve.log ?? ''}/${TELEMETRY}` : ''}\n`)
    await stop.asked
    around.readiness.unmet('serving', 'the server is stopping')
    await server.close()
  } finally {
    await store?.close()
    await status?.close()
    stop.left()
  }
  if (!options.quiet) process.stdout.write('left in good order\n')
}

function check(options: Options, { serve: { log, from, tokens: listed } }: Config, tokens: Tokens): void {
  if (!options.intake && from === undefined && !options.kafka) throw new InvigilError('usage', 'there is nothing to serve; take events with `--intake`, or name the output folder of a run with `--from`')
  if (options.intake && !options.kafka && log === undefined) throw new InvigilError('usage', '`--intake` needs a place for the events; name a folder with `--log`, or write them to Kafka with `--kafka`')
  if (!options.intake && options.log !== undefined) throw new InvigilError('usage', '`--log` is of use only with `--intake`')
  if (tokens.holders.length === 0) throw new InvigilError('usage', 'nobody may write or read anything; list who may under `serve.tokens` in the configuration: `invigil serve --new-token` makes a token')
  if (options.intake && !listed.some((t) => t.platform !== undefined)) throw new InvigilError('usage', 'no token has a `platform`, so that nobody may send events; say under `serve.tokens` which platform sends with which')
}

async function openStore(config: Config, log: Logger): Promise<Store> {
  const { log: opened, mended } = await EventLog.open(config.serve.log as string)
  if (mended > 0) log.warn({ bytes: mended }, 'a line of the log that was cut short by a crash is blank now; it was never acknowledged')
  return opened
}

/** Every path that there is, for the document: nothing of them is called. */
function allRoutes(around: Surroundings): Routes[] {
  const tokens = Tokens.open({ ...around.config, tokens: [] }, 0)
  const store: Store = { backlog: 0, broken: undefined, put: () => Promise.resolve(), close: () => Promise.resolve() }
  return [eventRoutes(around, { tokens, store, now: () => 0 })]
}

interface Stop {
  asked: Promise<void>
  left(): void
}

/** Ctrl-C or SIGTERM: the first asks to leave, the second insists. */
function stopSignal(): Stop {
  let late: NodeJS.Timeout | undefined
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  let onSignal = (): void => undefined
  const asked = new Promise<void>((done) => {
    onSignal = () => {
      if (late) process.exit(143)
      late = setTimeout(() => {
        process.stderr.write('invigil: not every request could be finished within 10 seconds; what was not acknowledged is to be sent again\n')
        process.exit(EXIT.outside)
      }, LEAVE_WITHIN)
      late.unref()
      done()
    }
    for (const signal of signals) process.on(signal, onSignal)
  })
  return {
    asked,
    left: () => {
      clearTimeout(late)
      for (const signal of signals) process.off(signal, onSignal)
    },
  }
}
