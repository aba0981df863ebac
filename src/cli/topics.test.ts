import { randomUUID } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TOPICS } from '../io/kafka/config.ts'
import { startShell, type Ended } from '../testing/cli.ts'
import { clientOf, startGuardedBroker, USERS, type GuardedBroker } from '../testing/kafka.ts'
import { temporary } from '../testing/runs.ts'
import { START_MS, useKafka } from '../testing/services.ts'

const brokers = useKafka()
const root = temporary()
const realm = `${randomUUID()}.`
let guarded: GuardedBroker

beforeAll(async () => {
  guarded = await startGuardedBroker()
}, START_MS)
afterAll(async () => {
  await guarded.stop()
  const client = await clientOf(brokers())
  await client.withAdmin(async (admin) => admin.deleteTopics({ topics: (await admin.listTopics()).filter((t) => t.startsWith(realm)) }))
})

const prefixOf = (name: string) => `${realm}${name}.`

/** Runs `invigil topics` in a folder with a configuration; what the tests' own environment says of servers is taken away. */
function topics(config: object | undefined, args = '', environment = ''): Promise<Ended> {
  const cwd = mkdtempSync(join(root, 't-'))
  if (config) writeFileSync(join(cwd, 'invigil.yaml'), JSON.stringify(config))
  return startShell(`env -u KAFKA_BROKERS -u REDIS_URL ${environment} $INVIGIL topics ${args}`, { cwd }).ended
}

const kafka = (name: string, more: object = {}) => ({ brokers: brokers(), prefix: prefixOf(name), topics: { replication: 1, partitions: { telemetry: 2 } }, ...more })

test('makes the topics, and then finds them', async () => {
  const config = { kafka: kafka('made') }
  const first = await topics(config)
  expect(first).toMatchObject({ code: 0, err: '' })
  const lines = first.out.trimEnd().split('\n')
  expect(lines.slice(0, -1).map((l) => l.split(/ +/).slice(0, 3).join(' '))).toEqual(TOPICS.map((kind) => `made ${prefixOf('made')}${kind} ${{ telemetry: 2, sightings: 12, marks: 1, contexts: 1, shadow: 1, reviews: 1, rejects: 3, late: 3 }[kind as string] ?? 6}`))
  expect(lines.at(-1)).toBe('11 topics: 11 made, 0 there already')
  // Plain text, since nobody looks at a terminal.
  expect(first.out).not.toContain('\u001b')

  const client = await clientOf(brokers())
  await client.withAdmin((admin) => admin.deleteTopics({ topics: [`${prefixOf('made')}prompts`] }))
  const again = await topics(config, '--json')
  expect(again).toMatchObject({ code: 0, err: '' })
  const said = JSON.parse(again.out) as { topics: { kind: string; state: string; partitions: number; configs: object }[]; differing: unknown[] }
  expect(said.topics.filter((t) => t.state === 'made').map((t) => t.kind)).toEqual(['prompts'])
  expect(said.topics[0]).toMatchObject({ kind: 'telemetry', state: 'there', partitions: 2, configs: { 'message.timestamp.type': 'LogAppendTime' } })
  expect(said.differing).toEqual([])
}, 60_000)

test('a platform\'s topic that is not there yet is told, and not made', async () => {
  const client = await clientOf(brokers())
  const [there, absent] = [`${prefixOf('source')}there`, `${prefixOf('source')}absent`]
  await client.withAdmin((admin) => admin.createTopics({ topics: [{ topic: there, numPartitions: 1 }], waitForLeaders: true }))
  const config = { kafka: kafka('source'), sources: [{ topic: there }, { topic: absent }] }
  const said = await topics(config)
  expect(said).toMatchObject({ code: 0, err: '' })
  expect(said.out.trimEnd().split('\n').at(-1)).toBe(`the platforms' topic \`${absent}\` is not there yet; \`invigil run --kafka\` needs it, and who writes to it makes it`)
  expect(said.out).not.toContain(`\`${there}\``)
  expect(JSON.parse((await topics(config, '--json')).out)).toMatchObject({ absentSources: [absent] })
}, 60_000)

test('the environment alone is enough', async () => {
  const done = await topics(undefined, '', `INVIGIL_KAFKA_BROKERS=${brokers().join()} INVIGIL_KAFKA_PREFIX=${prefixOf('env')}`)
  expect(done).toMatchObject({ code: 0, err: '' })
  expect(done.out).toContain(`made   ${prefixOf('env')}telemetry`)
})

test('another number of partitions is refused with the way to migrate, and nothing is made', async () => {
  const client = await clientOf(brokers())
  const name = `${prefixOf('count')}telemetry`
  await client.withAdmin((admin) => admin.createTopics({ topics: [{ topic: name, numPartitions: 3 }], waitForLeaders: true }))
  const { code, out, err } = await topics({ kafka: kafka('count') })
  expect([code, out]).toEqual([2, ''])
  expect(err).toBe(`invigil: the topic \`${name}\` has 3 partitions, not 2; the number is fixed while there is state (set \`topics.partitions.telemetry\` to 3; or choose another \`prefix\` and make its topics with \`invigil topics\`: the platforms' topics are then read again from where they begin)\n`)
  await client.withAdmin(async (admin) => expect((await admin.listTopics()).filter((t) => t.startsWith(prefixOf('count')))).toEqual([name]))
})

