import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import { startKafka } from '../../services/kafka.mjs'
import { startRedis } from '../../services/redis.mjs'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where tests ask for a service. */
    services: string
  }
}

export type Service = 'kafka' | 'redis'

/** A service's address, or why there is none. */
export type Answer = { address: string } | { error: string }

interface Running {
  address: string
  stop(): Promise<void>
}

const CONNECT_MS = 5_000

const start: Record<Service, () => Promise<Running>> = {
  kafka: async () => {
    const given = process.env.KAFKA_BROKERS
    if (given) return theirs('KAFKA_BROKERS', given, given.split(',')[0] as string)
    const kafka = await startKafka({ brief: true })
    return { address: kafka.brokers, stop: () => kafka.stop() }
  },
  redis: async () => {
    const given = process.env.REDIS_URL
    if (given) return theirs('REDIS_URL', given, URL.canParse(given) ? new URL(given).host : given)
    const redis = await startRedis()
    return { address: redis.url, stop: () => redis.stop() }
  },
}

/** A server that the user runs: only looked for, so that a test does not wait for one that is not there. */
async function theirs(variable: string, given: string, host: string): Promise<Running> {
  const [, name, port] = /^\[?(.+?)\]?(?::(\d+))?$/.exec(host.trim()) ?? []
  const socket = connect({ host: name, port: Number(port ?? (variable === 'REDIS_URL' ? 6379 : 9092)) })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) })
  } catch (cause) {
    throw new Error(`nothing answers at \`${given}\`, which \`${variable}\` names: start it, or unset \`${variable}\` and one is started`, { cause })
  } finally {
    socket.destroy()
  }
  return { address: given, stop: () => Promise.resolve() }
}

/**
 * Vitest's global set-up: each service is started when the first test asks for it, once for the whole run, and stopped after the
 * run. A run of tests that need none pays nothing and needs no Java. Tests run in processes of their own, so they ask by HTTP.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const running = new Map<Service, Promise<Running>>()
  const get = (service: Service): Promise<Running> => {
    let one = running.get(service)
    if (one === undefined) running.set(service, (one = start[service]()))
    return one
  }
  const server = createServer((request, response) => {
    const service = request.url?.slice(1) ?? ''
    const asked = service === 'kafka' || service === 'redis' ? get(service) : Promise.reject(new Error(`there is no service \`${service}\``))
    void asked.then(({ address }): Answer => ({ address }), (e: unknown): Answer => ({ error: e instanceof Error ? e.message : String(e) })).then((answer) => response.end(JSON.stringify(answer)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  project.provide('services', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return async () => {
    await close(server)
    const started = await Promise.allSettled(running.values())
    await Promise.all(started.flatMap((s) => (s.status === 'fulfilled' ? [s.value.stop()] : [])))
  }
}

async function close(server: Server): Promise<void> {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}
