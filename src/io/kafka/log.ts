import type { Logger } from 'pino'
import type { LogEntry } from './client.ts'

// What kafkajs says besides its message. Everything else (stacks, buffers, addresses of its own help) stays out of the log.
const FIELDS = ['broker', 'clientId', 'groupId', 'memberId', 'topic', 'partition', 'retryCount', 'retryTime', 'error'] as const

// Somebody must act: no retry mends a password, a right or a certificate.
const ACT = /authentication failed|not authorized|authorization failed|mechanism is not supported|certificate/i
// Each of these belongs to the way of working, and comes many times a minute.
const USUAL = /Limiting retries for the idempotent producer|another concurrent operation on the same transaction|group is rebalancing|group coordinator is not available|coordinator is loading|not the correct coordinator|^Pausing fetching|^Resuming fetching/i

/**
 * What kafkajs logs, in Invigil's log. It calls everything an error that it then retries, so an error of its own is a warning
 * here unless somebody must act; what stops Invigil comes as an `InvigilError` besides.
 */
export function logTo(log: Logger): (entry: Pick<LogEntry, 'namespace' | 'label' | 'log'>) => void {
  return ({ namespace, label, log: said }) => {
    const { message } = said
    const fields: Record<string, unknown> = { part: namespace ? `kafkajs ${namespace}` : 'kafkajs' }
    for (const field of FIELDS) {
      const value: unknown = said[field]
      if (value !== undefined) fields[field] = value instanceof Error ? value.message : value
    }
    const error = typeof fields.error === 'string' ? fields.error : ''
    if (label === 'ERROR' && ACT.test(message)) log.error(fields, message)
    else if (label === 'DEBUG' || USUAL.test(message) || USUAL.test(error)) log.debug(fields, message)
    else if (label === 'INFO') log.info(fields, message)
    else log.warn(fields, message)
  }
}
