import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Admin, Consumer, ConsumerConfig, Kafka, KafkaConfig as KafkajsConfig, Producer } from 'kafkajs'
import type { Logger } from 'pino'
import { fileError } from '../file-error.ts'
import { topicOf, type KafkaConfig, type TopicKind } from './config.ts'
import { kafkaError, type Doing } from './errors.ts'
import { replaceBatch } from './fetched-batch.ts'
import { replaceJoining } from './group-generation.ts'
import { logTo } from './log.ts'
import { replaceListOffsets } from './open-ends.ts'
import { replacePartitioning } from './partitioning.ts'
import { replaceEncoding } from './produce-request.ts'
import { replaceFilter, withoutAborted, type FetchedMessage } from './read-committed.ts'
import { replaceDecoding } from './record-decoding.ts'
import { replaceRunner } from './runner.ts'

// The one place that loads kafkajs, since its filter and its slowest parts must be replaced before. A test holds everybody to it.
const require = createRequire(import.meta.url)
replaceFilter(require)
replaceEncoding(require)
replacePartitioning(require)
replaceListOffsets(require)
replaceDecoding(require)
replaceBatch<FetchedMessage>(require, withoutAborted)
replaceJoining(require)
replaceRunner(require)
const kafkajs = require('kafkajs') as typeof import('kafkajs')

/** How an admin is asked for the settings of a topic. */
export const TOPIC_RESOURCE = kafkajs.ConfigResourceTypes.TOPIC
/** What members of a group say of themselves, and which partitions they are given, as Kafka writes it. */
export const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol
/** kafkajs's way to share out partitions, which every version knows. */
export const { roundRobin } = kafkajs.PartitionAssigners
export type { Admin, Batch, Consumer, EachBatchPayload, IHeaders, KafkaMessage, LogEntry, MemberDescription, Message, PartitionAssigner, Producer, TopicMessages, Transaction } from 'kafkajs'

// Every field is given, since kafkajs's defaults differ where NODE_ENV is `test`. About five seconds in all.
const RETRY = { initialRetryTime: 100, maxRetryTime: 5000, multiplier: 1.5, factor: 0.2, retries: 8 }
// While the broker still completes the transaction before, the next one is refused: the first retry must come soon. The longest
// wait keeps the whole at half a minute, which a restart of a broker fits into.
const TRANSACTION_RETRY = { initialRetryTime: 10, maxRetryTime: 1000, multiplier: 1.3, factor: 0.2, retries: 50 }
const CONNECT_WITHIN = 5000
const MOST_OPEN = 60_000

/** Where Kafka is and how to speak to it. Holds no connection: admins, consumers and producers have their own. */
export class KafkaClient {
  readonly config: KafkaConfig
  readonly log: Logger
  private readonly general: Kafka
  private readonly transactions: Kafka

  private constructor(config: KafkaConfig, log: Logger, common: KafkajsConfig) {
    this.config = config
    this.log = log
    this.general = new kafkajs.Kafka({ ...common, retry: RETRY })
    // Of its own, since kafkajs takes the retries of beginning a transaction from here, not from the producer.
    this.transactions = new kafkajs.Kafka({ ...common, retry: TRANSACTION_RETRY })
  }

  /** Reads the certificates and makes the client; connects to nothing yet. Throws where a file cannot be read. */
  static async open(config: KafkaConfig, log: Logger): Promise<KafkaClient> {
    const { tls, sasl } = config
    if (sasl?.mechanism === 'plain' && !tls) log.warn('the password for Kafka goes over the network as it is; use `tls`, or a `scram` mechanism')
    return new KafkaClient(config, log, {
      brokers: config.brokers,
      clientId: config.clientId,
      connectionTimeout: CONNECT_WITHIN,
      ssl: tls && { ca: await pem(tls.ca), cert: await pem(tls.cert), key: await pem(tls.key), rejectUnauthorized: tls.rejectUnauthorized },
      sasl: sasl && { mechanism: sasl.mechanism as 'plain', username: sasl.username, password: sasl.password.reveal() },
      logLevel: log.isLevelEnabled('debug') ? kafkajs.logLevel.DEBUG : kafkajs.logLevel.INFO,
      logCreator: () => logTo(log),
    })
  }

  /** The name that a topic of Invigil has in Kafka. */
  topic(kind: TopicKind): string {
    return topicOf(this.config, kind)
  }

  /** Does something with a connected admin, and disconnects it. Failures come as `InvigilError`. */
  async withAdmin<T>(use: (admin: Admin) => Promise<T>, doing: Doing = {}): Promise<T> {
    const admin = this.general.admin()
    try {
      await admin.connect()
      return await use(admin)
    } catch (e) {
      throw kafkaError(e, doing)
    } finally {
      await admin.disconnect()
    }
  }

  /** An admin for one who asks again and again; not connected yet, and disconnected by the caller. */
  admin(): Admin {
    return this.general.admin()
  }

  /** A consumer that is not connected yet. It reads what is committed only, unless told otherwise. */
  consumer(options: ConsumerConfig): Consumer {
    let isWanted = true
    // INVARIANT (gone): one that was disconnected stays so, whatever it was doing.
    const retry = { ...RETRY, restartOnFailure: () => Promise.resolve(isWanted) }
    const consumer = this.general.consumer({ allowAutoTopicCreation: false, retry, ...options })
    const disconnect = consumer.disconnect.bind(consumer)
    consumer.disconnect = () => {
      isWanted = false
      return disconnect()
    }
    return consumer
  }

  /** A producer for records that belong to no transaction; not connected yet. */
  plainProducer(): Producer {
    return this.general.producer({ allowAutoTopicCreation: false, idempotent: true, maxInFlightRequests: 1, createPartitioner: kafkajs.Partitioners.DefaultPartitioner, retry: RETRY })
  }

  /** kafkajs's producer behind a `TransactionalProducer`; not connected yet. */
  transactionalProducer(transactionalId: string): Producer {
    return this.transactions.producer({
      transactionalId, idempotent: true, maxInFlightRequests: 1, transactionTimeout: MOST_OPEN, allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner, retry: TRANSACTION_RETRY,
    })
  }
}

async function pem(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined
  return readFile(path, 'utf8').catch((e: NodeJS.ErrnoException) => {
    throw fileError(path, e)
  })
}
