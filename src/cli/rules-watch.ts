import { setTimeout as sleep } from 'node:timers/promises'
import { InvalidArgumentError } from 'commander'
import type { Logger } from 'pino'
import { InvigilError } from '../base/errors.ts'
import { SECOND, type Ms } from '../base/time.ts'
import { Conditions } from '../io/conditions.ts'
import { httpConfig, StatusServer, type Listen } from '../io/http.ts'
import type { KafkaClient } from '../io/kafka/client.ts'
import { Metrics } from '../io/metrics.ts'
import { contextRecordOf, type ContextRecord } from '../pipeline/context-record.ts'
import type { OpenContext } from '../pipeline/context.ts'
import { publishContext } from '../pipeline/kafka/publish-context.ts'
import { Reloader, type ReloadOptions } from '../pipeline/reload/reloader.ts'
import { logRefusal, writeRefusal } from './run-reload.ts'

/** Brokers that cannot be reached are asked again after this. */
const AGAIN: Ms = 5 * SECOND

export interface PublishChangesOptions {
  client: KafkaClient
  /** In force. */
  context: OpenContext
  around: ReloadOptions
  http: Listen | undefined
  log: Logger
  /** Without it, SIGTERM and Ctrl-C end it. */
  stop: AbortSignal | undefined
  /** Is told of what was published, and of what was before it. */
  tell(this: void, context: OpenContext, before: ContextRecord): void
  /** Prints a line. */
  say(this: void, line: string): void
}

export function readListen(text: string): Listen {
  const parsed = httpConfig.shape.listen.safeParse(text)
  if (parsed.success && parsed.data) return parsed.data
  throw new InvalidArgumentError(parsed.error?.issues[0]?.message ?? '')
}

/** Publishes rules whenever what lies in their directories has changed for the better, until it is stopped. */
export async function publishChanges(options: PublishChangesOptions): Promise<void> {
  const { client, around, http, log, tell, say } = options
  const [metrics, readiness] = [new Metrics(), new Conditions()]
  const server = http && (await StatusServer.open(http, { metrics, readiness, health: new Conditions() }, (e) => log.error({ error: e.message }, 'a page could not be served')))
  const stop = options.stop ?? stoppedBySignal()
  let { context } = options
  const usable = () => {
    readiness.met('rules')
    metrics.show('rules_refused', 0)
  }
  const publish = async (next: OpenContext): Promise<void> => {
    if (!(await untilPublished(client, next, log, stop))) return
    const before = contextRecordOf(context)
    context = next
    metrics.count('rules_reloads_total', 1, { reload: 'published' })
    metrics.showAll('context_info', [[context.hash, 1]])
    usable()
    tell(context, before)
  }
  usable()
  metrics.showAll('context_info', [[context.hash, 1]])
  const reloader = new Reloader(context, around, {
    refused: (e) => {
      metrics.count('rules_reloads_total', 1, { reload: 'refused' })
      metrics.show('rules_refused', 1)
      readiness.unmet('rules', 'the rules as they lie in their directories are refused, for a reason that the log tells; those before stay in force')
      logRefusal(log, e)
      for (const line of writeRefusal(e)) say(line)
    },
    mended: () => {
      usable()
      say('the rules that are in force are there again')
    },
  }, publish)
  say(`watching ${around.rules.map((dir) => `\`${dir}\``).join(', ')}${server ? `; http://${server.address}/metrics` : ''}`)
  try {
    await reloader.until(stop)
  } finally {
    await reloader.close()
    await server?.close()
    metrics.close()
  }
}

/** False where it was stopped before. */
async function untilPublished(client: KafkaClient, context: OpenContext, log: Logger, stop: AbortSignal): Promise<boolean> {
  while (!stop.aborted) {
    try {
      await publishContext(client, context)
      return true
    } catch (e) {
      if (!(e instanceof InvigilError) || e.domain !== 'outside') throw e
      log.warn({ error: e.message }, 'rules could not be published; they are tried again')
      await sleep(AGAIN, undefined, { signal: stop }).catch(() => undefined)
    }
  }
  return false
}

function stoppedBySignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort())
  return stop.signal
}
