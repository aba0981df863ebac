import { formatProblem, InvigilError, type Problem } from '../../base/errors.ts'
import type { KafkaClient } from '../../io/kafka/client.ts'
import { TOPICS } from '../../io/kafka/config.ts'
import { Member } from '../../io/kafka/member.ts'
import { checkTopics } from '../../io/kafka/topics.ts'
import { createDecoder, type DecoderOptions } from '../../telemetry/decode.ts'
import type { Event } from '../../telemetry/event.ts'
import { openSource, type Intakes } from './intake-source.ts'
import type { Role, Surroundings } from './role.ts'
import { intakeGroup } from './source-positions.ts'
import { Troubles } from './troubles.ts'

/** A platform's topic and what is in it. */
export interface SourceTopic extends DecoderOptions {
  topic: string
}

export interface IntakeRoleOptions {
  sources: readonly SourceTopic[]
  /** Looks up where an event's address is. */
  enrich: (event: Event) => void
}

const CONDITION = 'intake'

/**
 * Reads the platforms' topics together with all other processes of the group, and writes what their records become to `telemetry` and
 * `rejects`: each record's outcome exactly once, in one transaction with how far it has read. Throws where a topic is missing or not as it
 * must be.
 */
export async function openIntake(around: Surroundings, { sources, enrich }: IntakeRoleOptions): Promise<Role> {
  const { client, log, readiness } = around
  readiness.unmet(CONDITION, 'the group that reads the platforms\' topics has not been joined yet')
  await check(around, sources)
  const intakes: Intakes = {
    around,
    group: intakeGroup(around.group),
    reading: { decoders: new Map(sources.map((s) => [s.topic, createDecoder(s)])), enrich },
    written: { telemetry: client.topic('telemetry'), rejects: client.topic('rejects') },
    cares: new Map(),
  }
  const troubled = new Troubles(readiness, CONDITION)
  const member = await Member.join(client, {
    group: intakes.group,
    topics: sources.map((s) => s.topic),
    open: (at, flow) => openSource(intakes, at, flow),
    trouble: (at, why) => {
      if (why) log.warn({ topic: at.topic, partition: at.partition, error: why.message }, 'a partition of a platform cannot be read at present; it is tried again')
      troubled.tell(at, why)
    },
    broken: (e) => around.broken(e),
  })
  troubled.joined()
  return {
    leave: async () => {
      readiness.unmet(CONDITION, 'this process leaves')
      await member.leave()
    },
  }
}

async function check({ client, log }: Surroundings, sources: readonly SourceTopic[]): Promise<void> {
  checkNames(client, sources)
  const [telemetry, rejects] = [client.topic('telemetry'), client.topic('rejects')]
  const { missing, differing } = await checkTopics(client)
  for (const topic of [telemetry, rejects]) if (missing.includes(topic)) throw new InvigilError('not-found', `there is no topic \`${topic}\` in Kafka; \`invigil topics\` makes those that are missing`)
  const stamps = differing.find((p) => p.message.startsWith(`the topic \`${telemetry}\` has \`message.timestamp.type=`))
  if (stamps) throw new InvigilError('usage', formatProblem(stamps), { problems: [stamps] })
  for (const problem of differing) if ([telemetry, rejects].some((t) => problem.message.startsWith(`the topic \`${t}\` `))) log.warn(formatProblem(problem))
  const there = new Set((await client.withAdmin((admin) => admin.fetchTopicMetadata())).topics.map((t) => t.name))
  refuse('not-found', sources.filter((s) => !there.has(s.topic)).map(({ topic }) => ({
    message: `there is no topic \`${topic}\` in Kafka, which \`sources\` names`, mend: 'correct the name, or have the platform make the topic',
  })))
}

/** What is read must not be what is written. */
function checkNames(client: KafkaClient, sources: readonly SourceTopic[]): void {
  const own = new Set(TOPICS.map((kind) => client.topic(kind)))
  refuse('usage', sources.flatMap(({ topic }, i): Problem[] => {
    if (own.has(topic)) return [{ message: `\`sources\` names \`${topic}\`, which Invigil writes itself`, mend: "name the platforms' own topics" }]
    return sources.findIndex((s) => s.topic === topic) === i ? [] : [{ message: `\`sources\` names \`${topic}\` twice`, mend: 'a topic has one format' }]
  }))
}

function refuse(code: 'usage' | 'not-found', problems: readonly Problem[]): void {
  const [first] = problems
  if (first) throw new InvigilError(code, problems.length === 1 ? formatProblem(first) : `${problems.length} sources cannot be read`, { problems })
}
