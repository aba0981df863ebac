import { MemberAssignment, type Admin } from './client.ts'
import { kafkaError } from './errors.ts'
import { whileNotReady } from './retry.ts'

/** A process in a consumer group. */
export interface GroupMember {
  /** Differs for every member, and for the same process after a restart. */
  id: string
  client: string
  host: string
  /** What it has, by topic. */
  partitions: Readonly<Record<string, readonly number[]>>
}

/** A consumer group as its coordinator sees it. */
export interface Group {
  /** As Kafka names it: `Stable`, `Empty`, `PreparingRebalance`, `CompletingRebalance`, or `Dead` where there is none of that name. */
  state: string
  members: GroupMember[]
}

/** A group's state and members. While partitions are being shared out, no member has any. */
export async function describeGroup(admin: Admin, group: string): Promise<Group> {
  try {
    return await whileNotReady(async () => {
      const { groups } = await admin.describeGroups([group])
      const { state = 'Dead', members = [] } = groups[0] ?? {}
      return { state, members: members.map(({ memberId, clientId, clientHost, memberAssignment }) => ({ id: memberId, client: clientId, host: clientHost.replace(/^\//, ''), partitions: partitionsOf(memberAssignment) })) }
    })
  } catch (e) {
    throw kafkaError(e, { group })
  }
}

function partitionsOf(assignment: Buffer): GroupMember['partitions'] {
  return assignment.length === 0 ? {} : (MemberAssignment.decode(assignment)?.assignment ?? {})
}
