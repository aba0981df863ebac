import { InvigilError, type Code } from '../../base/errors.ts'

/** What was being done when Kafka failed, as far as it helps to explain the failure. */
export interface Doing {
  topic?: string
  group?: string
  /** The transactional id. */
  producer?: string
}

/** The part of a kafkajs error that tells what happened. */
interface Fault {
  name: string
  message: string
  type?: string
  code?: string | number
  broker?: string
  topic?: string
}

// kafkajs speaks versions of the protocol in which a broker says INVALID_PRODUCER_EPOCH; newer ones say PRODUCER_FENCED.
const FENCED = ['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'INVALID_PRODUCER_ID_MAPPING']
const TOO_LARGE = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']
const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there', ENOTFOUND: 'its name is not known', EAI_AGAIN: 'its name could not be looked up', ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'there is no way to it', ENETUNREACH: 'there is no way to it',
}
const CLOSED = ['ECONNRESET', 'EPIPE']
const NO_TLS = ['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']
const ASK = 'the commands that `invigil topics --print` writes give Invigil the rights that it needs'

/** A failure of Kafka in words for the user. What is an `InvigilError` already stays as it is. */
export function kafkaError(e: unknown, doing: Doing = {}): InvigilError {
  if (e instanceof InvigilError) return e
  const [code, message] = explain(faultOf(e), doing)
  return new InvigilError(code, message, { cause: e })
}

/** Whether a producer failed because another process has taken over its transactional id. */
export function isFenced(e: unknown): boolean {
  const fault = faultOf(e instanceof InvigilError ? e.cause : e)
  return FENCED.includes(fault.type ?? '') || fault.message === 'Unknown error code 90'
}

/** Whether the broker refused records since they are larger than their topic takes. */
export function isTooLarge(e: unknown): boolean {
  return TOO_LARGE.includes(faultOf(e instanceof InvigilError ? e.cause : e).type ?? '')
}

// Retries and wrappers hide the failure itself, which is the innermost of them; several that came at once are alike.
function faultOf(e: unknown): Fault {
  let at = e
  for (let depth = 0; depth < 10; depth++) {
    const { cause, errors } = Object(at) as { cause?: unknown; errors?: readonly unknown[] }
    const inner = errors?.[0] ?? cause
    if (!(inner instanceof Error)) break
    at = inner
  }
  return at instanceof Error ? at : { name: 'Error', message: String(at) }
}

function explain(fault: Fault, doing: Doing): [Code, string] {
  const topic = fault.topic ?? doing.topic
  const theTopic = topic === undefined ? 'a topic' : `the topic \`${topic}\``
  if (isFenced(fault)) return ['io', `another process has taken over from the producer \`${doing.producer ?? 'of this process'}\`: nothing of what it had not committed will be seen`]
  if (fault.name === 'KafkaJSSASLAuthenticationError' || fault.type === 'SASL_AUTHENTICATION_FAILED') {
    return ['usage', /not supported by the server/.test(fault.message)
      ? 'the Kafka broker does not offer this way to log in; choose another `sasl.mechanism`'
      : 'the Kafka broker refused to log in; check `sasl.mechanism`, `sasl.username` and `sasl.password`']
  }
  // kafkajs does not say why; a broker names no coordinator to those who may not know of the group.
  if (fault.name === 'KafkaJSGroupCoordinatorNotFound') return ['io', `Kafka names no coordinator for ${coordinated(doing)}: the brokers are not ready yet, or the right to it is lacking; ${ASK}`]
  switch (fault.type) {
    case 'UNSUPPORTED_SASL_MECHANISM':
      return ['usage', 'the Kafka broker does not offer this way to log in; choose another `sasl.mechanism`']
    case 'ILLEGAL_SASL_STATE':
      return ['usage', 'the Kafka broker does not take this way to log in at this address; check `brokers`, `sasl` and `tls`']
    case 'TOPIC_AUTHORIZATION_FAILED':
      return ['usage', `not authorized for ${theTopic}; ${ASK}`]
    case 'GROUP_AUTHORIZATION_FAILED':
      return ['usage', `not authorized for the group \`${doing.group ?? 'of this process'}\`; ${ASK}`]
    case 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED':
      return ['usage', `not authorized for the transactional id \`${doing.producer ?? 'of this process'}\`; ${ASK}`]
    case 'CLUSTER_AUTHORIZATION_FAILED':
      return ['usage', `not authorized to do this in the cluster; ${ASK}`]
    case 'UNKNOWN_TOPIC_OR_PARTITION':
      return ['not-found', `there is no topic ${topic === undefined ? 'of that name' : `\`${topic}\``} in Kafka; \`invigil topics\` makes those that are missing`]
    case 'MESSAGE_TOO_LARGE':
    case 'RECORD_LIST_TOO_LARGE':
      return ['usage', `a record is larger than ${theTopic} takes; raise its \`max.message.bytes\``]
    case 'INVALID_REPLICATION_FACTOR':
      return ['usage', 'there are fewer brokers than `topics.replication` asks copies for; lower it, or start more brokers']
    case 'POLICY_VIOLATION':
      return ['usage', `the cluster's policy does not allow ${theTopic} as it is wanted; ask its administrators to make it (\`invigil topics --print\`)`]
    case undefined:
    default:
      return connection(fault)
  }
}

function coordinated({ group, producer }: Doing): string {
  return [group && `the group \`${group}\``, producer && `the transactional id \`${producer}\``].filter(Boolean).join(' or ') || 'a group'
}

function connection(fault: Fault): [Code, string] {
  const broker = fault.broker ? `the Kafka broker \`${fault.broker}\`` : 'the Kafka broker'
  const code = String(fault.code ?? '')
  if (NO_TLS.includes(code)) return ['usage', `${broker} does not speak TLS at this address; check \`brokers\`, or leave \`tls\` out`]
  if (/CERT|SELF_SIGNED|ISSUER|ALTNAME/.test(code)) return ['usage', `the certificate of ${broker} cannot be trusted (${words(fault.message)}); name the authority's certificate in \`tls.ca\``]
  if (fault.name === 'KafkaJSConnectionClosedError' || CLOSED.includes(code)) return ['io', `${broker} closed the connection; if it always does, check \`tls\` and \`sasl\``]
  if (fault.name === 'KafkaJSConnectionError') {
    const why = UNREACHABLE[code] ?? (/timeout/i.test(fault.message) ? 'it does not answer' : words(fault.message))
    return ['io', `cannot reach ${broker}: ${why}; check \`brokers\`, and that the broker runs`]
  }
  return ['io', `Kafka failed: ${words(fault.message)}`]
}

/** Another's message as part of ours: without the prefix that says nothing, and in lower case. */
function words(message: string): string {
  const text = message.replace(/^Connection error: /, '').replace(/\.$/, '')
  return text.charAt(0).toLowerCase() + text.slice(1)
}
