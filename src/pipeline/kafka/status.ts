import { z } from 'zod'
import { InvigilError, type Problem } from '../../base/errors.ts'
import { formatTime, type Ms } from '../../base/time.ts'
import { unpackMark } from '../../engine/mark-record.ts'
import { TOPIC_RESOURCE, type Admin, type KafkaClient } from '../../io/kafka/client.ts'
import { describeGroup, type GroupMember } from '../../io/kafka/groups.ts'
import { lastRecord } from '../../io/kafka/last-record.ts'
import { committedOffsets, logRanges, type LogRange } from '../../io/kafka/offsets.ts'
import { oldestStamp } from '../../io/kafka/oldest-stamp.ts'
import { checkTopics } from '../../io/kafka/topics.ts'
import { ROLES, type RoleName } from './role.ts'
import { judge } from './status-problems.ts'

/** One partition of a stage's input, and how far the stage has come in it. */
export interface TaskStatus {
  topic: string
  partition: number
  /** The member that has it. */
  owner?: string
  /** What the log reaches from and to; `end` counts markers of transactions, too. */
  start: number
  end: number
  /** The next record to read after a crash. It trails what is handled by up to a snapshot. */
  offset?: number
  lag: number
  /** The last mark whose outputs are out, that of the last snapshot, and how many marks have come since the first. */
  out?: number
  snapshot?: number
  behind?: number
  manifest?: string
  context?: string
  version?: string
  /** As it is committed, where it is not what tasks write. */
  metadata?: string
}

export interface StageStatus {
  stage: RoleName
  group: string
  /** As Kafka names it. */
  state: string
  members: GroupMember[]
  /** The topics whose partitions its tasks are. */
  inputs: readonly string[]
  tasks: TaskStatus[]
}

/** The last mark. Ages are by this machine's clock. */
export interface MarkStatus {
  number: number
  context: string
  /** When it was written. */
  at: string
  age: Ms
  /** How many records of `telemetry` have come that it does not cover, markers of transactions included. */
  uncovered: number
  platforms: { platform: string; watermark?: string; age?: Ms; troubled: boolean }[]
}

/** What works, how far it has come, and what is to be looked at. */
export interface Status {
  format: 1
  at: string
  /** Whether the brokers stamp `telemetry`, as they must; undefined where it is not there. */
  stamps?: boolean
  mark?: MarkStatus
  /** When the oldest record of `telemetry` was stored that no mark covers. */
  waiting?: string
  stages: StageStatus[]
  problems: Problem[]
}

export interface StatusOptions {
  /** What the names of Invigil's groups begin with. */
  group: string
  sources: readonly string[]
  now: Ms
}

/** Reads what Kafka knows of the tasks of a group. It changes nothing. */
export async function collectStatus(client: KafkaClient, options: StatusOptions): Promise<Status> {
  const { now } = options
  const [topics, problems] = await lookAtTopics(client, options.sources)
  const logs = await client.withAdmin(async (admin) => {
    const found = new Map<string, LogRange[]>()
    for (const name of topics.there) found.set(name, await logRanges(admin, name))
    return found
  })
  const last = await lastMark(client, options.group, logs.get(client.topic('marks')))
  const telemetry = logs.get(client.topic('telemetry')) ?? []
  const mark = last && markStatus(last, telemetry, now)
  const oldest = await firstUncovered(client, options.group, telemetry, last?.offsets ?? [])
  const stages = await client.withAdmin(async (admin) => {
    const all: StageStatus[] = []
    for (const stage of ROLES) {
      const group = `${options.group}-${stage}`
      const { state, members } = await describeGroup(admin, group)
      const tasks: TaskStatus[] = []
      const inputs = inputsOf(stage, client, options.sources)
      for (const topic of inputs) {
        const ranges = logs.get(topic)
        if (!ranges) continue
        const committed = await committedOffsets(admin, group, topic)
        for (const [partition, range] of ranges.entries()) {
          const owner = members.find((m) => m.partitions[topic]?.includes(partition))?.id
          tasks.push({ topic, partition, ...(owner === undefined ? {} : { owner }), ...range, ...progress(stage, range, committed[partition], mark?.number) })
        }
      }
      all.push({ stage, group, state, members, inputs, tasks })
    }
    return all
  })
  const status: Status = {
    format: 1, at: formatTime(now), ...(topics.stamps === undefined ? {} : { stamps: topics.stamps }), ...(mark ? { mark } : {}),
    ...(oldest === undefined ? {} : { waiting: formatTime(oldest) }), stages, problems,
  }
  return { ...status, problems: [...problems, ...judge(status, now)] }
}

/** What a stage's tasks are the partitions of. The timekeeper is elected by the one partition of the marks. */
function inputsOf(stage: RoleName, client: KafkaClient, sources: readonly string[]): readonly string[] {
  return stage === 'intake' ? sources : [client.topic(({ time: 'marks', learner: 'telemetry', resource: 'sightings' } as const)[stage])]
}

