import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { Kafka, logLevel } from 'kafkajs'
import { afterEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { fetchOnce } from '../../services/fetch.mjs'
import { KAFKA_SETTINGS, startKafka } from '../../services/kafka.mjs'
import { startRedis } from '../../services/redis.mjs'
import { ROOT } from './runs.ts'
import { START_MS, useKafka, useRedis } from './services.ts'

const brokers = useKafka()
const redisUrl = useRedis()

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean()
})

function client(brokers: readonly string[]): Kafka {
  return new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, retry: { initialRetryTime: 50, retries: 20 } })
}

async function createTopic(kafka: Kafka, topic: string): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true })
  await admin.disconnect()
}

async function produce(kafka: Kafka, topic: string, key: string, value: string): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, acks: -1, messages: [{ key, value }] })
  await producer.disconnect()
}

/** The first record of a topic. */
async function consume(kafka: Kafka, topic: string): Promise<{ key?: string; value?: string }> {
  const groupId = randomUUID()
  const consumer = kafka.consumer({ groupId })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const got = await new Promise<{ key?: string; value?: string }>((resolve, reject) => {
    // It starts again by itself while the group's coordinator is not up yet.
    consumer.on('consumer.crash', ({ payload }) => void (payload.restart || reject(payload.error)))
    consumer.run({ autoCommit: false, eachMessage: ({ message }) => Promise.resolve(resolve({ key: message.key?.toString(), value: message.value?.toString() })) }).catch(reject)
  })
  await consumer.disconnect()
  const admin = kafka.admin()
  await admin.connect()
  await admin.deleteGroups([groupId])
  await admin.disconnect()
  return got
}

function redisAt(url: string): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: 1 })
  // Its commands fail by themselves; without a listener it prints each error too.
  redis.on('error', () => {})
  cleanups.push(() => redis.disconnect())
  return redis
}

describe('the shared services', () => {
  test('a record goes through Kafka', async () => {
    const kafka = client(brokers())
    const topic = `test.${randomUUID()}`
    await createTopic(kafka, topic)
    cleanups.push(async () => {
      const admin = kafka.admin()
      await admin.connect()
      await admin.deleteTopics({ topics: [topic] })
      await admin.disconnect()
    })
    await produce(kafka, topic, 'L1', 'played')
    expect(await consume(kafka, topic)).toEqual({ key: 'L1', value: 'played' })
  })

  test('a key goes through Redis', async () => {
    const redis = redisAt(redisUrl())
    const key = `test:${randomUUID()}`
    cleanups.push(() => redis.del(key))
    expect(await redis.get(key)).toBeNull()
    await redis.set(key, Buffer.from([0, 255, 1]))
    expect(await redis.getBuffer(key)).toEqual(Buffer.from([0, 255, 1]))
  })
})

describe('services of one\'s own', () => {
  test('a broker is restarted and killed on the same port, and keeps its records and offers its tools', { timeout: START_MS }, async () => {
    const broker = await startKafka({ brief: true })
    cleanups.push(() => broker.stop())
    const kafka = client([broker.brokers])
    await createTopic(kafka, 'kept')
    await produce(kafka, 'kept', 'k', 'v')
    const pids = [broker.pid]
    await broker.restart()
    pids.push(broker.pid)
    expect(await consume(kafka, 'kept')).toEqual({ key: 'k', value: 'v' })
    await broker.kill()
    await expect(connected(broker.port)).rejects.toThrow('ECONNREFUSED')
    await broker.restart()
    pids.push(broker.pid)
    expect(new Set(pids).size).toBe(3)
    expect(await consume(kafka, 'kept')).toEqual({ key: 'k', value: 'v' })

    const tool = broker.tool('org.apache.kafka.tools.consumer.ConsoleConsumer', ['--bootstrap-server', broker.brokers, '--topic', 'kept', '--from-beginning', '--max-messages', '1'])
    expect(await said(tool)).toMatchObject({ code: 0, out: 'v\n' })

    await broker.stop()
    expect(existsSync(broker.dir)).toBe(false)
    await broker.stop()
    await expect(broker.restart()).rejects.toThrow('Kafka was stopped, and its data with it: start another')
  })

  test('a misspelt topic is not created', async () => {
    const producer = client(brokers()).producer({ retry: { retries: 0 } })
    await producer.connect()
    cleanups.push(() => producer.disconnect())
    await expect(producer.send({ topic: `test.${randomUUID()}`, messages: [{ value: 'x' }] })).rejects.toThrow('does not host this topic-partition')
  })

  test.each([[false, null], [true, 'v']])('a Redis that was killed comes back on the same port (persists: %s)', { timeout: START_MS }, async (persist, expected) => {
    const server = await startRedis({ persist })
    cleanups.push(() => server.stop())
    const before = redisAt(server.url)
    await before.set('k', 'v')
    before.disconnect()
    await server.kill()
    await expect(connected(server.port)).rejects.toThrow('ECONNREFUSED')
    await server.restart()
    expect(await redisAt(server.url).get('k')).toBe(expected)
  })

  test('a halted Redis is stopped all the same, and its data removed', { timeout: START_MS }, async () => {
    const server = await startRedis()
    cleanups.push(() => server.stop())
    const socket = await connected(server.port)
    await server.kill('SIGSTOP')
    await server.stop()
    await closed(socket)
    expect(existsSync(server.dir)).toBe(false)
  })

  test('a Redis that ends by itself is told', { timeout: START_MS }, async () => {
    let tell: (error: Error) => void
    const told = new Promise<Error>((resolve) => (tell = resolve))
    const server = await startRedis({ onDeath: (e) => tell(e) })
    cleanups.push(() => server.stop())
    // It closes the connection without an answer.
    await redisAt(server.url).call('shutdown', 'nosave').catch(() => {})
    expect((await told).message).toMatch(/^Redis ended by itself \(code 0\); its last lines:\n/)
  })
})

