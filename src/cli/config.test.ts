import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { formatProblem, InvigilError } from '../base/errors.ts'
import { temporary } from '../testing/runs.ts'
import { loadConfig, redisOptions, type ConfigOptions } from './config.ts'

const root = temporary()

function written(text: string): string {
  const file = join(mkdtempSync(join(root, 'c-')), 'invigil.yaml')
  writeFileSync(file, text)
  return file
}

const load = (text: string, environment: ConfigOptions['environment'] = {}, needs?: ConfigOptions['needs']) => loadConfig({ file: written(text), environment, needs })

/** What is said of a configuration that is wrong, without the folder. */
async function mistakes(text: string, environment: ConfigOptions['environment'] = {}, needs?: ConfigOptions['needs']): Promise<string[]> {
  const e = await load(text, environment, needs).then(() => undefined, (e: unknown) => e)
  if (!(e instanceof InvigilError)) throw new Error('took it', { cause: e })
  expect(e.code).toBe('usage')
  return e.problems.map((p) => formatProblem({ ...p, file: p.file?.replace(/.*\//, '') }).replaceAll(/`[^`]*\/c-\w+\//g, '`'))
}

test('says nothing, and everything has its default', async () => {
  for (const text of ['', '# nothing yet\n', '{}']) {
    expect(await load(text)).toMatchObject({ group: 'invigil', kafka: { brokers: [], prefix: 'invigil.', topics: { partitions: { telemetry: 12 } } }, sources: [], rules: ['shipped'], snapshotEvery: 60_000 })
  }
})

test('tells all mistakes at once, each with its place and the mend', async () => {
  expect(await mistakes(`groop: a
kafka:
  brokers: [kafka-1, b:9092]
  prefx: x.
  sasl: { mechanism: scram-sha-265, username: 7 }
  tls: { cert: c.pem }
  topics:
    partitions: { telemetry: many, warnings: 0 }
    retention: 90 days
    names: { late: other, rejects: other }
redis: { url: http://h }
sources:
  - { topic: a, format: xapy }
  - { topic: a }
  - { topic: invigil.telemetry }
rules: shipped
http: 9464
snapshotEvery: 0s
`)).toEqual([
    'invigil.yaml:1:1: unknown key `groop` (did you mean `group`?)',
    'invigil.yaml:3:13: `kafka.brokers[0]`: not an address; write it like `kafka-1.example.org:9092`',
    'invigil.yaml:4:3: unknown key `kafka.prefx` (did you mean `prefix`?)',
    'invigil.yaml:5:3: `kafka.sasl.password`: is missing',
    'invigil.yaml:5:22: `kafka.sasl.mechanism` cannot be `scram-sha-265` (did you mean `scram-sha-256`?)',
    'invigil.yaml:5:47: `kafka.sasl.username` must be text, not `7` (write it in quotes)',
    'invigil.yaml:6:8: `kafka.tls`: `cert` and `key` go together',
    'invigil.yaml:8:30: `kafka.topics.partitions.telemetry` must be a number, not `many`',
    'invigil.yaml:8:46: `kafka.topics.partitions.warnings` must be at least 1',
    'invigil.yaml:9:16: `kafka.topics.retention`: not a duration; write it like `45s`, `10m` or `1h30m`',
    'invigil.yaml:10:20: the topics of rejects and late have the same name `other` (rename one)',
    'invigil.yaml:11:15: `redis.url`: the address of redis is of another kind; the address of redis looks like `redis://host:6379/0`, or `rediss://host:6379/0` for TLS',
    'invigil.yaml:13:25: `sources[0].format` cannot be `xapy` (did you mean `xapi`?)',
    'invigil.yaml:14:14: source `a` twice (take one away; the first is in line 13)',
    "invigil.yaml:15:14: source `invigil.telemetry` is Invigil's own topic of telemetry (name a platform's topic; canonical events can be written to telemetry without a source)",
    'invigil.yaml:16:8: `rules` must be a list, not `shipped`',
    'invigil.yaml:17:7: `http`: not an address to listen on; write it like `127.0.0.1:9464`, or `0.0.0.0:9464` for every address of the machine',
    'invigil.yaml:18:16: `snapshotEvery`: must be longer than nothing',
  ])
})

test('tells what a command lacks', async () => {
  expect(await mistakes('group: a\n', {}, ['kafka', 'redis'])).toEqual([
    'invigil.yaml:1:1: `kafka.brokers` is missing (write it in `invigil.yaml`, or set `INVIGIL_KAFKA_BROKERS`)',
    'invigil.yaml:1:1: `redis.url` is missing (write it in `invigil.yaml`, or set `INVIGIL_REDIS_URL`)',
  ])
  expect(await mistakes('redis: { prefix: a }\n', { KAFKA_BROKERS: 'b:1' }, ['kafka', 'redis'])).toEqual(['invigil.yaml:1:1: `redis.url` is missing'])
  await expect(loadConfig({ file: join(root, 'none.yaml'), environment: {} })).rejects.toMatchObject({ code: 'not-found' })
  // In a folder without a file, such as that of these sources.
  await expect(loadConfig({ environment: {}, needs: ['kafka'] })).rejects.toThrow('`kafka.brokers` is missing (write it in `invigil.yaml`, or set `INVIGIL_KAFKA_BROKERS`)')
})

test('the environment goes before the file', async () => {
  const file = 'kafka: { brokers: ["a:1"], clientId: c, prefix: p., tls: { ca: a.pem } }\nredis: { url: "redis://r", prefix: "k:" }\nrules: [mine]\n'
  expect(await load(file, { KAFKA_BROKERS: 'b:2, c:3,', INVIGIL_KAFKA_PREFIX: 'q.', REDIS_URL: 'redis://s:1/2', INVIGIL_RULES: 'shipped,own', INVIGIL_KAFKA_TLS: 'false', INVIGIL_HTTP: '[::1]:80', INVIGIL_GROUP: '' })).toMatchObject({
    group: 'invigil', kafka: { brokers: ['b:2', 'c:3'], clientId: 'c', prefix: 'q.' }, redis: { url: 'redis://s:1/2', prefix: 'k:' }, rules: ['shipped', 'own'], http: { host: '::1', port: 80 },
  })
  const { kafka } = await load(file, { KAFKA_BROKERS: 'b:2', INVIGIL_KAFKA_BROKERS: 'd:4', INVIGIL_KAFKA_TLS_CERT: 'c.pem', INVIGIL_KAFKA_TLS_KEY: 'k.pem' })
  expect(kafka).toMatchObject({ brokers: ['d:4'], tls: { ca: expect.stringMatching(/\/c-\w+\/a\.pem$/), cert: 'c.pem', key: 'k.pem' } })
  expect((await load(file, { INVIGIL_KAFKA_TLS: 'false' })).kafka.tls).toBeUndefined()
  expect((await loadConfig({ environment: { KAFKA_BROKERS: 'b:2', INVIGIL_KAFKA_TLS: 'true' } })).kafka).toMatchObject({ brokers: ['b:2'], tls: { rejectUnauthorized: true } })
})

test('mistakes in the environment are told with the name of the variable', async () => {
  expect(await mistakes('redis: oops\n', {
    INVIGIL_KAFKA_BROKERS: 'b', INVIGIL_KAFKA_TLS: 'yes', INVIGIL_KAFKA_MECHANISM: 'PLAIN', INVIGIL_KAFKA_USERNAME: 'u', INVIGIL_KAFKA_PASSWORD: 'p',
    INVIGIL_KAFKA_BROKER: 'b:1', INVIGIL_KAFKA_PORT: 'tcp://10.0.0.1:9092', INVIGIL_SERVICE_HOST: '10.0.0.1', INVIGIL_SAMPLES: '/x', INVIGIL_SNAPSHOT_EVERY: 'often', REDIS_URL: 'redis://r',
  })).toEqual([
    'unknown variable `INVIGIL_KAFKA_BROKER` in the environment (did you mean `INVIGIL_KAFKA_BROKERS`?)',
    'invigil.yaml:1:8: `redis` must be a map, not `***`',
    'INVIGIL_KAFKA_BROKERS: `kafka.brokers[0]`: not an address; write it like `kafka-1.example.org:9092`',
    'INVIGIL_KAFKA_MECHANISM: `kafka.sasl.mechanism` cannot be `PLAIN` (did you mean `plain`?)',
    'INVIGIL_KAFKA_TLS: cannot be `yes` (`true` or `false`)',
    'INVIGIL_SNAPSHOT_EVERY: `snapshotEvery`: not a duration; write it like `45s`, `10m` or `1h30m`',
  ])
})

test('paths are taken from where the file lies', async () => {
  const file = written('catalogue: c/catalogue.yaml\nrules: [shipped, own, /abs]\ncontext: ../contexts\nsources: [{ topic: a, mapping: a.yaml }, { topic: b }]\n')
  const dir = join(file, '..')
  expect(await loadConfig({ file, environment: { INVIGIL_GEO: 'geo.mmdb' } })).toMatchObject({
    catalogue: join(dir, 'c/catalogue.yaml'), rules: ['shipped', join(dir, 'own'), '/abs'], context: join(dir, '../contexts'), geo: ['geo.mmdb'], sources: [{ topic: 'a', mapping: join(dir, 'a.yaml') }, { topic: 'b' }],
  })
})

test('passwords come from the file, from files of their own, from the address and from the environment', async () => {
  const file = written(`kafka: { sasl: { mechanism: plain, username: u, passwordFile: kafka.txt } }\nredis: { url: 'redis://me:in%2Furl@h:1/2' }\n`)
  writeFileSync(join(file, '..', 'kafka.txt'), 'of a file\n')
  const config = await loadConfig({ file, environment: {} })
  expect(config.kafka.sasl?.password.reveal()).toBe('of a file')
  expect(redisOptions(config.redis as NonNullable<typeof config.redis>)).toMatchObject({ url: 'redis://h:1/2', username: 'me', password: 'in/url', prefix: 'invigil:' })
  const other = await loadConfig({ file, environment: { INVIGIL_KAFKA_PASSWORD: 'e', INVIGIL_REDIS_PASSWORD: 'f' } })
  expect([other.kafka.sasl?.password.reveal(), other.redis?.password?.reveal()]).toEqual(['e', 'f'])
  // What the file says of a login is for the file's address.
  const elsewhere = await load('redis: { url: "redis://h", username: me, password: mine }\n', { REDIS_URL: 'redis://:theirs@there' })
  expect([elsewhere.redis?.username, elsewhere.redis?.password?.reveal()]).toEqual([undefined, 'theirs'])
  const kept = await load('redis: { url: "redis://h", username: me, password: mine }\n', { REDIS_URL: 'redis://there' })
  expect([kept.redis?.username, kept.redis?.password?.reveal()]).toEqual(['me', 'mine'])
})

test('a file with a password that is of no use is told', async () => {
  const file = written('redis: { url: "redis://h", passwordFile: empty }\nkafka: { sasl: { mechanism: plain, username: u, passwordFile: none } }\n')
  writeFileSync(join(file, '..', 'empty'), '\n')
  await expect(loadConfig({ file, environment: {} })).rejects.toMatchObject({ problems: [{ line: 1, column: 42, message: expect.stringMatching(/^the file `.*\/empty` with the password is empty$/) }, { line: 2, message: expect.stringMatching(/^there is no file `.*\/none`$/) }] })
  expect(await mistakes('redis: { url: "redis://h", passwordFile: a, password: b }\n')).toEqual(['invigil.yaml:1:28: `redis` has both a `password` and a `passwordFile` (keep one)'])
})

test('no password is printed, however it was written', async () => {
  const good = await load('kafka: { sasl: { mechanism: plain, username: u, password: hunter2 } }\nredis: { url: "redis://:hunter2@h" }\n')
  expect(`${JSON.stringify(good)}${inspect(good, { depth: 9 })}`).not.toContain('hunter2')
  for (const text of [
    'hunter2', '- hunter2', 'kafka: hunter2', 'kafka: { sasl: hunter2 }', 'kafka: { sasl: { password: [hunter2] } }', 'redis: redis://:hunter2@h', 'redis: { url: "http://:hunter2@h" }', 'redis: { url: "redis://:hunter2@h/x" }',
    'redis: { url: [hunter2] }', 'redis: { url: "redis://h", password: { hunter2: 1 } }', 'redis: { url: "redis://h", password=hunter2 }', 'redis:\n  password:hunter2\n', 'redis: { url: "redis://h", password: *hunter2 }',
    'redis: { url: "redis://h", password: !hunter2 }', 'redis:\n  password: "a" hunter2\n', 'redis:\n  password: @hunter2\n', "redis:\n  password: 'hunter2\n", 'redis: { url: "redis://h", pasword: hunter2 }',
    'redis: { url: "redis://h", password: ""\n  hunter2', 'redis:\n  password: %hunter2\n  url: 7', 'redis:\n  password: a: hunter2', 'redis:\n  password: &hunter2 &hunter2 x',
  ]) {
    const said = await mistakes(text)
    expect([text, said.length > 0, said.join('\n').includes('hunter2')]).toEqual([text, true, false])
  }
  expect(await mistakes('', { INVIGIL_REDIS_URL: 'hunter2', INVIGIL_KAFKA_PASSWORD: 'hunter2' })).toEqual([
    'INVIGIL_KAFKA_PASSWORD: `kafka.sasl.mechanism` is missing (one of `plain`, `scram-sha-256`, `scram-sha-512`)', 'INVIGIL_KAFKA_PASSWORD: `kafka.sasl.username` is missing',
    'INVIGIL_REDIS_URL: `redis.url`: the address of redis is no URL; the address of redis looks like `redis://host:6379/0`, or `rediss://host:6379/0` for TLS',
  ])
  expect(await mistakes('redis: { url: "redis://h", password: 12345 }\n')).toEqual(['invigil.yaml:1:38: `redis.password`: must be text that is not empty; write it in quotes'])
})
