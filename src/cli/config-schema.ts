import { z } from 'zod'
import { InvigilError } from '../base/errors.ts'
import { duration } from '../base/time.ts'
import { httpConfig } from '../io/http.ts'
import { kafkaConfig } from '../io/kafka/config.ts'
import { parseUrl } from '../io/redis-connection.ts'
import { Secret, secret } from '../io/secret.ts'
import { BACKENDS } from '../models/runtime/tensorflow.ts'
import { serveConfig } from '../serve/config.ts'
import { FORMATS } from '../telemetry/decode.ts'
import { ENCODINGS } from '../telemetry/encoding.ts'

const passwordFile = z.string().min(1).optional().describe('File that holds the password, in place of `password`; a line end after it does not count.')
const longerThanNothing = duration.refine((ms) => ms > 0, { error: 'must be longer than nothing' })

const sasl = kafkaConfig.shape.sasl.unwrap()

const kafka = kafkaConfig.extend({
  // A command that needs a broker says so itself: what is only printed needs none.
  brokers: kafkaConfig.shape.brokers.default([]).describe(kafkaConfig.shape.brokers.description ?? ''),
  sasl: sasl.extend({
    mechanism: sasl.shape.mechanism.describe('How to log in.'),
    username: sasl.shape.username.describe('Who logs in.'),
    password: secret.describe('The password. It is never printed or logged.'),
    passwordFile,
  }).optional().describe(kafkaConfig.shape.sasl.description ?? ''),
})

const redis = z.strictObject({
  url: z.string().describe('`redis://host:6379/0`, or `rediss://` for TLS. A user name and a password may stand in it; the keys below go before them.'),
  username: z.string().min(1).optional().describe('Who logs in; without it, the user `default`.'),
  password: z.unknown().transform((written, context) => (written === undefined ? undefined : secretOf(written, context))).optional()
    .describe('The password. It is never printed or logged.'),
  passwordFile,
  ca: z.string().min(1).optional().describe('File with the certificates to trust (PEM), for `rediss://`.'),
  prefix: z.string().min(1).max(200).default('invigil:').describe('What every key begins with: one prefix for each realm.'),
  expiry: duration.prefault('30d').describe('How long snapshots live after the last one was written; `0s` for ever.'),
  connectTimeout: longerThanNothing.prefault('5s').describe('How long to wait for a connection.'),
  commandTimeout: longerThanNothing.prefault('10s').describe('How long to wait for an answer, new connections included.'),
}).transform((written, context) => {
  const { passwordFile: _, ...given } = written
  try {
    const { username, password } = parseUrl({ url: given.url, username: given.username, password: given.password?.reveal(), ca: given.ca })
    // What is secret in the address stands apart from it, so that the address can be shown.
    return { ...given, url: withoutUser(given.url), username, password: password === undefined ? undefined : new Secret(password) }
  } catch (e) {
    if (!(e instanceof InvigilError)) throw e
    context.addIssue({ code: 'custom', path: ['url'], message: e.message })
    return z.NEVER
  }
})

function secretOf(written: unknown, context: z.core.$RefinementCtx): Secret {
  const parsed = secret.safeParse(written)
  if (parsed.success) return parsed.data
  for (const { message } of parsed.error.issues) context.addIssue({ code: 'custom', message })
  return z.NEVER
}

function withoutUser(url: string): string {
  const parsed = new URL(url)
  parsed.username = parsed.password = ''
  return parsed.href
}

const topicName = z.string().min(1).max(249).regex(/^[A-Za-z0-9._-]+$/, { error: 'may have letters, digits, `.`, `_` and `-` only' })

/** Everything that `invigil.yaml` may say. */
export const configSchema = z.strictObject({
  group: z.string().max(200).regex(/^[A-Za-z0-9._-]+$/, { error: 'needs letters, digits, `.`, `_` and `-` only' }).default('invigil')
    .describe('What the consumer groups and transactional ids begin with: processes of one group share the work.'),
  kafka: kafka.prefault({}).describe('Where Kafka is and which topics Invigil has there.'),
  redis: redis.optional().describe('Where the snapshots are kept.'),
  sources: z.array(z.strictObject({
    topic: topicName.describe("Name of a platform's own topic."),
    format: z.enum(FORMATS).default('canonical').describe('What is in it.'),
    platform: z.string().min(1).max(1024).optional().describe('The platform of events that name none.'),
    mapping: z.string().min(1).optional().describe('File that says how records of any JSON become events (docs/mapping.md), in place of `format`.'),
    encoding: z.enum(ENCODINGS).optional().describe('How the characters of its records are written; without it UTF-8.'),
  })).default([]).describe("The platforms' own topics, which the intake reads."),
  rules: z.array(z.string().min(1)).min(1).default(['shipped'])
    .describe('Directories of rules, each laid over those before it; `shipped` is the bundle that comes with Invigil.'),
  catalogue: z.string().min(1).optional().describe('File with platforms, courses and classes.'),
  geo: z.array(z.string().min(1)).min(1).optional().describe('GeoIP databases (`.mmdb`) instead of the one that comes with Invigil.'),
  models: z.string().min(1).optional().describe('Folder in which models lie by their names, instead of those that come with Invigil.'),
  backend: z.enum(BACKENDS).default('wasm').describe('What runs models under rules that are published from here: WebAssembly, plain JavaScript, or `@tensorflow/tfjs-node` where that is installed.'),
  context: z.string().min(1).optional().describe('Folder in which catalogues, models and GeoIP databases lie by their hash.'),
  snapshotEvery: longerThanNothing.prefault('60s').describe("Time between two snapshots of a task's state."),
  http: httpConfig.shape.listen,
  serve: serveConfig.prefault({}).describe('What `invigil serve` offers, and to whom (docs/http.md).'),
})
export type Config = z.output<typeof configSchema>

