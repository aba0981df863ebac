import type { Keyed } from '../../engine/keys.ts'
import type { TaskMark } from '../../engine/mark-record.ts'
import type { Setup } from '../../engine/runtime.ts'
import type { KafkaMessage, TopicMessages } from '../../io/kafka/client.ts'

/** What one stage does in a task, without how it recovers and commits. `State` is all of it but its keys. */
export interface Work<State = unknown> {
  readonly task: Keyed & { readonly handled: number; renewal(setup: Setup): Generator<void, void>; save(): State; load(state: State): void }
  /** Takes the next records of the task's partition. */
  take(messages: readonly KafkaMessage[]): void
  /** Whether everything has been taken that a mark covers. */
  isReady(mark: TaskMark): boolean
  /** Handles the next mark; what it gives rise to is kept for `drain`, unless `isOut` says that it is out already. */
  handle(mark: TaskMark, isOut: boolean): void
  /** What has been kept, to be committed together. */
  drain(): TopicMessages[]
  /** S: the offset of the first record that a new owner would need. */
  readonly oldest: number
  /** Records taken that no mark handled covers. */
  readonly waiting: number
}
