import { z } from 'zod'
import { duration, SECOND } from '../base/time.ts'
import { httpConfig } from '../io/http.ts'
import { FORMATS } from '../telemetry/decode.ts'

const MIB = 2 ** 20
const name = z.string().min(1).max(1024)

const bytes = z.int().min(1024).max(64 * MIB).describe('Bytes of one request, as sent and unzipped.')
const records = z.int().min(1).max(1_000_000).describe('Records in one request.')
const requestsPerSecond = z.number().gt(0).max(1e6).describe('Requests a second of one token; for a moment it may be twice that.')
const eventsPerSecond = z.number().gt(0).max(1e7).describe('Records a second of one token, on average; one request may always have `records`.')
const limits = z.strictObject({ bytes: bytes.default(8 * MIB), records: records.default(10_000), requestsPerSecond: requestsPerSecond.default(50), eventsPerSecond: eventsPerSecond.default(20_000) })
const ownLimits = z.strictObject({ bytes: bytes.optional(), records: records.optional(), requestsPerSecond: requestsPerSecond.optional(), eventsPerSecond: eventsPerSecond.optional() })
/** What one token may send. */
export type Limits = z.output<typeof limits>

const reads = z.strictObject({
  platforms: z.array(name).default([]).describe('Platforms whose warnings, prompts and records it may read.'),
  institutions: z.array(name).default([]).describe('Institutions whose warnings and records it may read.'),
  everything: z.boolean().default(false).describe('Whether it may read all that there is: for the supervising office.'),
})
/** What one token may read. */
export type Reads = z.output<typeof reads>

const token = z.strictObject({
  name: z.string().min(1).max(100).regex(/^[\w.-]+$/, { error: 'may have letters, digits, `.`, `_` and `-` only' }).describe('How the token is called in logs.'),
  sha256: z.string().regex(/^[0-9a-fA-F]{64}$/, { error: 'must be 64 hex digits; `invigil serve --new-token` makes a token and its hash' }).optional()
    .describe('SHA-256 of the token, as `invigil serve --new-token` prints it.'),
  tokenFile: z.string().min(1).optional().describe('File that holds the token itself, in place of `sha256`; a line end after it does not count.'),
  platform: name.optional().describe('The platform whose events it may write; without it, it may write nothing.'),
  format: z.enum(FORMATS).default('canonical').describe('What its events are written in, unless a request says `?format=`.'),
  mapping: z.string().min(1).optional().describe('File that says how records of any JSON become events (docs/mapping.md), in place of `format`.'),
  topic: z.string().min(1).max(249).optional().describe('With `--kafka`: the topic among `sources` that its events go to, which says what they are written in.'),
  reads: reads.optional().describe('What it may read; without it, nothing.'),
  limits: ownLimits.optional().describe('Limits of its own.'),
}).superRefine(({ sha256, tokenFile }, context) => {
  if ((sha256 === undefined) === (tokenFile === undefined)) context.addIssue({ code: 'custom', message: 'needs either `sha256` or `tokenFile`' })
})
/** A token as the configuration has it. */
export type TokenConfig = z.output<typeof token>

/** What `invigil serve` needs to know. */
export const serveConfig = z.strictObject({
  listen: httpConfig.shape.listen.unwrap().prefault('127.0.0.1:8080').describe('Where `invigil serve` listens, as `host:port`.'),
  log: z.string().min(1).optional().describe('Folder of the log that events are written to where there is no Kafka.'),
  from: z.string().min(1).optional().describe('Output folder of the run whose warnings, prompts and records are served where there is no Kafka.'),
  tls: z.strictObject({
    cert: z.string().min(1).describe('File with the certificate and those above it (PEM).'),
    key: z.string().min(1).describe('File with its private key (PEM).'),
  }).optional().describe('Speak TLS; without it, a proxy in front must.'),
  tokens: z.array(token).default([]).describe('Who may write and read.'),
  limits: limits.prefault({}).describe('What a token may send that has no limits of its own.'),
  requestTimeout: duration.refine((ms) => ms >= SECOND, { error: 'must be at least a second' }).prefault('30s').describe('How long a request may take to come in whole.'),
  connections: z.int().min(1).max(100_000).default(500).describe('Connections that may be open at once.'),
})
export type ServeConfig = z.output<typeof serveConfig>