test('stamps that senders set are told with the command that mends it, after the rest was made', async () => {
  const client = await clientOf(brokers())
  const name = `${prefixOf('stamp')}telemetry`
  const configEntries = [{ name: 'message.timestamp.type', value: 'CreateTime' }, { name: 'retention.ms', value: '-1' }, { name: 'max.message.bytes', value: '4000000' }]
  await client.withAdmin((admin) => admin.createTopics({ topics: [{ topic: name, numPartitions: 2, configEntries }], waitForLeaders: true }))
  const { code, out, err } = await topics({ kafka: kafka('stamp') }, '--json')
  expect(code).toBe(2)
  expect(err).toContain('1 setting differs from what is wanted; nothing was changed\n')
  expect(err).toContain(`the topic \`${name}\` has \`message.timestamp.type=CreateTime\`, not \`LogAppendTime\``)
  expect(err).toContain(`(kafka-configs.sh --alter --entity-type topics --entity-name ${name} --add-config 'message.timestamp.type=[LogAppendTime]')`)
  const said = JSON.parse(out) as { topics: { state: string }[]; differing: object[] }
  expect([said.topics.filter((t) => t.state === 'made').length, said.differing.length]).toEqual([10, 1])
})

test('no broker at the address is for the user to mend', async () => {
  const { code, out, err } = await topics({ kafka: kafka('none', { brokers: ['127.0.0.1:1'] }) })
  expect([code, out]).toEqual([2, ''])
  expect(err).toBe('invigil: cannot reach the Kafka broker `127.0.0.1:1`: nothing listens there; check `brokers`, and that the broker runs\n')
}, 60_000)

test('a login that is refused is for the user to mend, and the password is not told', async () => {
  const sasl = { mechanism: 'plain', username: 'admin' }
  const wrong = await topics({ kafka: kafka('login', { brokers: guarded.login, sasl: { ...sasl, password: 'not-the-password' } }) }, '--log debug')
  expect([wrong.code, wrong.out]).toEqual([2, ''])
  expect(wrong.err).toContain('invigil: the Kafka broker refused to log in; check `sasl.mechanism`, `sasl.username` and `sasl.password`\n')
  expect(wrong.err).not.toContain('not-the-password')
  const nobody = await topics({ kafka: kafka('login', { brokers: guarded.login, sasl: { ...sasl, username: 'nobody', password: USERS.nobody } }) })
  expect([nobody.code, nobody.out]).toEqual([2, ''])
  expect(nobody.err).toMatch(/not authorized .*`invigil topics --print`/)
  writeFileSync(join(root, 'password'), `${USERS.admin}\n`)
  const right = await topics({ kafka: kafka('login', { brokers: guarded.login, sasl }) }, '', `INVIGIL_KAFKA_PASSWORD_FILE=${join(root, 'password')}`)
  expect(right).toMatchObject({ code: 0, err: '' })
}, 60_000)

test('the commands are printed without any broker', async () => {
  const bare = await topics(undefined, '--print')
  expect(bare).toMatchObject({ code: 0, err: '' })
  expect(bare.out.match(/^kafka-topics\.sh .* --create .*$/gm)).toHaveLength(11)
  const config = { group: 'yn', kafka: { prefix: 'yn.', sasl: { mechanism: 'plain', username: 'inv', password: 'hunter2' } }, sources: [{ topic: 'lms', format: 'xapi' }] }
  const full = await topics(config, '--print')
  expect(full).toMatchObject({ code: 0, err: '' })
  expect(full.out).toContain('--topic yn.telemetry --partitions 12 --config cleanup.policy=delete')
  expect(full.out).toContain('--allow-principal User:inv --operation Read --operation Describe --topic lms\n')
  expect(full.out).toContain('--resource-pattern-type prefixed --group yn\n')
  expect(full.out).not.toContain('hunter2')
  expect((await topics(config, "--print --principal 'User:CN=x y'")).out).toContain("--allow-principal 'User:CN=x y'")
})

test('mistakes on the command line and in the configuration', async () => {
  expect(await topics({ kafka: { brokers: 'b:1' } }, '--principal User:x')).toMatchObject({ code: 2, err: 'invigil: `--principal` is of use only with `--print`\n' })
  expect(await topics({ kafka: { broker: ['b:1'] }, grup: 'g' })).toMatchObject({
    code: 2, out: '', err: 'invigil: 3 problems in the configuration\n  invigil.yaml:1:2: `kafka.brokers` is missing (write it in `invigil.yaml`, or set `INVIGIL_KAFKA_BROKERS`)\n  invigil.yaml:1:11: unknown key `kafka.broker` (did you mean `brokers`?)\n  invigil.yaml:1:29: unknown key `grup` (did you mean `group`?)\n',
  })
  expect(await topics(undefined, '--config other.yaml')).toMatchObject({ code: 2, err: 'invigil: there is no file `other.yaml`\n' })
  expect((await topics(undefined, '--print --json')).code).toBe(2)
})
