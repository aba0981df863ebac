import { setTimeout as sleep } from 'node:timers/promises'
import { formatProblem, InvigilError, type Problem } from '../../base/errors.ts'
import { DAY, SECOND } from '../../base/time.ts'
import { TOPIC_RESOURCE, type Admin, type KafkaClient } from './client.ts'
import { TOPICS, topicOf, type KafkaConfig, type TopicKind } from './config.ts'
import { kafkaError } from './errors.ts'

/** A topic as Invigil needs it. */
export interface Topic {
  kind: TopicKind
  /** In Kafka. */
  name: string
  partitions: number
  /** The brokers' default where it is not given. */
  replication?: number
  configs: Readonly<Record<string, string>>
}

/** What part of the configuration the topics depend on. */
export type TopicsConfig = Pick<KafkaConfig, 'prefix' | 'topics'>

// A line of 1 MiB, in base 64 where it is a reject, with what is said about it.
const LARGEST = '2097152'
const BY_BROKER = { 'message.timestamp.type': 'LogAppendTime' }
const PROMPTS_KEPT = 7 * DAY
const READY_WITHIN = 10 * SECOND
const READY_EVERY = 20

/** Every topic that Invigil has, in the order of the line that telemetry takes. */
export function topicsOf(config: TopicsConfig): Topic[] {
  const { partitions, replication, retention, keep } = config.topics
  const kept = (ms: number) => ({ 'cleanup.policy': 'delete', 'retention.ms': String(ms) })
  const latest = { 'cleanup.policy': 'compact,delete', 'retention.ms': String(keep) }
  const own: Record<TopicKind, Record<string, string>> = {
    // The stamps are what keeps one wrong clock from moving a platform's time: the broker sets them, nobody else.
    telemetry: { ...kept(retention), ...BY_BROKER },
    marks: { ...kept(retention), ...BY_BROKER },
    sightings: kept(retention),
    contexts: { 'cleanup.policy': 'compact' },
    warnings: latest,
    shadow: latest,
    records: latest,
    prompts: kept(PROMPTS_KEPT),
    reviews: kept(keep),
    rejects: kept(retention),
    late: kept(retention),
  }
  // Marks and contexts are read whole and in their order.
  const counts: Record<TopicKind, number> = { ...partitions, marks: 1, contexts: 1 }
  return TOPICS.map((kind) => ({ kind, name: topicOf(config, kind), partitions: counts[kind], replication, configs: { ...own[kind], 'max.message.bytes': LARGEST } }))
}

/** What `createTopics` and `checkTopics` found. */
export interface TopicsFound {
  /** Names of topics that were not there; after `createTopics`, they are. */
  missing: string[]
  /** Settings that differ from what is wanted, with the command that mends them. Nothing is changed by itself. */
  differing: Problem[]
}

/** Looks at the topics that are there. Throws `usage` where one has another number of partitions, and says how to migrate. */
export async function checkTopics(client: KafkaClient): Promise<TopicsFound> {
  return client.withAdmin((admin) => look(admin, client.config))
}

/**
 * Makes the topics that are missing, and looks at those that are there. Where one has another number of partitions, it throws
 * `usage` and makes none.
 */
export async function createTopics(client: KafkaClient): Promise<TopicsFound> {
  return client.withAdmin(async (admin) => {
    const found = await look(admin, client.config)
    await makeTopics(admin, topicsOf(client.config).filter((t) => found.missing.includes(t.name)))
    return found
  })
}

/** Makes topics, and returns once the broker knows them all. One that is there already is left as it is. */
export async function makeTopics(admin: Admin, topics: readonly Omit<Topic, 'kind'>[]): Promise<void> {
  for (const { name, partitions, replication, configs } of topics) {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    try {
      // False where another process was faster: it wanted the same.
      await admin.createTopics({ topics: [{ topic: name, numPartitions: partitions, replicationFactor: replication, configEntries }], waitForLeaders: false })
    } catch (e) {
      throw kafkaError(e, { topic: name })
    }
  }
  const deadline = Date.now() + READY_WITHIN
  for (let waiting = topics.map((t) => t.name); waiting.length > 0; await sleep(READY_EVERY)) {
    const ready = new Set((await admin.fetchTopicMetadata()).topics.filter((t) => t.partitions.every((p) => p.leader >= 0)).map((t) => t.name))
    waiting = waiting.filter((name) => !ready.has(name))
    if (waiting.length > 0 && Date.now() > deadline) throw new InvigilError('io', `the topic \`${waiting[0]}\` was made, but has no leader yet; look at the brokers`)
  }
}

async function look(admin: Admin, config: TopicsConfig): Promise<TopicsFound> {
  const wanted = topicsOf(config)
  const { topics } = await admin.fetchTopicMetadata()
  const counts = new Map(topics.map((t) => [t.name, t.partitions.length]))
  const changed = wanted.flatMap((topic) => {
    const count = counts.get(topic.name)
    return count === undefined || count === topic.partitions ? [] : [otherCount(topic, count)]
  })
  if (changed.length > 0) throw new InvigilError('usage', changed.length === 1 ? formatProblem(changed[0] as Problem) : `${changed.length} topics have another number of partitions than is wanted`, { problems: changed })
  const there = wanted.filter((t) => counts.has(t.name))
  return { missing: wanted.filter((t) => !counts.has(t.name)).map((t) => t.name), differing: await settings(admin, there) }
}

// Keys would lie in other partitions than their state, and every offset and mark speaks of the old ones.
function otherCount({ kind, name, partitions }: Topic, count: number): Problem {
  const keep = kind === 'marks' || kind === 'contexts' ? 'it must be made anew with one' : `set \`topics.partitions.${kind}\` to ${count}`
  return {
    message: `the topic \`${name}\` has ${count} partitions, not ${partitions}; the number is fixed while there is state`,
    mend: `${keep}; or choose another \`prefix\` and make its topics with \`invigil topics\`: the platforms' topics are then read again from where they begin`,
  }
}

async function settings(admin: Admin, topics: readonly Topic[]): Promise<Problem[]> {
  if (topics.length === 0) return []
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false, resources: topics.map(({ name, configs }) => ({ type: TOPIC_RESOURCE, name, configNames: Object.keys(configs) })),
  })
  return topics.flatMap((topic) => {
    const entries = resources.find((r) => r.resourceName === topic.name)?.configEntries ?? []
    return Object.entries(topic.configs).flatMap(([key, want]) => {
      const is = entries.find((e) => e.configName === key)?.configValue
      return is === undefined || suits(key, is, want) ? [] : [difference(topic.name, key, is, want)]
    })
  })
}

/** More room and longer keeping than is wanted do no harm; -1 keeps for ever. */
function suits(key: string, is: string, want: string): boolean {
  switch (key) {
    case 'retention.ms':
      return is === '-1' || Number(is) >= Number(want)
    case 'max.message.bytes':
      return Number(is) >= Number(want)
    case 'cleanup.policy':
      return is.split(',').sort().join() === want.split(',').sort().join()
    default:
      return is === want
  }
}

function difference(name: string, key: string, is: string, want: string): Problem {
  const why = key === 'message.timestamp.type' ? ', so that senders set the stamps which time is told by' : ''
  // Brackets, since a value may hold a comma.
  return { message: `the topic \`${name}\` has \`${key}=${is}\`, not \`${want}\`${why}`, mend: `kafka-configs.sh --alter --entity-type topics --entity-name ${name} --add-config '${key}=[${want}]'` }
}
