import { z } from 'zod'
import { duration } from '../../base/time.ts'
import { secret } from '../secret.ts'

/** The topics of Invigil, by the names that the design gives them. */
export const TOPICS = ['telemetry', 'marks', 'sightings', 'contexts', 'warnings', 'shadow', 'records', 'prompts', 'reviews', 'rejects', 'late'] as const
export type TopicKind = (typeof TOPICS)[number]

const MOST_PARTITIONS = 1024
const partitions = (n: number, what: string) => z.int().min(1).max(MOST_PARTITIONS).default(n).describe(what)
const topicText = z.string().max(200).regex(/^[A-Za-z0-9._-]*$/, { error: 'may have letters, digits, `.`, `_` and `-` only' })
const topicName = topicText.min(1)

const address = z.string().refine(isAddress, { error: 'not an address; write it like `kafka-1.example.org:9092`' })

function isAddress(text: string): boolean {
  const m = /^[^\s:/,]+:(\d{1,5})$/.exec(text)
  return m !== null && Number(m[1]) >= 1 && Number(m[1]) <= 65_535
}

/** How the topics are made. What is left out of `partitions` has the default; a count is fixed once the topic exists. */
export const topicsConfig = z.strictObject({
  partitions: z.strictObject({
    telemetry: partitions(12, 'The most learner tasks that can run at once.'),
    sightings: partitions(12, 'The most resource tasks that can run at once.'),
    warnings: partitions(6, 'Partitions of the warnings.'),
    shadow: partitions(1, 'Partitions of the warnings of rules in the shadow.'),
    records: partitions(6, 'Partitions of the learning records.'),
    prompts: partitions(6, 'Partitions of the prompts.'),
    reviews: partitions(1, 'Partitions of the reviews.'),
    rejects: partitions(3, 'Partitions of the rejects.'),
    late: partitions(3, 'Partitions of the late events.'),
  }).prefault({}),
  replication: z.int().min(1).max(32).optional().describe("Copies of each partition; without it, the brokers' default."),
  retention: duration.prefault('90d').describe('How long telemetry, marks, sightings, rejects and late events are kept: at least the longest class and 30 days, or a task whose state is lost cannot begin anew.'),
  keep: duration.prefault('1095d').describe('How long warnings, learning records and reviews are kept.'),
  names: z.partialRecord(z.enum(TOPICS), topicName).default({}).describe('Topics that are not called as the prefix says.'),
})

/** How to reach Kafka. */
export const kafkaConfig = z.strictObject({
  brokers: z.array(address).min(1).describe('Brokers to begin with, each `host:port`; the others are learnt from them.'),
  clientId: z.string().min(1).max(200).default('invigil').describe("How Invigil is called in the brokers' logs and quotas."),
  prefix: topicText.default('invigil.').describe('What the name of every topic begins with: one prefix for each realm.'),
  tls: z.strictObject({
    ca: z.string().optional().describe('File with the certificates of the authorities that the brokers are trusted by (PEM).'),
    cert: z.string().optional().describe('File with the certificate to show to the brokers (PEM).'),
    key: z.string().optional().describe('File with its private key (PEM).'),
    rejectUnauthorized: z.boolean().default(true).describe('Whether a broker whose certificate cannot be verified is refused.'),
  })
    .refine((tls) => (tls.cert === undefined) === (tls.key === undefined), { error: '`cert` and `key` go together' })
    .optional().describe('Speak TLS; `{}` trusts the authorities that Node knows.'),
  sasl: z.strictObject({
    mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']),
    username: z.string().min(1),
    password: secret,
  }).optional().describe('Log in to the brokers.'),
  topics: topicsConfig.prefault({}),
})
export type KafkaConfig = z.output<typeof kafkaConfig>

/** `a:9092, b:9092`, as an option or an environment variable has it, as the list that `brokers` wants. */
export function brokerList(text: string): string[] {
  return text.split(',').map((broker) => broker.trim()).filter((broker) => broker !== '')
}

/** The name that a topic of Invigil has in Kafka. */
export function topicOf({ prefix, topics }: Pick<KafkaConfig, 'prefix' | 'topics'>, kind: TopicKind): string {
  return topics.names[kind] ?? `${prefix}${kind}`
}
