import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startKafka } from '../../../services/kafka.mjs'
import { startRedis } from '../../../services/redis.mjs'
import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import { unpackMark } from '../../engine/mark-record.ts'
import type { KafkaClient } from '../../io/kafka/client.ts'
import { createTopics } from '../../io/kafka/topics.ts'
import { SMALL_GEO } from '../cli.ts'
import { makeTopicsFor } from '../kafka.ts'
import { makeRealm, type Realm } from '../realm.ts'
import { readTopic } from '../replay-log.ts'
import { compare, kindsOf, LEVELS, ofOneProcess, readByConsole } from './compare.ts'
import { Doer } from './deeds.ts'
import { Feed, type Events } from './feed.ts'
import { planOf, type Deed, type Plan } from './plan.ts'
import { Processes } from './processes.ts'
import { Progress } from './progress.ts'
import { Recoveries, type Recovered } from './recovery.ts'
import { messageOf, say, thousands } from './say.ts'

export interface TrialOptions {
  processes: number
  events: Events
  length: Ms
  seed: number
  /** Holds logs, and warnings that differ. */
  dir: string
}

const SOURCE_PARTITIONS = 6
/** A backlog and the last fault must be worked off by then. */
const SETTLE_WITHIN: Ms = 8 * MINUTE
/** Every task must have saved something by then, before anything is done to it. */
const BEGIN_WITHIN: Ms = MINUTE
const LOOK: Ms = 10 * SECOND
/** What a run must have been full of to show anything; less of a short one. */
const WHOLE = 500_000
const TIMER_WARNINGS = 100
const RESOURCE_WARNINGS = 50
const GOOD_KILLS = 0.8

/** Rules that come into force on the way, laid over the shipped ones. */
const OVERLAYS = [`
- rule: parallel-chapters
  params: { overlap: 90s }
`, `
- rule: parallel-chapters
  params: { overlap: 45s }
- rule: shared-device
  severity: high
`]

/** One run with so many processes, from an empty broker to the comparison. Returns what went wrong. */
export async function trial(options: TrialOptions): Promise<string[]> {
  const { dir, events, length } = options
  mkdirSync(dir, { recursive: true })
  const problems: string[] = []
  const [kafka, redis] = await Promise.all([startKafka(), startRedis()])
  const realm = await makeRealm(dir, [kafka.brokers], {
    name: 'faults-', partitions: { telemetry: 6, sightings: 4, warnings: 3 },
    more: (prefix) => ({ redis: { url: redis.url, prefix }, snapshotEvery: '2s', sources: [{ topic: `${prefix}lms` }], geo: [SMALL_GEO[1]] }),
  })
  OVERLAYS.forEach((text, i) => {
    mkdirSync(join(realm.cwd, `own-${i + 1}`))
    writeFileSync(join(realm.cwd, `own-${i + 1}`, 'rules.yaml'), text)
  })
  const { client, prefix } = realm
  const source = `${prefix}lms`
  const processes = new Processes(realm.cwd)
  try {
    await createTopics(client)
    await makeTopicsFor(client, { [source]: SOURCE_PARTITIONS })
    const recoveries = new Recoveries(client, prefix, { url: redis.url, prefix }, processes)
    const progress = new Progress(client, prefix, source)
    say(`${options.processes} processes, ${thousands(events.messages.length)} events in ${length / MINUTE} minutes, seed ${options.seed}; logs in ${realm.cwd}`)
    const plan = planOf(options.seed, length)
    for (const deed of plan.due) say(`  due at ${(deed.at / SECOND).toFixed(0)} s: ${told(deed)}`)
    say(`  besides, as long as events are fed: ${plan.drawn.map(told).join('; ')}`)
    try {
      await processes.ensure(options.processes)
      const doer = new Doer({ realm, kafka, redis, processes, recoveries })
      await withFeed(options, client, source, progress, async (begun) => {
        await progress.begun(BEGIN_WITHIN, SECOND)
        await follow(plan, begun, length, doer, processes, options.processes)
      })
      await processes.ensure(options.processes)
      await progress.settled(SETTLE_WITHIN, LOOK)
    } catch (e) {
      problems.push(`${e instanceof Error ? e.stack : String(e)}\n${await stuck(realm.shell, processes)}`)
    }
    problems.push(...await judge({ ...options, realm, source, recoveries, processes, kafka }))
  } catch (e) {
    problems.push(e instanceof Error ? (e.stack ?? e.message) : String(e))
  } finally {
    await processes.killAll()
    await Promise.all([kafka.stop(), redis.stop()])
  }
  return [...processes.faults, ...problems]
}

