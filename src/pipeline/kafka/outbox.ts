import type { Output } from '../../engine/output.ts'
import type { KafkaClient, Message, TopicMessages } from '../../io/kafka/client.ts'
import type { TopicKind } from '../../io/kafka/config.ts'
import type { Meter } from '../../io/metrics.ts'
import { promptMessage, recordMessage, warningMessage } from '../cloud-events.ts'

/** What a task will write with its next commit. */
export class Outbox {
  private readonly client: KafkaClient
  private readonly meter: Meter
  private readonly messages = new Map<TopicKind, Message[]>()

  constructor(client: KafkaClient, meter: Meter) {
    this.client = client
    this.meter = meter
  }

  put(kind: TopicKind, message: Message): void {
    const there = this.messages.get(kind)
    if (there) there.push(message)
    else this.messages.set(kind, [message])
  }

  /** Adds warnings, prompts and records. */
  add(outputs: readonly Output[]): void {
    for (const output of outputs) {
      if (output.kind === 'prompt') this.put('prompts', promptMessage(output.value))
      else if (output.kind === 'record') {
        this.put('records', recordMessage(output.value))
        if (output.value.revision === 1) this.meter.count('learning_records_total', 1, { platform: output.value.platform })
      } else {
        const { rule, severity, revision } = output.value
        const isShadow = output.kind === 'shadow'
        this.put(isShadow ? 'shadow' : 'warnings', warningMessage(output.value))
        if (revision === 1) this.meter.count(isShadow ? 'shadow_warnings_total' : 'warnings_total', 1, { rule, severity })
      }
    }
  }

  drain(): TopicMessages[] {
    const all = [...this.messages].map(([kind, messages]) => ({ topic: this.client.topic(kind), messages }))
    this.messages.clear()
    return all
  }
}
