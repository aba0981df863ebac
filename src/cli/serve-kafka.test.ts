import { randomUUID } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { logRanges } from '../io/kafka/offsets.ts'
import { readRanges } from '../io/kafka/read-range.ts'
import { warningMessage } from '../pipeline/cloud-events.ts'
import { newToken } from '../serve/tokens.ts'
import { invigil, start, type Running } from '../testing/cli.ts'
import { clientOf, makeTopicsFor } from '../testing/kafka.ts'
import { ROOT, run, temporary } from '../testing/runs.ts'
import { useKafka } from '../testing/services.ts'

const brokers = useKafka()
const dir = temporary()
const running: Running[] = []
let realm = ''
beforeEach(() => {
  realm = `http-${randomUUID()}`
})
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL')
    await ended
  }
  const client = await clientOf(brokers())
  await client.withAdmin(async (admin) => admin.deleteTopics({ topics: (await admin.listTopics()).filter((t) => t.startsWith(realm)) }))
})

const event = (id: string, more: object = {}): string => JSON.stringify({ id, time: '2026-03-02T08:00:15+08:00', action: 'logged-in', learner: 'L1', ...more })

test('events go to the topic of their platform, and warnings of the topic come out', async () => {
  const cwd = mkdtempSync(join(dir, 'kafka-'))
  const [one, office] = [newToken(), newToken()]
  const topic = `${realm}.lms`
  const config = (platform: string): string => [
    `group: ${realm}`, `kafka: { brokers: [${brokers().join(', ')}], prefix: ${realm}., topics: { replication: 1, partitions: { telemetry: 1, sightings: 1, warnings: 2 } } }`,
    `sources: [{ topic: ${topic}, platform: ${platform} }]`, 'serve:', '  listen: 127.0.0.1:0', '  tokens:',
    `    - { name: one, sha256: ${one.sha256}, platform: p1, topic: ${topic} }`, `    - { name: office, sha256: ${office.sha256}, reads: { everything: true } }`, '',
  ].join('\n')
  writeFileSync(join(cwd, 'invigil.yaml'), config('p1'))
  writeFileSync(join(cwd, 'other.yaml'), config('p2'))
  const client = await clientOf(brokers(), { prefix: `${realm}.` })
  await makeTopicsFor(client, { [topic]: 2 })
  expect((await invigil(['topics'], { cwd })).code).toBe(0)
  const refused = await invigil(['serve', '--intake', '--kafka', '--config', 'other.yaml'], { cwd })
  expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('must say `platform: p1`')])

  const server = start(['serve', '--intake', '--kafka'], { cwd })
  running.push(server)
  let url = ''
  await server.said((out) => (url = /serving at (\S+);/.exec(out)?.[1] ?? '') !== '')
  const post = (body: string, query = ''): Promise<Response> => fetch(`${url}/v1/events${query}`, { method: 'POST', body, headers: { authorization: `Bearer ${one.token}`, 'content-type': 'application/x-ndjson' } })
  const sent = [event('e1'), '{"id":"broken"}', event('e2', { platform: 'p1', unknown: 1 })]
  expect(await (await post(sent.join('\n'))).json()).toMatchObject({ accepted: 2, rejected: 1 })
  expect((await post([event('e3'), event('e4', { platform: 'p2' })].join('\n'))).status).toBe(403)
  expect((await post(event('e5'), '?format=xapi')).status).toBe(400)
  const found: string[] = []
  await readRanges(client, { topic, ranges: await client.withAdmin((admin) => logRanges(admin, topic)), group: realm }, (_, { value }) => void found.push(String(value)))
  expect(found.sort()).toEqual([...sent].sort())

  const { warnings } = await run(dir, { logs: [join(ROOT, 'fixtures', 'cases', 'parallel-chapters', 'telemetry.ndjson')] })
  const producer = client.plainProducer()
  await producer.connect()
  await producer.send({ topic: client.topic('warnings'), messages: warnings.map(warningMessage) })
  await producer.disconnect()
  await vi.waitFor(async () => {
    const page = (await (await fetch(`${url}/v1/warnings`, { headers: { authorization: `Bearer ${office.token}` } })).json()) as { items: unknown[]; next: string }
    expect(page.items).toEqual(warnings)
    expect(page.next).toMatch(/^\d:\d+/)
  }, { timeout: 20_000, interval: 300 })
  server.child.kill('SIGTERM')
  expect(await server.ended).toMatchObject({ code: 0, out: expect.stringContaining('left in good order') as string })
}, 120_000)