async function withFeed({ events, length }: TrialOptions, client: KafkaClient, source: string, progress: Progress, work: (begun: number) => Promise<void>): Promise<void> {
  const feed = new Feed(client, source, events.messages, length)
  const feeding = feed.run()
  feeding.catch(() => undefined)
  const telling = setInterval(() => void progress.line().then((line) => say(`fed ${thousands(feed.sent)}; ${line}`), (e: unknown) => say(`no progress can be read: ${messageOf(e)}`)), 2 * LOOK)
  try {
    await work(Date.now())
    await feeding
  } finally {
    feed.stop()
    clearInterval(telling)
    await feeding.catch(() => undefined)
  }
}

function told({ kind, which, long, rest }: Deed): string {
  return `${kind} after ${(rest / SECOND).toFixed(1)} s (${which.toFixed(3)}, ${long.toFixed(3)})`
}

async function follow({ due, drawn }: Plan, begun: number, length: Ms, doer: Doer, processes: Processes, count: number): Promise<void> {
  const [left, others] = [[...due], [...drawn]]
  while (left.length > 0 || (others.length > 0 && Date.now() < begun + length)) {
    const next = left[0]
    const deed = next && (Date.now() >= begun + next.at || others.length === 0) ? left.shift() : others.shift()
    if (deed === undefined) return
    await sleep(deed.rest)
    await processes.ensure(count)
    await doer.do(deed)
  }
}

async function stuck(shell: (line: string) => { ended: Promise<{ out: string; err: string }> }, processes: Processes): Promise<string> {
  const { out, err } = await shell('status').ended
  return `invigil status:\n${out}${err}\n${processes.lastLines()}`
}

async function judge(of: Omit<TrialOptions, 'processes'> & { realm: Realm; source: string; recoveries: Recoveries; processes: Processes; kafka: Awaited<ReturnType<typeof startKafka>> }): Promise<string[]> {
  const { realm, source, recoveries, processes, kafka, events, dir } = of
  const { client } = realm
  const problems: string[] = []
  await processes.leaveAll()
  const arrived = await arrivals(client, source, events.messages.length)
  say(arrived.said)
  problems.push(...arrived.problems)
  const marks = (await readTopic(client, client.topic('marks'))).flat().map((m) => ({ record: unpackMark(m.value as Buffer), at: Number(m.timestamp) }))
  const { lines, recovered } = recoveries.table(marks)
  for (const line of lines) say(line)
  say(`${recovered.good} of ${recovered.kills} kills were recovered from with start < S < Q < O; besides, ${recovered.still} from a snapshot while time stood still, and ${recovered.emptied} after Redis had been emptied`)
  problems.push(...fewGood(recovered))
  const { warnings, contexts } = await ofOneProcess(realm)
  const { resource, timer } = kindsOf(warnings, events.times)
  say(`one process gives ${thousands(warnings.length)} warnings, ${thousands(resource)} of the resource stage, ${thousands(timer)} raised by timers, under ${contexts} contexts and ${thousands(marks.length)} marks`)
  const share = Math.min(1, events.messages.length / WHOLE)
  if (contexts !== 3) problems.push(`the marks name ${contexts} contexts, not 3`)
  if (timer < TIMER_WARNINGS * share || resource < RESOURCE_WARNINGS * share) problems.push('too few warnings are raised by timers or by the resource stage to show anything')
  if (new Set(warnings).size !== warnings.length) problems.push('one process gives a warning twice')
  for (const level of LEVELS) {
    const found = compare(level, await readByConsole(kafka, client.topic('warnings'), level), warnings, dir)
    say(found.said)
    problems.push(...found.problems)
  }
  return problems
}

function fewGood({ kills, good }: Recovered): string[] {
  return good < GOOD_KILLS * kills ? [`only ${good} of ${kills} kills were recovered from as they should be`] : []
}

/** Each record of the source must stand in the telemetry exactly once. */
async function arrivals(client: KafkaClient, source: string, sent: number): Promise<{ said: string; problems: string[] }> {
  const [read, taken, rejects, late] = [await readTopic(client, source), (await readTopic(client, client.topic('telemetry'))).flat(), (await readTopic(client, client.topic('rejects'))).flat(), (await readTopic(client, client.topic('late'))).flat()]
  const records = read.flat().length
  const places = new Set(taken.map(({ headers }) => `${String(headers?.['source-partition'])}/${String(headers?.['source-offset'])}`))
  const problems: string[] = []
  if (records < sent) problems.push(`the source has ${records} records, though ${sent} were sent`)
  if (places.size !== records || taken.length !== records || rejects.length > 0) problems.push(`of ${records} records of the source the telemetry has ${taken.length}, of ${places.size} places, and the rejects ${rejects.length}`)
  return { problems, said: `source: ${thousands(records)} records (${records - sent} of them fed twice); telemetry: ${thousands(taken.length)} from ${thousands(places.size)} places; ${thousands(late.length)} late` }
}
