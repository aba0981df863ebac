import { invariant } from '../../base/errors.ts'
import { Slabs } from '../../base/memory.ts'
import type { TaskMark } from '../../engine/mark-record.ts'
import { ResourceTask, type ResourceTaskState } from '../../engine/resource-task.ts'
import type { Setup } from '../../engine/runtime.ts'
import type { KafkaClient, KafkaMessage, TopicMessages } from '../../io/kafka/client.ts'
import type { Meter } from '../../io/metrics.ts'
import { unpackHandOver } from './hand-over.ts'
import { Outbox } from './outbox.ts'
import type { Work } from './work.ts'

/** The resource stage of one partition of the sightings. */
export class ResourceWork implements Work<ResourceTaskState> {
  readonly task: ResourceTask
  private readonly outbox: Outbox
  // They wait for ten minutes, and would hold on to all that was fetched with them.
  private readonly slabs = new Slabs()

  /** `from`: offset of the first record that will be taken. */
  constructor({ client, meter, setup, from }: { client: KafkaClient; meter: Meter; setup: Setup; from: number }) {
    this.task = new ResourceTask(setup, from)
    this.outbox = new Outbox(client, meter)
  }

  get oldest(): number {
    return this.task.oldest
  }

  // A record of a task that is behind may wait behind many: a limit would wait for itself.
  get waiting(): number {
    return 0
  }

  take(messages: readonly KafkaMessage[]): void {
    for (const { offset, value } of messages) {
      invariant(value !== null, `the record ${offset} of the sightings has no value`)
      this.task.take(Number(offset), unpackHandOver(this.slabs.keep(value)))
    }
  }

  isReady({ mark }: TaskMark): boolean {
    return this.task.isReady(mark.number)
  }

  handle({ mark }: TaskMark, isOut: boolean): void {
    const outputs = this.task.handle(mark)
    if (!isOut) this.outbox.add(outputs)
  }

  drain(): TopicMessages[] {
    return this.outbox.drain()
  }
}
