import { setTimeout as sleep } from 'node:timers/promises'
import { MINUTE, SECOND, parseTime, type Ms } from '../../base/time.ts'
import type { KafkaClient, Message, Producer } from '../../io/kafka/client.ts'
import { duplicated, fivePlatforms, type Arrival } from '../five-platforms.ts'
import { messageOf, say } from './say.ts'

/** Of one learner of a platform, in the three hours of `fivePlatforms`. */
const EVENTS_PER_LEARNER = 720
const PLATFORMS = 5
const BELATED = 211
const PORTION: Ms = 100
/** A broker that restarts is waited for so long. */
const PATIENCE: Ms = 2 * MINUTE
const MOST_AT_ONCE = 4000

/** What the platforms send, ready to be sent, in the order in which it arrives. */
export interface Events {
  messages: Message[]
  /** Which learner did something when: `platform`, `learner` and time, apart by NUL. */
  times: Set<string>
}

/** Five platforms with about so many events; one in a hundred comes twice, and one in 211 eleven minutes late. */
export function eventsOf(count: number, seed: number): Events {
  const learners = Math.max(1, Math.round(count / EVENTS_PER_LEARNER / PLATFORMS))
  const all = duplicated(fivePlatforms(seed, learners), seed + 1).map((a, i): Arrival => (i % BELATED === BELATED - 1 ? { ...a, at: a.at + 11 * MINUTE } : a))
  all.sort((a, b) => a.at - b.at)
  const times = new Set(all.map(({ wire }) => `${wire.platform as string}\u0000${wire.learner as string}\u0000${parseTime(wire.time) as Ms}`))
  return { messages: all.map(({ wire }) => ({ key: wire.platform as string, value: JSON.stringify(wire) })), times }
}

/** Sends all events within `length`, at an even pace, whatever becomes of the broker meanwhile. */
export class Feed {
  sent = 0
  /** Portions that were sent again after an error, which may have come through twice. */
  again = 0
  private readonly client: KafkaClient
  private readonly topic: string
  private readonly messages: readonly Message[]
  private readonly length: Ms
  private isStopped = false
  private producer: Producer | undefined

  constructor(client: KafkaClient, topic: string, messages: readonly Message[], length: Ms) {
    this.client = client
    this.topic = topic
    this.messages = messages
    this.length = length
  }

  stop(): void {
    this.isStopped = true
  }

  async run(): Promise<void> {
    const begun = Date.now()
    try {
      while (this.sent < this.messages.length && !this.isStopped) {
        const due = Math.min(this.messages.length, Math.ceil(((Date.now() - begun) / this.length) * this.messages.length), this.sent + MOST_AT_ONCE)
        if (due > this.sent) await this.send(this.messages.slice(this.sent, due))
        this.sent = Math.max(this.sent, due)
        await sleep(PORTION)
      }
    } finally {
      await this.producer?.disconnect()
    }
  }

  private async send(messages: Message[]): Promise<void> {
    for (const until = Date.now() + PATIENCE; ;) {
      try {
        if (this.producer === undefined) {
          this.producer = this.client.plainProducer()
          await this.producer.connect()
        }
        await this.producer.send({ topic: this.topic, messages })
        return
      } catch (e) {
        if (Date.now() > until) throw e
        this.again++
        say(`feeding is tried again: ${messageOf(e)}`)
        await this.producer?.disconnect()
        this.producer = undefined
        await sleep(SECOND)
      }
    }
  }
}
