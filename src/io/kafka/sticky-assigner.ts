import { z } from 'zod'
import { MemberAssignment, MemberMetadata, type PartitionAssigner } from './client.ts'

/** What a member of a group tells the others when it joins. */
export interface Claim {
  /** Where it runs, for those who look: host and process id. */
  process: string
  /** The group's generation in which it was given what it holds. */
  generation: number
  /** What it holds, by topic. */
  held: ReadonlyMap<string, readonly number[]>
}

/** A member as the one sees it that shares out the partitions. */
export interface Claimant extends Omit<Claim, 'process'> {
  id: string
  /** What it takes partitions of. */
  topics: readonly string[]
}

/** The name of the way that partitions are shared out: each member of a group must know it. */
export const STICKY = 'invigil-sticky'
// Of the format of what members say and are told; ours goes into the part that it leaves free.
const VERSION = 0

const claimSchema = z.object({ process: z.string(), generation: z.int(), held: z.array(z.tuple([z.string(), z.array(z.int())])) })

/**
 * Shares out partitions so that each member keeps what it holds as far as it can, where kafkajs gives them out in turn and moves nearly all when
 * one joins. `claim` says what this member holds, and is asked before each join.
 */
export function stickyAssigner(claim: () => Claim): PartitionAssigner {
  return ({ cluster }) => ({
    name: STICKY,
    version: VERSION,
    protocol: ({ topics }) => ({ name: STICKY, metadata: MemberMetadata.encode({ version: VERSION, topics, userData: writeClaim(claim()) }) }),
    assign: ({ members, topics }) => {
      const partitions = new Map(topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).map((p) => p.partitionId)]))
      const claimants = members.map(({ memberId, memberMetadata }) => ({ id: memberId, topics: MemberMetadata.decode(memberMetadata)?.topics ?? [], ...(readClaim(memberMetadata) ?? NOTHING) }))
      const shares = shareOut(claimants, partitions)
      return Promise.resolve([...shares].map(([memberId, share]) => ({ memberId, memberAssignment: MemberAssignment.encode({ version: VERSION, assignment: Object.fromEntries(share), userData: Buffer.alloc(0) }) })))
    },
  })
}

const NOTHING = { generation: -1, held: new Map<string, readonly number[]>() }

function writeClaim({ process, generation, held }: Claim): Buffer {
  return Buffer.from(JSON.stringify({ process, generation, held: [...held] }))
}

/** What a member of a group says of itself; undefined where it is another's program, or one of before. */
export function readClaim(metadata: Buffer): Claim | undefined {
  try {
    const { userData } = MemberMetadata.decode(metadata) ?? {}
    const parsed = claimSchema.safeParse(JSON.parse(String(userData)))
    return parsed.success ? { ...parsed.data, held: new Map(parsed.data.held) } : undefined
  } catch {
    // Another program may say anything.
    return undefined
  }
}

/** One topic, while it is shared out. */
interface Sharing {
  topic: string
  /** Members that take partitions of it. */
  takers: readonly string[]
  all: readonly number[]
  /** What each has and may keep, each partition once. */
  kept: Map<string, number[]>
  /** What each gets at least; some get one more. */
  floor: number
  more: Set<string>
}

/**
 * Which partitions each member gets of each topic. INVARIANT: each partition goes to exactly one of those that take its topic; of each topic any
 * two get equally many, give or take one, and overall, too, where all take the same topics. As few as possible move, and the same question always
 * has the same answer.
 */
export function shareOut(members: readonly Claimant[], partitions: ReadonlyMap<string, readonly number[]>): Map<string, Map<string, number[]>> {
  const sorted = members.toSorted((a, b) => compare(a.id, b.id))
  const totals = new Map(sorted.map((m) => [m.id, 0]))
  const topics: Sharing[] = []
  for (const topic of [...partitions.keys()].sort(compare)) {
    const takers = sorted.filter((m) => m.topics.includes(topic))
    if (takers.length > 0) topics.push(begin(topic, partitions.get(topic) ?? [], takers, totals))
  }
  level(topics, totals)
  const shares = new Map(sorted.map((m) => [m.id, new Map<string, number[]>()]))
  for (const t of topics) for (const [id, share] of give(t)) if (share.length > 0) shares.get(id)?.set(t.topic, share)
  return shares
}

/** Who may keep what of a topic, and who gets one more than others: first who thereby keeps one, then who has least so far. */
function begin(topic: string, all: readonly number[], takers: readonly Claimant[], totals: Map<string, number>): Sharing {
  const owners = new Map<number, Claimant>()
  for (const taker of takers) {
    for (const p of taker.held.get(topic) ?? []) {
      const other = owners.get(p)
      // One that was away for a while still holds what another has been given since.
      if (all.includes(p) && (other === undefined || taker.generation > other.generation)) owners.set(p, taker)
    }
  }
  const kept = new Map(takers.map((m) => [m.id, [] as number[]]))
  for (const [p, { id }] of [...owners].sort(([a], [b]) => a - b)) kept.get(id)?.push(p)
  const floor = Math.floor(all.length / takers.length)
  const sharing: Sharing = { topic, takers: takers.map((m) => m.id), all, kept, floor, more: new Set() }
  const total = (id: string): number => totals.get(id) ?? 0
  const first = sharing.takers.toSorted((a, b) => keepsMore(sharing, b) - keepsMore(sharing, a) || total(a) - total(b) || compare(a, b))
  sharing.more = new Set(first.slice(0, all.length % takers.length))
  for (const id of sharing.takers) totals.set(id, total(id) + quota(sharing, id))
  return sharing
}

/** Lets those who have two more than others overall give one away, where it costs fewest moves. */
function level(topics: readonly Sharing[], totals: Map<string, number>): void {
  for (;;) {
    let best: { topic: Sharing; from: string; to: string; cost: number; apart: number } | undefined
    for (const topic of topics) {
      for (const from of topic.more) {
        for (const to of topic.takers) {
          const apart = (totals.get(from) ?? 0) - (totals.get(to) ?? 0)
          if (apart < 2 || topic.more.has(to)) continue
          const cost = keepsMore(topic, from) - keepsMore(topic, to)
          if (best === undefined || cost < best.cost || (cost === best.cost && apart > best.apart)) best = { topic, from, to, cost, apart }
        }
      }
    }
    if (best === undefined) return
    const { topic, from, to } = best
    topic.more.delete(from)
    topic.more.add(to)
    totals.set(from, (totals.get(from) ?? 0) - 1)
    totals.set(to, (totals.get(to) ?? 0) + 1)
  }
}

function give(sharing: Sharing): Map<string, number[]> {
  const { takers, all, kept } = sharing
  const shares = new Map(takers.map((id) => [id, (kept.get(id) ?? []).slice(0, quota(sharing, id))]))
  const given = new Set([...shares.values()].flat())
  const free = all.filter((p) => !given.has(p)).sort((a, b) => a - b)
  for (const [id, share] of shares) share.push(...free.splice(0, quota(sharing, id) - share.length))
  return new Map([...shares].map(([id, share]) => [id, share.sort((a, b) => a - b)]))
}

function quota({ floor, more }: Sharing, id: string): number {
  return floor + (more.has(id) ? 1 : 0)
}

/** 1 where a member that gets one more than the least keeps one more thereby. */
function keepsMore({ kept, floor }: Sharing, id: string): number {
  return (kept.get(id)?.length ?? 0) > floor ? 1 : 0
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
