import { randomUUID } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KafkaClient } from '../io/kafka/client.ts'
import { startShell, type Running } from './cli.ts'
import { clientOf } from './kafka.ts'

/** Topics, groups and a folder with `invigil.yaml` that nobody else has. */
export interface Realm {
  prefix: string
  cwd: string
  client: KafkaClient
  /** Starts a line of the command in the folder, with nothing from the environment. */
  shell(this: void, line: string): Running
}

/** Makes a realm in `root`; no topics yet. `more`: what the configuration says besides where Kafka is, as a function of the prefix. */
export async function makeRealm(root: string, brokers: string[], { name = '', partitions, more = () => ({}) }: {
  name?: string
  partitions: Readonly<Record<string, number>>
  more?: (prefix: string) => object
}): Promise<Realm> {
  const prefix = `${name}${randomUUID().slice(0, 8)}.`
  const cwd = mkdtempSync(join(root, 'realm-'))
  const topics = { replication: 1, partitions }
  writeFileSync(join(cwd, 'invigil.yaml'), JSON.stringify({ group: prefix, kafka: { brokers, prefix, topics }, ...more(prefix) }))
  const client = await clientOf(brokers, { prefix, topics })
  return { prefix, cwd, client, shell: (line) => startShell(`exec env -u KAFKA_BROKERS -u REDIS_URL $INVIGIL ${line}`, { cwd }) }
}
