import type { InvigilError } from '../../base/errors.ts'
import type { Conditions } from '../../io/conditions.ts'
import type { TopicPartition } from '../../io/kafka/member.ts'

/** Whether a role has all its partitions at work, as its readiness says. The log says what is wrong; whoever asks is told how many there are. */
export class Troubles {
  private readonly readiness: Conditions
  private readonly condition: string
  private readonly partitions = new Set<string>()
  private hasJoined = false

  constructor(readiness: Conditions, condition: string) {
    this.readiness = readiness
    this.condition = condition
    readiness.unmet(condition, 'its group has not been joined yet')
  }

  /** The group has been joined: what is not in trouble by now is at work. */
  joined(): void {
    this.hasJoined = true
    this.show()
  }

  /** As a member of a group tells it. */
  tell({ topic, partition }: TopicPartition, why: InvigilError | undefined): void {
    if (why === undefined) this.partitions.delete(`${topic}/${partition}`)
    else this.partitions.add(`${topic}/${partition}`)
    this.show()
  }

  private show(): void {
    if (!this.hasJoined) return
    if (this.partitions.size === 0) this.readiness.met(this.condition)
    else this.readiness.unmet(this.condition, `partitions that cannot be worked on at present, for a reason that the log tells: ${this.partitions.size}`)
  }
}
