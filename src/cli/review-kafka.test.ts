import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { createTopics } from '../io/kafka/topics.ts'
import { warningMessage } from '../pipeline/cloud-events.ts'
import { day, linesOf } from '../testing/fixtures.ts'
import { clientOf } from '../testing/kafka.ts'
import { makeRealm } from '../testing/realm.ts'
import { temporary } from '../testing/runs.ts'
import { useKafka } from '../testing/services.ts'
import type { Warning } from '../warnings/warning.ts'

const brokers = useKafka()
const root = temporary()
const name = `${randomUUID()}.`

afterAll(async () => {
  await (await clientOf(brokers())).withAdmin(async (admin) => admin.deleteTopics({ topics: (await admin.listTopics()).filter((t) => t.startsWith(name)) }))
})

test('over Kafka a review is written beside the warning that it finds, and counts in the report', async () => {
  const { client, shell } = await makeRealm(root, brokers(), { name, partitions: { warnings: 3, reviews: 1 } })
  await createTopics(client)
  const warnings = linesOf(day.golden).slice(0, 40).map((l) => JSON.parse(l) as Warning)
  const producer = client.plainProducer()
  await producer.connect()
  await producer.send({ topic: client.topic('warnings'), messages: warnings.map(warningMessage) })
  await producer.disconnect()
  const first = warnings[0] as Warning
  expect(await shell('review nobody confirm --why x --by y --kafka').ended).toMatchObject({ code: 2, err: expect.stringContaining('there is no warning `nobody` in the topic') as string })
  expect(await shell(`review ${first.id} dismiss --why "a household" --by office --kafka`).ended).toMatchObject({ code: 0, err: '' })
  const { code, out } = await shell('rules report --kafka --json').ended
  expect(code).toBe(0)
  const report = JSON.parse(out) as { rule: string; warnings: number; dismissed: number; precision?: number }[]
  expect(report.find((r) => r.rule === first.rule)).toMatchObject({ dismissed: 1, precision: 0 })
  expect(report.reduce((n, r) => n + r.warnings, 0)).toBe(new Set(warnings.map((w) => w.id)).size)
})
