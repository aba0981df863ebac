import { Command, Option } from 'commander'
import { join } from 'node:path'
import { pino } from 'pino'
import { InvigilError } from '../base/errors.ts'
import { SECOND, type Ms } from '../base/time.ts'
import { Conditions } from '../io/conditions.ts'
import { writeDurably } from '../io/durable-file.ts'
import { StatusServer } from '../io/http.ts'
import { KafkaClient } from '../io/kafka/client.ts'
import { Metrics } from '../io/metrics.ts'
import { eventRoutes } from '../serve/events.ts'
import { FEEDS, type FeedName, type Feeds } from '../serve/feed/feed.ts'
import { FileFeed } from '../serve/feed/file-feed.ts'
import { feedRoutes } from '../serve/feed/routes.ts'
import { TopicFeed } from '../serve/feed/topic-feed.ts'
import type { Routes, Surroundings } from '../serve/server.ts'
import type { Store } from '../serve/store.ts'
import { newToken, Tokens } from '../serve/tokens.ts'
import { loadConfig, type Config } from './config.ts'
import { EXIT } from './exit.ts'
import { logPlace, topicPlaces } from './serve-places.ts'
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

/** No other command should wait for what the server needs. */
function server() {
  return import('../serve/server.ts')
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
      const { apiDocument } = await server()
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
  const client = options.kafka ? await KafkaClient.open(config.kafka, around.log) : undefined
  const closers: { close(): Promise<void> }[] = []
  try {
    const routes: Routes[] = []
    let kept = ''
    if (options.intake) {
      const places = client ? await topicPlaces(client, config, tokens) : await logPlace(config, tokens, around.log)
      closers.push(...places.stores)
      kept = places.said
      routes.push(eventRoutes(around, { tokens, ...places, now: Date.now }))
    }
    const feeds = await openFeeds(client, config, around)
    const streams = feeds && feedRoutes(around, tokens, feeds)
    if (feeds && streams) {
      closers.push(...Object.values(feeds))
      routes.push(streams.routes)
    }
    if (config.http) closers.push(await StatusServer.open(config.http, { metrics, health: around.health, readiness: around.readiness }, (e) => around.log.error({ error: e.message }, 'the status pages failed')))
    const { ApiServer } = await server()
    const api = await ApiServer.open(around, routes)
    around.readiness.met('serving')
    if (!options.quiet) process.stdout.write(`serving at ${config.serve.tls ? 'https' : 'http'}://${api.address}${kept}\n`)
    await stop.asked
    around.readiness.unmet('serving', 'the server is stopping')
    streams?.close()
    await api.close()
  } finally {
    for (const one of closers) await one.close()
    stop.left()
  }
  if (!options.quiet) process.stdout.write('left in good order\n')
}

async function openFeeds(client: KafkaClient | undefined, { group, serve: { from, tokens } }: Config, { log, health }: Surroundings): Promise<Feeds | undefined> {
  if (client && tokens.some((t) => t.reads !== undefined)) {
    const feeds: Partial<Record<FeedName, TopicFeed>> = {}
    for (const name of FEEDS) {
      feeds[name] = await TopicFeed.open(client, {
        topic: client.topic(name), group,
        broken: (e) => {
          health.unmet(name, 'the topic can be read no more')
          log.error({ error: e.message }, 'a topic that is served can be read no more; restart')
        },
      })
    }
    return feeds as Feeds
  }
  return from === undefined ? undefined : feedsOf(from)
}

function check(options: Options, { serve: { log, from, tokens: listed } }: Config, tokens: Tokens): void {
  if (!options.intake && !(from !== undefined || (options.kafka && listed.some((t) => t.reads)))) throw new InvigilError('usage', 'there is nothing to serve; take events with `--intake`, name the output folder of a run with `--from`, or with `--kafka` say what tokens may read (`reads`)')
  if (options.intake && !options.kafka && log === undefined) throw new InvigilError('usage', '`--intake` needs a place for the events; name a folder with `--log`, or write them to Kafka with `--kafka`')
  if (!options.intake && options.log !== undefined) throw new InvigilError('usage', '`--log` is of use only with `--intake`')
  if (tokens.holders.length === 0) throw new InvigilError('usage', 'nobody may write or read anything; list who may under `serve.tokens` in the configuration: `invigil serve --new-token` makes a token')
  if (options.intake && !listed.some((t) => t.platform !== undefined)) throw new InvigilError('usage', 'no token has a `platform`, so that nobody may send events; say under `serve.tokens` which platform sends with which')
}

function feedsOf(dir: string): Feeds {
  return Object.fromEntries(FEEDS.map((name) => [name, new FileFeed(join(dir, `${name}.ndjson`))])) as unknown as Feeds
}

/** Every path that there is, for the document: nothing of them is called. */
function allRoutes(around: Surroundings): Routes[] {
  const tokens = Tokens.open({ ...around.config, tokens: [] }, 0)
  const store: Store = { backlog: 0, broken: undefined, put: () => Promise.resolve(), close: () => Promise.resolve() }
  return [eventRoutes(around, { tokens, storeOf: () => store, now: () => 0 }), feedRoutes(around, tokens, feedsOf('')).routes]
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