async function lookAtTopics(client: KafkaClient, sources: readonly string[]): Promise<[{ there: string[]; stamps?: boolean }, Problem[]]> {
  const { topics } = await client.withAdmin((admin) => admin.fetchTopicMetadata())
  const names = new Set(topics.map((t) => t.name))
  const telemetry = client.topic('telemetry')
  const there = [telemetry, client.topic('marks'), client.topic('sightings'), ...sources].filter((name) => names.has(name))
  const lost = sources.filter((name) => !names.has(name)).map((name) => ({ message: `the source \`${name}\` is not in Kafka, or may not be seen`, mend: 'check `sources`, and the rights' }))
  const found = { there, ...(names.has(telemetry) ? { stamps: await client.withAdmin((admin) => isStamped(admin, telemetry)) } : {}) }
  try {
    const { missing, differing } = await checkTopics(client)
    return [found, [...missing.map((name) => ({ message: `the topic \`${name}\` is missing`, mend: '`invigil topics` makes it' })), ...differing, ...lost]]
  } catch (e) {
    // Another number of partitions than is configured: the rest can be shown all the same.
    if (!(e instanceof InvigilError) || e.problems.length === 0) throw e
    return [found, [...e.problems, ...lost]]
  }
}

async function isStamped(admin: Admin, name: string): Promise<boolean> {
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: TOPIC_RESOURCE, name, configNames: ['message.timestamp.type'] }] })
  return resources[0]?.configEntries[0]?.configValue === 'LogAppendTime'
}

interface LastMark {
  number: number
  context: string
  at: Ms
  offsets: readonly number[]
  watermarks: Readonly<Record<string, Ms>>
  troubled: readonly string[]
}

async function lastMark(client: KafkaClient, group: string, ranges: readonly LogRange[] | undefined): Promise<LastMark | undefined> {
  const message = ranges?.[0] && (await lastRecord(client, group, client.topic('marks'), 0, ranges[0]))
  if (!message) return undefined
  const { mark: { number, context, watermarks, troubled }, offsets } = unpackMark(message.value ?? Buffer.alloc(0))
  return { number, context, at: Number(message.timestamp), offsets, watermarks, troubled }
}

function markStatus({ number, context, at, offsets, watermarks, troubled }: LastMark, telemetry: readonly LogRange[], now: Ms): MarkStatus {
  const platforms = Object.entries(watermarks).map(([platform, watermark]) => ({
    platform, ...(Number.isFinite(watermark) ? { watermark: formatTime(watermark), age: now - watermark } : {}), troubled: troubled.includes(platform),
  }))
  const uncovered = telemetry.reduce((sum, { start, end }, p) => sum + Math.max(0, end - Math.max(start, offsets[p] ?? 0)), 0)
  return { number, context, at: formatTime(at), age: now - at, uncovered, platforms: platforms.sort((a, b) => (a.platform < b.platform ? -1 : 1)) }
}

/** When the oldest record was stored that no mark covers; the end of a log cannot tell whether there is one. */
function firstUncovered(client: KafkaClient, group: string, telemetry: readonly LogRange[], offsets: readonly number[]): Promise<Ms | undefined> {
  return oldestStamp(client, group, client.topic('telemetry'), telemetry.map(({ start, end }, p) => ({ start: Math.max(start, offsets[p] ?? 0), end })))
}

// What tasks commit with their offset. Whatever is not there is not known.
const metadataSchema = z.object({
  o: z.int().optional(), q: z.int().optional(), m: z.string().optional(), c: z.string().optional(), v: z.string().optional(),
})

function progress(stage: RoleName, { start, end }: LogRange, committed: { offset: number; metadata: string } | undefined, last: number | undefined): Partial<TaskStatus> & { lag: number } {
  const lag = Math.max(0, end - Math.max(start, committed?.offset ?? 0))
  if (committed === undefined) return { lag }
  const known = stage === 'learner' || stage === 'resource' ? readMetadata(committed.metadata) : {}
  const behind = known.out === undefined || last === undefined ? {} : { behind: Math.max(0, last - known.out) }
  return { lag, offset: committed.offset, ...known, ...behind }
}

function readMetadata(metadata: string): Partial<TaskStatus> {
  if (metadata === '') return {}
  let value: unknown
  try {
    value = JSON.parse(metadata)
  } catch {
    return { metadata }
  }
  const parsed = metadataSchema.safeParse(value)
  if (!parsed.success) return { metadata }
  const { o: out, q: snapshot, m: manifest, c: context, v: version } = parsed.data
  // What is not known is left out, not undefined: it is printed as JSON.
  return Object.fromEntries(Object.entries({ out, snapshot, manifest, context, version }).filter(([, v]) => v !== undefined))
}
