import type { KafkaConfig, TopicKind } from './config.ts'
import { topicsOf, type Topic, type TopicsConfig } from './topics.ts'

/** Who is to be given the rights, and for what. */
export interface Rights {
  /** As Kafka names users, such as `User:invigil`. */
  principal: string
  /** What Invigil's consumer groups and transactional ids begin with. */
  group: string
  /** The platforms' own topics, which the intake reads. */
  sources?: readonly string[]
}

const READ: readonly TopicKind[] = ['telemetry', 'marks', 'sightings', 'contexts', 'rejects']
const WRITE: readonly TopicKind[] = ['telemetry', 'marks', 'sightings', 'contexts', 'warnings', 'shadow', 'records', 'prompts', 'rejects', 'late']

/** The user that Invigil logs in as, as Kafka names it. Over TLS alone it is the certificate's subject, which Kafka knows better. */
export function principalOf({ sasl }: Pick<KafkaConfig, 'sasl'>): string {
  return `User:${sasl?.username ?? 'invigil'}`
}

/**
 * The topics with their settings, and the rights that Invigil needs, as commands for administrators who make them themselves.
 * `BROKER` and `ADMIN` are variables of the shell: a broker's address and a file with the administrator's own settings.
 */
export function printTopics(config: TopicsConfig, rights: Rights): string {
  const topics = topicsOf(config)
  const lines = [
    '# Topics of Invigil. First: BROKER=host:9092 and, where it is needed, ADMIN=file with your settings (else /dev/null).',
    ...topics.map(createCommand),
    '',
    `# Rights of ${rights.principal}.`,
    ...topics.flatMap((topic) => topicRights(topic, rights.principal)),
    ...(rights.sources ?? []).map((name) => acl(rights.principal, ['Read', 'Describe'], `--topic ${quote(name)}`)),
    ...replayRights(rights),
    acl(rights.principal, ['Read', 'Describe', 'Delete'], `--resource-pattern-type prefixed --group ${quote(rights.group)}`),
    acl(rights.principal, ['Write', 'Describe'], `--resource-pattern-type prefixed --transactional-id ${quote(rights.group)}`),
    acl(rights.principal, ['IdempotentWrite'], '--cluster'),
  ]
  return `${lines.join('\n')}\n`
}

function createCommand({ name, partitions, replication, configs }: Topic): string {
  const copies = replication === undefined ? '' : ` --replication-factor ${replication}`
  const settings = Object.entries(configs).map(([key, value]) => ` --config ${key}=${value}`).join('')
  return `kafka-topics.sh --bootstrap-server "$BROKER" --command-config "$ADMIN" --create --if-not-exists --topic ${quote(name)} --partitions ${partitions}${copies}${settings}`
}

function topicRights({ kind, name }: Topic, principal: string): string[] {
  const operations = [...(READ.includes(kind) ? ['Read'] : []), ...(WRITE.includes(kind) ? ['Write'] : []), 'Describe', 'DescribeConfigs']
  return [acl(principal, operations, `--topic ${quote(name)}`)]
}

/** Who feeds no rejects back can leave these out: all else only reads the platforms' topics. */
function replayRights({ principal, sources = [] }: Rights): string[] {
  if (sources.length === 0) return []
  return ['# Only for `invigil replay`, which writes rejects back to the topics that they came from.', ...sources.map((name) => acl(principal, ['Write'], `--topic ${quote(name)}`))]
}

function acl(principal: string, operations: readonly string[], on: string): string {
  const allowed = operations.map((o) => ` --operation ${o}`).join('')
  return `kafka-acls.sh --bootstrap-server "$BROKER" --command-config "$ADMIN" --add --allow-principal ${quote(principal)}${allowed} ${on}`
}

/** For the shell: names of users may hold spaces. */
function quote(text: string): string {
  return /^[A-Za-z0-9._:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
