import type { Logger } from 'pino'
import { InvigilError } from '../../base/errors.ts'
import type { Ms } from '../../base/time.ts'
import { Conditions } from '../../io/conditions.ts'
import { StatusServer, type Listen } from '../../io/http.ts'
import type { KafkaClient } from '../../io/kafka/client.ts'
import { checkTopics } from '../../io/kafka/topics.ts'
import { Metrics } from '../../io/metrics.ts'
import { RedisConnection } from '../../io/redis-connection.ts'
import type { RedisStoreOptions } from '../../io/redis-store.ts'
import { createEnricher } from '../../telemetry/enrich.ts'
import type { OpenContext } from '../context.ts'
import { Contexts } from './contexts.ts'
import { openIntake, type SourceTopic } from './intake-role.ts'
import { LearnersFirst } from './learners-first.ts'
import { MarkFeed } from './mark-feed.ts'
import type { Role, RoleName, Surroundings } from './role.ts'
import { openStage } from './stage-role.ts'
import { openTimekeeper } from './timekeeper-role.ts'

export interface KafkaRunOptions {
  client: KafkaClient
  group: string
  /** For the stages; the other roles keep nothing there. */
  redis?: RedisStoreOptions
  context: OpenContext
  /** Where catalogues and models lie by their hash. */
  contextFolder?: string
  /** Where models lie by their names. */
  models?: string
  sources: readonly SourceTopic[]
  roles: readonly RoleName[]
  version: string
  snapshotEvery: Ms
  acceptVersion?: boolean
  http?: Listen
  log: Logger
  /** Leaves in good order. */
  stop: AbortSignal
  /** Is called once the process has joined all its groups. */
  joined?(address: string | undefined): void
}

/** Runs this process's share of the work over Kafka until it is stopped. Throws what it cannot go on with. */
export async function runKafka(options: KafkaRunOptions): Promise<void> {
  const { client, log, stop } = options
  await check(client, log)
  if (options.redis) await checkRedis(options.redis)
  const metrics = new Metrics()
  const readiness = new Conditions(Object.fromEntries(options.roles.map((r) => [r, 'it is being opened'])))
  const health = new Conditions()
  let fail: (e: unknown) => void = () => undefined
  const broken = new Promise<never>((_, reject) => (fail = reject))
  broken.catch(() => undefined)
  const around: Surroundings = {
    client, group: options.group, log, meter: metrics, readiness,
    broken: (e) => {
      health.unmet('process', 'something in it is broken; see its log')
      fail(e)
    },
  }
  const onError = (e: InvigilError) => log.error({ error: e.message }, 'a page could not be served')
  const server = options.http && (await StatusServer.open(options.http, { metrics, health, readiness }, onError))
  const opened = new Opened()
  try {
    const opening = openRoles(around, options, opened)
    // What is still being opened when something breaks is waited for: it could not be left else.
    await Promise.race([opening, broken]).catch(async (e: unknown) => {
      await opening.catch(() => undefined)
      throw e
    })
    options.joined?.(server?.address)
    await Promise.race([stopped(stop), broken])
  } finally {
    await opened.leave()
    await server?.close()
    metrics.close()
  }
}

/** What has been opened so far, to be left in the opposite order. */
class Opened {
  private readonly roles: Role[] = []
  private readonly after: (() => Promise<void>)[] = []

  role(role: Role): void {
    this.roles.push(role)
  }

  closeAfter(close: () => Promise<void>): void {
    this.after.push(close)
  }

  async leave(): Promise<void> {
    const left = await Promise.allSettled(this.roles.map((r) => r.leave()))
    // What the roles read from is closed after them; one that fails keeps nobody else.
    left.push(...await Promise.allSettled(this.after.map((close) => close())))
    const failed = left.find((l) => l.status === 'rejected')
    if (failed) throw failed.reason
  }
}

async function openRoles(around: Surroundings, options: KafkaRunOptions, opened: Opened): Promise<void> {
  const { client, group, context, sources, version, snapshotEvery, acceptVersion, redis, log } = options
  const enrich = createEnricher({ geo: context.geo.lookups })
  const contexts = await Contexts.open(client, { group, context, folder: options.contextFolder, models: options.models, log, broken: around.broken, faulty: ({ rule }) => around.meter.count('conditions_failed_total', 1, { rule }) })
  opened.closeAfter(() => contexts.close())
  const tell = (hash: string | undefined) => around.meter.showAll('context_info', hash === undefined ? [] : [[hash, 1]])
  tell(contexts.current())
  contexts.onCurrent(tell)
  const marks = new MarkFeed(around)
  opened.closeAfter(() => marks.close())
  const stage = { contexts, marks, order: new LearnersFirst(options.roles.includes('learner')), locate: enrich, version, snapshotEvery, acceptVersion }
  const open: Record<RoleName, () => Promise<Role | undefined>> = {
    intake: async () => (sources.length > 0 ? openIntake(around, { sources, enrich }) : undefined),
    time: () => openTimekeeper(around, { catalogue: context.catalogue, contexts, sources: sources.map((s) => s.topic) }),
    learner: () => openStage(around, 'learner', { ...stage, redis: needed(redis) }),
    resource: () => openStage(around, 'resource', { ...stage, redis: needed(redis) }),
  }
  const opening = await Promise.allSettled(options.roles.map(async (name) => {
    const role = await open[name]()
    if (role) opened.role(role)
    else around.readiness.met(name)
  }))
  // Those that were opened are left before the process ends.
  const failed = opening.find((o) => o.status === 'rejected')
  if (failed) throw failed.reason
}

function needed(redis: RedisStoreOptions | undefined): RedisStoreOptions {
  if (redis === undefined) throw new InvigilError('usage', 'the stages keep their state in redis: `redis.url` is missing')
  return redis
}

/** Later a Redis that is gone is waited for; at the start it is more likely that its address is wrong. */
async function checkRedis(redis: RedisStoreOptions): Promise<void> {
  const connection = new RedisConnection(redis)
  try {
    await connection.ask((r) => r.ping())
  } finally {
    connection.close()
  }
}

async function check(client: KafkaClient, log: Logger): Promise<void> {
  const { missing, differing } = await checkTopics(client)
  if (missing.length > 0) throw new InvigilError('usage', `${missing.length === 1 ? `the topic \`${missing[0] ?? ''}\` is` : `${missing.length} topics are`} missing in Kafka; make them with \`invigil topics\``)
  const stamps = differing.filter((p) => p.message.includes('message.timestamp.type'))
  if (stamps.length > 0) throw new InvigilError('usage', 'time cannot be told by the stamps of a topic', { problems: stamps })
  for (const p of differing) log.warn({ mend: p.mend }, p.message)
}

function stopped(stop: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (stop.aborted) done()
    else stop.addEventListener('abort', () => done(), { once: true })
  })
}
