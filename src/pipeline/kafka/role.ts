import type { Logger } from 'pino'
import type { Conditions } from '../../io/conditions.ts'
import type { KafkaClient } from '../../io/kafka/client.ts'
import type { Meter } from '../../io/metrics.ts'

/** What a process may take on. */
export const ROLES = ['intake', 'time', 'learner', 'resource'] as const
export type RoleName = (typeof ROLES)[number]

/** Bytes of telemetry that are worth a request. */
export const LEAST_TELEMETRY = 256 << 10

/** What every role of a process works with. */
export interface Surroundings {
  client: KafkaClient
  /** What consumer groups and transactional ids begin with. */
  group: string
  log: Logger
  meter: Meter
  /** A role says here why it does not do its work at present. */
  readiness: Conditions
  /** A bug: the process cannot go on. */
  broken(this: void, error: unknown): void
}

/** A share in the work over Kafka that a process has taken on: intake, time, or one of the stages. */
export interface Role {
  /** Finishes what it can within some seconds, commits, and leaves its groups. */
  leave(): Promise<void>
}
