import { MemberAssignment, type Admin, type MemberDescription } from './client.ts'
import { kafkaError } from './errors.ts'
import { whileNotReady } from './retry.ts'
import { readClaim } from './sticky-assigner.ts'

/** A process in a consumer group. */
export interface GroupMember {
  /** Differs for every member, and for the same process after a restart. */
  id: string
  client: string
  host: string
  /** The process's own host and id, where it says them. */
  process?: string
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
      return { state, members: members.map(memberOf) }
    })
  } catch (e) {
    throw kafkaError(e, { group })
  }
}

function memberOf({ memberId, clientId, clientHost, memberAssignment, memberMetadata }: MemberDescription): GroupMember {
  const process = readClaim(memberMetadata)?.process
  return { id: memberId, client: clientId, host: clientHost.replace(/^\//, ''), ...(process === undefined ? {} : { process }), partitions: partitionsOf(memberAssignment) }
}

function partitionsOf(assignment: Buffer): GroupMember['partitions'] {
  return assignment.length === 0 ? {} : (MemberAssignment.decode(assignment)?.assignment ?? {})
}
