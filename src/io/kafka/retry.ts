import { setTimeout as sleep } from 'node:timers/promises'

// kafkajs retries some of its calls and not others; these errors pass where the broker has just started or is still at work.
const PASSING = ['GROUP_LOAD_IN_PROGRESS', 'GROUP_COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR_FOR_GROUP', 'CONCURRENT_TRANSACTIONS']
const FIRST_WAIT = 10
const LONGEST_WAIT = 500
const TRIES = 40

/** Does `work` again while the broker says that it is not ready yet, for about a quarter of a minute. */
export async function whileNotReady<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1, wait = FIRST_WAIT; ; tries++, wait = Math.min(wait * 1.5, LONGEST_WAIT)) {
    try {
      return await work()
    } catch (e) {
      if (tries === TRIES || !PASSING.includes(String((e as { type?: unknown }).type))) throw e
    }
    await sleep(wait)
  }
}
