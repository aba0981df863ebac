import { join } from 'node:path'
import type { Logger } from 'pino'
import { InvigilError, type Problem } from '../base/errors.ts'
import type { KafkaClient } from '../io/kafka/client.ts'
import { openMapping } from '../pipeline/mapping.ts'
import { EventLog, TELEMETRY } from '../serve/event-log.ts'
import type { Intake } from '../serve/events.ts'
import type { Store } from '../serve/store.ts'
import type { Form } from '../serve/take.ts'
import type { Holder, Tokens } from '../serve/tokens.ts'
import { TopicStore } from '../serve/topic-store.ts'
import type { Config } from './config.ts'
import { openSources } from './run-kafka.ts'

/** Where events go, and what is said of it. */
type Places = Pick<Intake, 'storeOf' | 'formOf'> & { stores: Store[]; said: string }

/** One log for all. Errors: those of opening the log or a mapping. */
export async function logPlace({ serve }: Config, tokens: Tokens, log: Logger): Promise<Places> {
  const forms = new Map<Holder, Form>()
  for (const holder of tokens.holders) if (holder.config.mapping !== undefined) forms.set(holder, await mappingOf(holder, holder.config.mapping))
  const dir = serve.log as string
  const { log: store, mended } = await EventLog.open(dir)
  if (mended > 0) log.warn({ bytes: mended }, 'a line of the log that was cut short by a crash is blank now; it was never acknowledged')
  return { storeOf: () => store, formOf: (holder) => forms.get(holder), stores: [store], said: `; events go to ${join(dir, TELEMETRY)}` }
}

async function mappingOf({ name, config }: Holder, file: string): Promise<Form> {
  if (config.format !== 'canonical') throw new InvigilError('usage', `the token \`${name}\` has both a \`mapping\` and the format \`${config.format}\`; keep one`)
  const { mapping } = await openMapping(file)
  if (mapping.file.format !== 'json') throw new InvigilError('usage', `\`${file}\` is a mapping of tables, and events over HTTP are JSON; say \`format: json\` in a mapping for them`)
  if (Object.keys(mapping.file.joins).length > 0) throw new InvigilError('usage', `\`${file}\` joins files, which works for logs only; have the platform send the fields with each event`)
  if ((mapping.file.encoding ?? 'utf-8') !== 'utf-8') throw new InvigilError('usage', `\`${file}\` says that the records are in \`${mapping.file.encoding ?? ''}\`; over HTTP they are UTF-8`)
  return { format: 'mapping', mapping }
}

/** A topic for each platform. Errors: `usage` with all tokens whose topic is none that is read and there, those of Kafka and of opening a mapping. */
export async function topicPlaces(client: KafkaClient, { sources }: Config, tokens: Tokens): Promise<Places> {
  const problems: Problem[] = []
  const opened = await openSources(sources.filter((s) => tokens.holders.some((h) => h.config.topic === s.topic)))
  const there = await client.withAdmin((admin) => admin.listTopics())
  const forms = new Map<Holder, Form>()
  for (const holder of tokens.holders) {
    const { name, platform, topic, mapping } = holder.config
    if (platform === undefined) continue
    const source = opened.find((s) => s.topic === topic)
    if (mapping !== undefined) problems.push({ message: `the token \`${name}\` has a \`mapping\``, mend: 'with `--kafka` it stands at the topic, under `sources`' })
    else if (topic === undefined) problems.push({ message: `the token \`${name}\` has no \`topic\``, mend: "name the platform's own topic, which must be among `sources`" })
    else if (source === undefined) problems.push({ message: `the topic \`${topic}\` of the token \`${name}\` is none of \`sources\``, mend: 'nobody would read it: add it there' })
    else if (source.platform !== platform) problems.push({ message: `the source \`${topic}\` must say \`platform: ${platform}\`, as the token \`${name}\` does`, mend: 'events that name no platform are of that one then' })
    else if ((source.encoding ?? 'utf-8') !== 'utf-8') problems.push({ message: `the source \`${topic}\` is in \`${source.encoding ?? ''}\``, mend: 'events over HTTP are UTF-8: give them a topic of their own' })
    else if (!there.includes(topic)) problems.push({ message: `there is no topic \`${topic}\``, mend: 'who writes to it makes it' })
    else forms.set(holder, { format: source.format, mapping: source.mapping })
  }
  if (problems.length > 0) throw new InvigilError('usage', problems.length === 1 ? `${(problems[0] as Problem).message}; ${(problems[0] as Problem).mend ?? ''}` : `${problems.length} problems with the tokens`, { problems })
  const stores = new Map<string, TopicStore>()
  for (const { config } of forms.keys()) if (!stores.has(config.topic as string)) stores.set(config.topic as string, await TopicStore.open(client, config.topic as string))
  return {
    storeOf: (holder) => stores.get(holder.config.topic as string) as TopicStore, formOf: (holder) => forms.get(holder),
    stores: [...stores.values()], said: `; events go to the topics ${[...stores.keys()].join(', ')}`,
  }
}
