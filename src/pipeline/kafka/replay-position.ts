import { z } from 'zod'
import { InvigilError } from '../../base/errors.ts'
import type { Committed } from '../../io/kafka/offsets.ts'
import { MOST_METADATA } from '../../io/kafka/producer.ts'
import type { RejectReason } from '../../telemetry/rejects.ts'
import type { KafkaReject } from '../kafka-rejects.ts'

/** Which rejects are fed back. What is empty chooses all. */
export interface Choice {
  reasons: readonly RejectReason[]
  /** Topics that they came from. */
  sources: readonly string[]
}

export function chooses({ reasons, sources }: Choice, { reason, topic }: Pick<KafkaReject, 'reason' | 'topic'>): boolean {
  return (reasons.length === 0 || reasons.includes(reason)) && (sources.length === 0 || sources.includes(topic))
}

// Of each earlier choice: reasons, sources, and the offset up to which what it chooses is done.
const partsSchema = z.array(z.strictObject({ r: z.array(z.string()), s: z.array(z.string()), to: z.int().min(0) }))
type Part = z.infer<typeof partsSchema>[number]

/**
 * How far one partition of the rejects has been fed back: all before `offset`, and of what comes after it that which earlier replays
 * chose by reason or source. So every reject is fed back once, in whatever portions it is asked for.
 */
export class ReplayPosition {
  private base: number
  private parts: Part[]

  private constructor(base: number, parts: Part[]) {
    this.base = base
    this.parts = parts
  }

  /** As the group has it. `start`: what is older is not there any more. */
  static of(committed: Committed | undefined, start: number): ReplayPosition {
    const base = Math.max(start, committed?.offset ?? 0)
    return new ReplayPosition(base, parse(committed?.metadata ?? '').filter((p) => p.to > base))
  }

  /** The first reject that may not be done. */
  get offset(): number {
    return this.base
  }

  get metadata(): string {
    return this.parts.length === 0 ? '' : JSON.stringify(this.parts)
  }

  isDone(offset: number, reject: Pick<KafkaReject, 'reason' | 'topic'>): boolean {
    return offset < this.base || this.parts.some((p) => offset < p.to && chooses({ reasons: p.r as RejectReason[], sources: p.s }, reject))
  }

  /** All before `to` that `choice` chooses is done. */
  advance({ reasons, sources }: Choice, to: number): void {
    if (reasons.length === 0 && sources.length === 0) {
      this.base = Math.max(this.base, to)
      this.parts = this.parts.filter((p) => p.to > this.base)
      return
    }
    const [r, s] = [[...new Set(reasons)].sort(), [...new Set(sources)].sort()]
    const same = this.parts.find((p) => p.r.join() === r.join() && p.s.join() === s.join())
    if (same) same.to = Math.max(same.to, to)
    else this.parts.push({ r, s, to })
    if (Buffer.byteLength(this.metadata) >= MOST_METADATA) throw new InvigilError('usage', 'too many different choices of rejects since all of them were fed back; run `invigil replay` without `--reason` and `--source`')
  }
}

function parse(metadata: string): Part[] {
  if (metadata === '') return []
  try {
    return partsSchema.parse(JSON.parse(metadata))
  } catch (cause) {
    throw new InvigilError('bad-state', 'what the group of replays has committed is not of Invigil, or of another version', { cause })
  }
}
