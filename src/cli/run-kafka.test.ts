import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { startKafka } from '../../services/kafka.mjs'
import type { KafkaClient } from '../io/kafka/client.ts'
import { createTopics } from '../io/kafka/topics.ts'
import { openContext } from '../pipeline/context.ts'
import { Contexts } from '../pipeline/kafka/contexts.ts'
import { SMALL_GEO, type Ended, type Running } from '../testing/cli.ts'
import { duplicated, fivePlatforms, type Arrival } from '../testing/five-platforms.ts'
import { makeTopicsFor } from '../testing/kafka.ts'
import { makeRealm, type Realm } from '../testing/realm.ts'
import { readTopic, replayLog } from '../testing/replay-log.ts'
import { RULES, temporary } from '../testing/runs.ts'
import { START_MS, useKafka, useRedis } from '../testing/services.ts'

const brokers = useKafka()
const redis = useRedis()
const root = temporary()
const running: Running[] = []
afterEach(() => {
  for (const { child } of running.splice(0)) child.kill('SIGKILL')
})

const OVERLAY = `
- rule: parallel-chapters
  params: { overlap: 90s }
`

/** A realm with or without its topics. */
async function realm({ make = true, sources = ['lms'], redisUrl = redis(), kafka = brokers() }: { make?: boolean; sources?: string[]; redisUrl?: string; kafka?: string[] } = {}): Promise<Realm> {
  const made = await makeRealm(root, kafka, {
    name: 'run-', partitions: { telemetry: 4, sightings: 3, warnings: 1 },
    more: (prefix) => ({ redis: { url: redisUrl, prefix }, snapshotEvery: '2s', sources: sources.map((s) => ({ topic: `${prefix}${s}` })), geo: [SMALL_GEO[1]] }),
  })
  if (make) {
    await createTopics(made.client)
    await makeTopicsFor(made.client, { [`${made.prefix}lms`]: 3 })
  }
  const shell = (line: string): Running => {
    const started = made.shell(line)
    running.push(started)
    return started
  }
  return { ...made, shell }
}

let first: Realm
beforeAll(async () => {
  first = await realm()
}, START_MS)

async function start(shell: (command: string) => Running): Promise<Running> {
  const started = shell('run --kafka --log warn')
  await started.said((out) => out.includes('takes part in the group'))
  return started
}

async function send(client: KafkaClient, topic: string, arrivals: readonly Arrival[]): Promise<void> {
  const producer = client.plainProducer()
  await producer.connect()
  await producer.send({ topic, messages: arrivals.map(({ wire }) => ({ key: `${wire.platform as string} ${wire.learner as string}`, value: JSON.stringify(wire) })) })
  await producer.disconnect()
}

test('processes that are killed, stopped beyond their session and joined by others, under rules that change: the warnings of one machine, none twice', { timeout: 300_000 }, async () => {
  const { client, cwd, prefix, shell } = first
  const arrivals = duplicated(fivePlatforms(5, 5), 3)
  mkdirSync(join(cwd, 'own'))
  writeFileSync(join(cwd, 'own', 'rules.yaml'), OVERLAY)
  const PORTIONS = 24
  let processes = [await start(shell), await start(shell)]
  const ended: Promise<Ended>[] = []
  const kill = async (): Promise<void> => {
    const victim = processes.shift()
    victim?.child.kill('SIGKILL')
    await victim?.ended
  }
  const faults: Record<number, () => Promise<void>> = {
    5: kill,
    6: async () => void processes.push(await start(shell)),
    10: async () => {
      const { code, err, out } = await shell(`rules publish --rules ${RULES} --rules own`).ended
      expect([code, err], out).toEqual([0, ''])
    },
    12: async () => {
      // A zombie: the others take over, and what it had begun must not count.
      const zombie = processes[0]?.child
      zombie?.kill('SIGSTOP')
      await sleep(9000)
      zombie?.kill('SIGCONT')
    },
    15: async () => void processes.push(await start(shell)),
    17: kill,
  }
  for (let n = 0; n < PORTIONS; n++) {
    await send(client, `${prefix}lms`, arrivals.slice((n * arrivals.length) / PORTIONS, ((n + 1) * arrivals.length) / PORTIONS))
    await faults[n]?.()
    await sleep(400)
  }

  const context = await openContext({ rules: [RULES], geo: [SMALL_GEO[1] as string], version: '0.1.0' })
  const contexts = await Contexts.open(client, { group: prefix, context, log: pino({ level: 'silent' }), onlyReads: true })
  const written = async (): Promise<string[]> => (await readTopic(client, client.topic('warnings'))).flat().map((m) => String(m.value)).sort()
  let golden = await replayLog(client, (hash) => contexts.setupOf(hash))
  let found: string[] = []
  let telemetry = 0
  // Until all is read, covered by marks and handled.
  for (const until = Date.now() + 90_000; Date.now() < until;) {
    telemetry = (await readTopic(client, client.topic('telemetry'))).flat().length
    golden = await replayLog(client, (hash) => contexts.setupOf(hash))
    found = await written()
    if (telemetry === arrivals.length && found.length === golden.warnings.length) break
    await sleep(1000)
  }
  await contexts.close()
  for (const { child, ended: end } of processes) {
    child.kill('SIGTERM')
    ended.push(end)
  }
  processes = []
  expect((await Promise.all(ended)).map(({ code, out }) => [code, out.includes('left in good order')])).toEqual(ended.map(() => [0, true]))
  // Nothing was lost or doubled on the way in, and every mark was handled.
  expect(telemetry).toBe(arrivals.length)
  // However unevenly the partitions of the platforms' topic were read, nobody was late.
  expect((await readTopic(client, client.topic('late'))).flat().map((m) => String(m.value))).toEqual([])
  expect(golden.contexts).toBe(2)
  expect(golden.warnings.length).toBeGreaterThan(100)
  expect(found.length).toBe(golden.warnings.length)
  expect(found).toEqual(golden.warnings)

  // What is archived of it gives the same, without Kafka.
  const archived = await shell('archive --to archive').ended
  expect([archived.code, archived.err]).toEqual([0, ''])
  const again = await shell(`run --archive archive ${SMALL_GEO.join(' ')} --output again --partitions 2 --quiet`).ended
  expect([again.code, again.err]).toEqual([0, ''])
  for (const kind of ['warnings', 'prompts', 'late'] as const) {
    const topic = (await readTopic(client, client.topic(kind))).flat().map((m) => String(m.value)).sort()
    expect(readFileSync(join(cwd, 'again', `${kind}.ndjson`), 'utf8').split('\n').filter((l) => l !== '').sort()).toEqual(topic)
  }
})