type Path = readonly string[]

/** A variable of the environment, and the key that it takes the place of. `flag`: `true` gives an empty map, `false` takes the key away. */
export interface Variable {
  name: string
  /** A usual name that does the same; the other goes before it. */
  also?: string
  path: Path
  kind: 'text' | 'list' | 'flag'
}

/** What the environment can say. It goes before the file. */
export const VARIABLES: readonly Variable[] = [
  { name: 'INVIGIL_GROUP', path: ['group'], kind: 'text' },
  { name: 'INVIGIL_KAFKA_BROKERS', also: 'KAFKA_BROKERS', path: ['kafka', 'brokers'], kind: 'list' },
  { name: 'INVIGIL_KAFKA_CLIENT_ID', path: ['kafka', 'clientId'], kind: 'text' },
  { name: 'INVIGIL_KAFKA_PREFIX', path: ['kafka', 'prefix'], kind: 'text' },
  { name: 'INVIGIL_KAFKA_TLS', path: ['kafka', 'tls'], kind: 'flag' },
  { name: 'INVIGIL_KAFKA_TLS_CA', path: ['kafka', 'tls', 'ca'], kind: 'text' },
  { name: 'INVIGIL_KAFKA_TLS_CERT', path: ['kafka', 'tls', 'cert'], kind: 'text' },
  { name: 'INVIGIL_KAFKA_TLS_KEY', path: ['kafka', 'tls', 'key'], kind: 'text' },
  { name: 'INVIGIL_KAFKA_MECHANISM', path: ['kafka', 'sasl', 'mechanism'], kind: 'text' },
  { name: 'INVIGIL_KAFKA_USERNAME', path: ['kafka', 'sasl', 'username'], kind: 'text' },
  { name: 'INVIGIL_KAFKA_PASSWORD', path: ['kafka', 'sasl', 'password'], kind: 'text' },
  { name: 'INVIGIL_KAFKA_PASSWORD_FILE', path: ['kafka', 'sasl', 'passwordFile'], kind: 'text' },
  { name: 'INVIGIL_REDIS_URL', also: 'REDIS_URL', path: ['redis', 'url'], kind: 'text' },
  { name: 'INVIGIL_REDIS_USERNAME', path: ['redis', 'username'], kind: 'text' },
  { name: 'INVIGIL_REDIS_PASSWORD', path: ['redis', 'password'], kind: 'text' },
  { name: 'INVIGIL_REDIS_PASSWORD_FILE', path: ['redis', 'passwordFile'], kind: 'text' },
  { name: 'INVIGIL_REDIS_CA', path: ['redis', 'ca'], kind: 'text' },
  { name: 'INVIGIL_REDIS_PREFIX', path: ['redis', 'prefix'], kind: 'text' },
  { name: 'INVIGIL_RULES', path: ['rules'], kind: 'list' },
  { name: 'INVIGIL_CATALOGUE', path: ['catalogue'], kind: 'text' },
  { name: 'INVIGIL_GEO', path: ['geo'], kind: 'list' },
  { name: 'INVIGIL_MODELS', path: ['models'], kind: 'text' },
  { name: 'INVIGIL_BACKEND', path: ['backend'], kind: 'text' },
  { name: 'INVIGIL_CONTEXT', path: ['context'], kind: 'text' },
  { name: 'INVIGIL_SNAPSHOT_EVERY', path: ['snapshotEvery'], kind: 'text' },
  { name: 'INVIGIL_HTTP', path: ['http'], kind: 'text' },
  { name: 'INVIGIL_SERVE_LISTEN', path: ['serve', 'listen'], kind: 'text' },
  { name: 'INVIGIL_SERVE_LOG', path: ['serve', 'log'], kind: 'text' },
  { name: 'INVIGIL_SERVE_FROM', path: ['serve', 'from'], kind: 'text' },
  { name: 'INVIGIL_SERVE_TLS_CERT', path: ['serve', 'tls', 'cert'], kind: 'text' },
  { name: 'INVIGIL_SERVE_TLS_KEY', path: ['serve', 'tls', 'key'], kind: 'text' },
]

/** Stands for every member of a list. */
export const EACH = '[]'

/** Keys that name files and folders. In a file they are taken from where that file lies. */
export const PATHS: readonly Path[] = [
  ['kafka', 'tls', 'ca'], ['kafka', 'tls', 'cert'], ['kafka', 'tls', 'key'], ['kafka', 'sasl', 'passwordFile'], ['redis', 'passwordFile'], ['redis', 'ca'],
  ['rules'], ['catalogue'], ['geo'], ['models'], ['context'], ['sources', EACH, 'mapping'],
  ['serve', 'log'], ['serve', 'from'], ['serve', 'tls', 'cert'], ['serve', 'tls', 'key'], ['serve', 'tokens', EACH, 'tokenFile'], ['serve', 'tokens', EACH, 'mapping'],
]

/** The maps that a password stands in. */
export const LOGINS: readonly Path[] = [['kafka', 'sasl'], ['redis']]

/** Where a scalar may be a password or hold one, were it put there by mistake. */
export const SECRETS: readonly Path[] = [[], ['kafka'], ...LOGINS, ...LOGINS.map((path) => [...path, 'password']), ['redis', 'url']]
