import type { ChildProcessWithoutNullStreams } from 'node:child_process'

export const KAFKA_VERSION: string
/** What is set otherwise than Kafka does, by property. */
export const KAFKA_SETTINGS: Readonly<Record<string, string>>

export interface KafkaOptions {
  /** On 127.0.0.1; a free one unless given. */
  port?: number
  /** The JVM's largest heap, as Java writes it; `1g`, or `512m` if brief, unless given. */
  heap?: string
  /** For tests: starts sooner and takes less, but is slower at many records. */
  brief?: boolean
  /** Leave the data and the log when the broker is stopped. */
  keep?: boolean
  /** Further settings of the broker, or others than ours. */
  properties?: Readonly<Record<string, string>>
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