test.each<[string, Parameters<typeof realm>[0], string, number, RegExp]>([
  ['topics that are missing', { make: false }, '', 2, /11 topics are missing in Kafka; make them with `invigil topics`/],
  ['a source that is missing', { sources: ['lms', 'nothing'] }, '', 2, /there is no topic `.*nothing` in Kafka, which `sources` names/],
  ['a role that there is not', {}, '--roles learner,judge', 2, /option `--roles <names>` cannot be `learner,judge`; name some of `intake,time,learner,resource`/],
  ['an option that only files have', {}, '--output out', 2, /`--output` is of no use with `--kafka`; what can be said .* is in the configuration/],
  ['a file', {}, 'log.ndjson', 2, /with `--kafka` topics are read, no logs/],
  ['no redis', { redisUrl: 'redis://127.0.0.1:1' }, '', 1, /nothing listens for redis at `127\.0\.0\.1:1`/],
])('%s: told, and the process ends', { timeout: 60_000 }, async (_, of, args, code, says) => {
  const { shell } = await realm(of)
  const ended = await shell(`run --kafka ${args}`).ended
  expect(ended.err).toMatch(says)
  expect(ended.code, ended.err).toBe(code)
})

test('another group on the same topics is refused: its marks would be mixed with those of the first', { timeout: 60_000 }, async () => {
  const { shell, prefix, cwd } = await realm()
  const first = await start(shell)
  const config = JSON.parse(readFileSync(join(cwd, 'invigil.yaml'), 'utf8')) as { group: string }
  writeFileSync(join(cwd, 'other.yaml'), JSON.stringify({ ...config, group: 'other' }))
  const { code, err } = await shell('run --kafka --config other.yaml').ended
  expect([code, err.trim()]).toEqual([2, `invigil: the topics of the prefix \`${prefix}\` belong to the group \`${prefix}\`, not \`other\`; use that \`group\`, or a \`prefix\` of its own`])
  first.child.kill('SIGTERM')
  expect((await first.ended).code).toBe(0)
})

test('a process that is told to leave while Kafka does not answer is gone within ten seconds', { timeout: 60_000 }, async () => {
  const kafka = await startKafka({ brief: true })
  try {
    const { shell } = await realm({ kafka: [kafka.brokers] })
    const one = await start(shell)
    await kafka.kill('SIGSTOP')
    // Something is under way for which it would wait.
    await sleep(1500)
    const begun = Date.now()
    one.child.kill('SIGTERM')
    const { code, err } = await one.ended
    expect([code, err.split('\n').filter((l) => l.startsWith('invigil:'))]).toEqual([1, [expect.stringMatching(/^invigil: not everything could be finished within 10 seconds, .*nothing is lost/)]])
    expect(Date.now() - begun).toBeLessThan(11_000)
  } finally {
    await kafka.kill('SIGCONT')
    await kafka.stop()
  }
})

test('what is of use only over Kafka is refused without it', async () => {
  const { shell } = await realm({ make: false })
  const { code, err } = await shell('run --roles intake log.ndjson').ended
  expect([code, err.trim()]).toEqual([2, 'invigil: `--roles` is of use only with `--kafka`'])
})