describe('what goes wrong is said', () => {
  test('no Java', async () => {
    await expect(startKafka({ java: '/nowhere/java' })).rejects.toThrow('needs Java 17 or later, and there is no command `/nowhere/java`: install one')
  })

  test('no Maven', async () => {
    await expect(fetchOnce(`test-${randomUUID()}`, { ...NOTHING, mvn: '/nowhere/mvn' })).rejects.toThrow('a thing must be fetched by Maven, once, and there is no command `/nowhere/mvn`: install Maven, or go without')
  })

  test('a download that fails leaves nothing behind', async () => {
    const name = `test-${randomUUID()}`
    await expect(fetchOnce(name, NOTHING)).rejects.toThrow(/^a thing could not be fetched by Maven: .* Else go without\. Maven said:\n {2}\[ERROR\] /)
    expect(readdirSync(join(ROOT, '.cache', 'services')).filter((f) => f.startsWith(name))).toEqual([])
  })

  test('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanups.push(() => server.close())
    const { port } = server.address() as AddressInfo
    await expect(startKafka({ port })).rejects.toThrow(`port \`${port}\`, which Kafka was to take, is taken`)
    await expect(startRedis({ port })).rejects.toThrow(`port \`${port}\`, which Redis was to take, is taken`)
  })

  test('a broker that dies while it starts', { timeout: START_MS }, async () => {
    const error = await startKafka({ heap: '2g', javaOptions: ['-Xmx1m'] }).catch((e: unknown) => e as Error)
    expect((error as Error).message).toMatch(/^Kafka ended before it served \(code 1\).*; its last lines:\n {2}\S/)
    expect((error as Error).message).not.toMatch(/^\s+at /m)
  })

  test('settings that the broker does not take', { timeout: START_MS }, async () => {
    await expect(startKafka({ properties: { 'num.io.threads': '0' } })).rejects.toThrow('Invalid value 0 for configuration num.io.threads')
  })
})

describe('npm run services', () => {
  test('prints addresses that answer, and stops both when told', { timeout: START_MS }, async () => {
    const child = node([join(ROOT, 'services', 'run.mjs')])
    const { out } = await said(child, /REDIS_URL=.*\n/)
    const [, kafka, redis] = /^KAFKA_BROKERS=127\.0\.0\.1:(\d+)\nREDIS_URL=redis:\/\/127\.0\.0\.1:(\d+)\n$/.exec(out) ?? []
    const sockets = await Promise.all([kafka, redis].map((port) => connected(Number(port))))
    const ended = said(child)
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0 })
    await Promise.all(sockets.map(closed))
  })

  test('a service ends with the process that started it, however that ends', { timeout: START_MS }, async () => {
    const script = `import { startRedis } from './services/redis.mjs'; console.log((await startRedis()).port)`
    const child = node(['--input-type=module', '--eval', script])
    const { out } = await said(child, /\n/)
    const socket = await connected(Number(out))
    child.kill('SIGKILL')
    await closed(socket)
  })

  test('says which argument it does not know', async () => {
    const { code, err } = await said(node([join(ROOT, 'services', 'run.mjs'), '--kafka']))
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(/'--kafka'[\s\S]*\nusage: /) as string })
  })
})

test('compose.yaml gives the broker the same settings', () => {
  const { services } = parse(readFileSync(join(ROOT, 'compose.yaml'), 'utf8')) as { services: { kafka: { environment: Record<string, string> } } }
  const settings = Object.fromEntries(Object.entries(services.kafka.environment).map(([name, value]) => [name.replace(/^KAFKA_/, '').toLowerCase().replaceAll('_', '.'), value]))
  const { listeners, 'advertised.listeners': advertised, 'controller.quorum.voters': voters, ...rest } = settings
  expect(rest).toEqual(KAFKA_SETTINGS)
  expect([listeners, advertised, voters].every((s) => typeof s === 'string')).toBe(true)
})

/** An artifact that Maven cannot have: it may not even ask for it. */
const NOTHING = { what: 'a thing', size: 1, goal: 'copy-dependencies', artifacts: ['invigil:nothing:1'], instead: 'go without', flags: () => ['--offline'] }

function node(args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, args, { cwd: ROOT })
  cleanups.push(() => child.kill('SIGKILL'))
  return child
}

/** What a process has said when its output matches, or else when it ends. */
async function said(child: ChildProcessWithoutNullStreams, until?: RegExp): Promise<{ out: string; err: string; code: number | null }> {
  let out = ''
  let err = ''
  child.stderr.on('data', (d: Buffer) => (err += d.toString()))
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (d: Buffer) => {
      out += d.toString()
      if (until?.test(out)) resolve()
    })
    child.once('close', () => (until === undefined ? resolve() : reject(new Error(`ended without saying it: ${out}${err}`))))
  })
  return { out, err, code: child.exitCode }
}

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  cleanups.push(() => socket.destroy())
  return socket
}

/** Waits until the other side has gone. */
async function closed(socket: Socket): Promise<void> {
  socket.on('error', () => {})
  socket.resume()
  if (!socket.closed) await once(socket, 'close')
}
