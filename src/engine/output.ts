import { Heap } from '../base/order.ts'
import type { Ms } from '../base/time.ts'
import type { LearningRecord } from '../records/record.ts'
import type { Event } from '../telemetry/event.ts'
import type { Prompt, Warning } from '../warnings/warning.ts'
import type { Sighting } from './sighting.ts'

/** Where a learner stage's results go. */
export interface LearnerSinks {
  output(this: void, output: Output): void
  sighting(this: void, sighting: Sighting): void
  late(this: void, late: LateEvent): void
  /** Whether learning records are kept, which costs time and memory. */
  readonly records?: boolean
}

/** A warning of a rule that counts, or of one that is being tried out (`shadow`). */
export type WarningOutput = { kind: 'warning' | 'shadow'; at: Ms; value: Warning }

/** What the stages write. */
export type Output = WarningOutput | { kind: 'prompt'; at: Ms; value: Prompt } | { kind: 'record'; at: Ms; value: LearningRecord }

/** An event that came after its platform's watermark. */
export interface LateEvent {
  event: Event
  /** The watermark it missed. */
  watermark: Ms
  /** Of its record in the task's partition; undefined in one process. */
  offset?: number
}

/**
 * Puts outputs into the one order that every run writes them in: by `raised`, then kind, id and revision. An output is
 * final once the resource stage's watermark, which is never ahead of another, has passed it.
 */
export class OutputOrder {
  private readonly heap: Heap<Output>

  constructor(pending: Iterable<Output> = []) {
    this.heap = new Heap<Output>((a, b) => a.at < b.at || (a.at === b.at && orderKey(a) < orderKey(b)), pending)
  }

  push(output: Output): void {
    this.heap.push(output)
  }

  /** Hands over what is final: everything raised before `watermark`. */
  drain(watermark: Ms, take: (output: Output) => void): void {
    for (let top = this.heap.peek(); top !== undefined && top.at < watermark; top = this.heap.peek()) take(this.heap.pop() as Output)
  }

  pending(): readonly Output[] {
    return this.heap.values()
  }
}

const LETTER = { record: 'r', shadow: 's', warning: 'w' } as const

function orderKey(o: Output): string {
  return o.kind === 'prompt'
    ? `p${o.value.warning}\u0000${o.value.platform}\u0000${o.value.learner}`
    : `${LETTER[o.kind]}${o.value.id}${String(o.value.revision).padStart(9, '0')}`
}
