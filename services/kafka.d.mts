import type { ChildProcessWithoutNullStreams } from 'node:child_process'

export const KAFKA_VERSION: string
/** What is set otherwise than Kafka does, by property. */
export const KAFKA_SETTINGS: Readonly<Record<string, string>>

export type KafkaProperties = Readonly<Record<string, string>>

export interface KafkaOptions {
  /** On 127.0.0.1; a free one unless given. */
  port?: number
  /** The JVM's largest heap, as Java writes it; `1g`, or `512m` if brief, unless given. */
  heap?: string
  /** For tests: starts sooner and takes less, but is slower at many records. */
  brief?: boolean
  /** Leave the data and the log when the broker is stopped. */
  keep?: boolean
  /** Further listeners, the protocol by the name, as `{ LOGIN: 'SASL_PLAINTEXT' }`: each on a free port of 127.0.0.1. What they need is set by `properties`. */
  listeners?: Readonly<Record<string, 'PLAINTEXT' | 'SASL_PLAINTEXT' | 'SSL' | 'SASL_SSL'>>
  /** Further settings of the broker, or others than ours. A function may first write the files that they name, such as a keystore, into the broker's folder. */
  properties?: KafkaProperties | ((dir: string) => KafkaProperties | Promise<KafkaProperties>)
  /** Further arguments for formatting the storage, such as `['--add-scram', 'SCRAM-SHA-256=[name=u,password=p]']`, which makes a user. */
  formatArgs?: readonly string[]
  javaOptions?: readonly string[]
  /** How long it may take to start, in milliseconds. */
  startMs?: number
  /** The broker ended though nobody asked for that. */
  onDeath?: (error: Error) => void
  /** The commands; `JAVA_HOME`'s or the path's `java`, and the path's `mvn`, unless given. */
  java?: string
  mvn?: string
}

export interface Kafka {
  /** `host:port`, for clients. */
  readonly brokers: string
  readonly port: number
  /** `host:port` of the further listeners, by name; the host is `localhost` where TLS is spoken, since certificates are made out to names. */
  readonly listeners: Readonly<Record<string, string>>
  /** Data, settings and log. */
  readonly dir: string
  readonly log: string
  readonly pid: number | undefined
  /** `SIGKILL` unless given; waits for the end unless it is `SIGSTOP` or `SIGCONT`. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Again on the same port with the same data, after stopping it if it runs; resolves once it serves. */
  restart(): Promise<void>
  /** Ends it and removes its data. May be called again. */
  stop(): Promise<void>
  /** Starts a command-line tool of Kafka, such as `org.apache.kafka.tools.consumer.ConsoleConsumer`; it ends with this process. */
  tool(main: string, args: readonly string[]): ChildProcessWithoutNullStreams
}

/** Starts a broker of one node, fetching Kafka first if need be. Throws an error that says what to do. */
export function startKafka(options?: KafkaOptions): Promise<Kafka>

/**
 * Starts a command-line tool of Kafka, fetching Kafka first if need be, for a broker that may be anywhere; it ends with this process.
 * Throws as `startKafka` does.
 */
export function startKafkaTool(main: string, args: readonly string[], options?: Pick<KafkaOptions, 'java' | 'mvn'>): Promise<ChildProcessWithoutNullStreams>
