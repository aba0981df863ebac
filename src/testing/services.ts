import { beforeAll, inject } from 'vitest'
import type { Answer, Service } from './services-setup.ts'

/** How long a hook may take that starts a service: the first time ever, it is downloaded too. */
export const START_MS = 600_000

/**
 * The address of the Kafka that all tests share, as a function to call in hooks and tests. Call this at the top of a file or of a
 * `describe`: it starts the broker before the first test, unless another file has or `KAFKA_BROKERS` names one; without a broker the
 * tests fail. Topics and groups need names of their own. A test that halts or kills a broker starts its own, by `startKafka`.
 */
export function useKafka(): () => string[] {
  const address = use('kafka')
  return () => address().split(',')
}

/** The URL of the Redis that all tests share, as `useKafka`: keys need a prefix of their own, and nothing may be flushed. */
export function useRedis(): () => string {
  return use('redis')
}

function use(service: Service): () => string {
  let address: string | undefined
  beforeAll(async () => {
    const answer = (await (await fetch(`${inject('services')}/${service}`)).json()) as Answer
    if ('error' in answer) throw new Error(answer.error)
    ;({ address } = answer)
  }, START_MS)
  return () => {
    if (address === undefined) throw new Error(`ask for ${service} in a hook or a test, not before`)
    return address
  }
}
