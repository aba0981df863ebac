import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { MemberAssignment, MemberMetadata } from './client.ts'
import { readClaim, shareOut, STICKY, stickyAssigner, type Claim, type Claimant } from './sticky-assigner.ts'

type Shares = Map<string, Map<string, number[]>>

let seed = 5
const pick = (n: number): number => ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0), Math.floor((seed / 2 ** 32) * n))
const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
const topicsOf = (counts: Readonly<Record<string, number>>): Map<string, number[]> => new Map(Object.entries(counts).map(([t, n]) => [t, numbers(n)]))
const newcomer = (id: string, topics: readonly string[] = ['t']): Claimant => ({ id, topics, generation: -1, held: new Map() })
const claims = (shares: Shares, generation = 1): Claimant[] => [...shares].map(([id, held]) => ({ id, topics: ['t', 'u', 'v', 'w'], generation, held }))
const list = (shares: Shares, topic = 't'): Record<string, number[]> => Object.fromEntries([...shares].map(([id, share]) => [id, share.get(topic) ?? []]))

/** How many partitions are another's now that somebody has had. */
function moved(before: Shares, after: Shares): number {
  return [...before].reduce((sum, [id, share]) => sum + [...share].reduce((s, [topic, held]) => s + held.filter((p) => !after.get(id)?.get(topic)?.includes(p)).length, 0), 0)
}

function expectFair(shares: Shares, topics: ReadonlyMap<string, readonly number[]>): void {
  for (const [topic, all] of topics) {
    const each = [...shares.values()].map((s) => s.get(topic) ?? [])
    expect(each.flat().sort((a, b) => a - b)).toEqual(all)
    expect(Math.max(...each.map((s) => s.length)) - Math.min(...each.map((s) => s.length))).toBeLessThanOrEqual(1)
  }
  const totals = [...shares.values()].map((s) => [...s.values()].flat().length)
  expect(Math.max(...totals) - Math.min(...totals)).toBeLessThanOrEqual(1)
}

test('one that joins takes what is its due from each, and the others keep the rest', () => {
  const topics = topicsOf({ t: 6 })
  const two = shareOut([newcomer('a'), newcomer('b')], topics)
  expect(list(two)).toEqual({ a: [0, 1, 2], b: [3, 4, 5] })
  const three = shareOut([...claims(two), newcomer('0-first')], topics)
  expect(list(three)).toEqual({ '0-first': [2, 5], a: [0, 1], b: [3, 4] })
  // It leaves: what it had goes to the others, and nothing else moves.
  const left = shareOut(claims(three).filter((m) => m.id !== '0-first'), topics)
  expect(moved(three, left)).toBe(2)
  expect(list(left)).toEqual({ a: [0, 1, 2], b: [3, 4, 5] })
  // More members than partitions.
  expect(list(shareOut([...claims(shareOut(['a', 'b'].map((id) => newcomer(id)), topicsOf({ t: 1 }))), newcomer('0')], topicsOf({ t: 1 })))).toEqual({ 0: [], a: [0], b: [] })
})

test('of two that claim the same, the newer generation has it; what is not there any more is nobody\'s', () => {
  const claim = (id: string, generation: number, held: number[]): Claimant => ({ id, topics: ['t'], generation, held: new Map([['t', held], ['gone', [0]]]) })
  expect(list(shareOut([claim('a', 5, [0, 1]), claim('b', 6, [1, 0])], topicsOf({ t: 4 })))).toEqual({ a: [2, 3], b: [0, 1] })
  expect(list(shareOut([claim('a', 6, [0, 1]), claim('b', 5, [1, 0])], topicsOf({ t: 4 })))).toEqual({ a: [0, 1], b: [2, 3] })
  // Of the same generation none can: it is settled all the same, and alike whoever is asked first.
  expect(list(shareOut([claim('b', 6, [0, 1]), claim('a', 6, [1, 0])], topicsOf({ t: 2 })))).toEqual({ a: [0], b: [1] })
  expect(list(shareOut([claim('a', 1, [7, 8, 0, 0])], topicsOf({ t: 2 })))).toEqual({ a: [0, 1] })
})

test('who does not take a topic is given none of it', () => {
  const shares = shareOut([newcomer('a', ['t', 'u']), newcomer('b', ['u']), newcomer('c', ['other'])], topicsOf({ t: 3, u: 2, nobodys: 2 }))
  expect([list(shares, 't'), list(shares, 'u'), list(shares, 'nobodys')]).toEqual([{ a: [0, 1, 2], b: [], c: [] }, { a: [0], b: [1], c: [] }, { a: [], b: [], c: [] }])
})

test('however members come and go, all is shared out fairly, alike in any order, and what may stay stays', () => {
  for (let round = 0; round < 60; round++) {
    const topics = topicsOf({ t: 1 + pick(20), u: pick(9), v: pick(4), w: 1 + pick(3) })
    const name = (): string => `m${pick(1_000_000)}`
    let members: Claimant[] = Array.from({ length: 1 + pick(6) }, () => newcomer(name(), ['t', 'u', 'v', 'w']))
    for (let generation = 1; generation < 6; generation++) {
      const shares = shareOut(members, topics)
      expectFair(shares, topics)
      const now = claims(shares, generation)
      expect(shareOut(now.toReversed(), topics)).toEqual(shares)
      if (pick(2) === 0 || now.length === 1) {
        members = [...now, newcomer(name(), ['t', 'u', 'v', 'w'])]
        const next = shareOut(members, topics)
        const due = [...next.values()].reduce((least, s) => Math.max(least, [...s.values()].flat().length), 0)
        // What the newcomer gets moves, and what evens out the topics.
        expect(moved(shares, next)).toBeLessThanOrEqual(due + topics.size)
      } else members = now.toSpliced(pick(now.length), 1)
    }
  }
})

test('with one topic, no more moves than must', () => {
  for (let round = 0; round < 200; round++) {
    const count = 1 + pick(30)
    const before: Shares = new Map(Array.from({ length: 1 + pick(7) }, (_, i) => [`m${i}`, new Map([['t', [] as number[]]])]))
    const ids = [...before.keys()]
    for (let p = 0; p < count; p++) if (pick(4) > 0) before.get(ids[pick(ids.length)] as string)?.get('t')?.push(p)
    const held = [...before.values()].map((s) => (s.get('t') as number[]).length).sort((a, b) => b - a)
    const [floor, more] = [Math.floor(count / ids.length), count % ids.length]
    const least = held.reduce((sum, h, i) => sum + Math.max(0, h - floor - (i < more ? 1 : 0)), 0)
    expect(moved(before, shareOut(claims(before), topicsOf({ t: count })))).toBe(least)
  }
})

test('members tell what they hold in the protocol, and others\' programs may say anything', async () => {
  const holding: Claim = { process: 'web-3/4711', generation: 7, held: new Map([['t', [3, 1]], ['__proto__', [0]]]) }
  const cluster = { findTopicPartitionMetadata: (topic: string) => numbers(topic === 't' ? 4 : 1).map((partitionId) => ({ partitionId })) }
  const assigner = (claim: Claim) => stickyAssigner(() => claim)({ cluster, groupId: 'g' } as never)
  const { name, metadata } = assigner(holding).protocol({ topics: ['t', '__proto__'] })
  expect(name).toBe(STICKY)
  expect(readClaim(metadata)).toEqual(holding)
  const stranger = MemberMetadata.encode({ version: 0, topics: ['t'], userData: Buffer.from('{"held":"all"}') })
  for (const foreign of [stranger, MemberMetadata.encode({ version: 0, topics: ['t'], userData: Buffer.alloc(0) }), Buffer.alloc(0), Buffer.from([1, 2, 3])]) expect(readClaim(foreign)).toBeUndefined()
  const given = await assigner(holding).assign({ members: [{ memberId: 'b', memberMetadata: stranger }, { memberId: 'a', memberMetadata: metadata }], topics: ['t'] })
  expect(given.map((g) => [g.memberId, Object.entries(MemberAssignment.decode(g.memberAssignment)?.assignment ?? {})])).toEqual([['a', [['t', [1, 3]]]], ['b', [['t', [0, 2]]]]])
})

test('kafkajs tells the generation with a join, as what members say rests on it', () => {
  const ConsumerGroup = createRequire(import.meta.url)('kafkajs/src/consumer/consumerGroup') as new (options: object) => { generationId: number; instrumentationEmitter: { emit(event: string, payload: object): void } }
  const emitted: unknown[] = []
  const logger = { namespace: () => logger }
  const group = new ConsumerGroup({ logger, instrumentationEmitter: { emit: (...event: unknown[]) => emitted.push(event) } })
  group.generationId = 9
  group.instrumentationEmitter.emit('consumer.group_join', { memberId: 'm' })
  group.instrumentationEmitter.emit('consumer.heartbeat', {})
  expect(emitted).toEqual([['consumer.group_join', { memberId: 'm', generationId: 9 }], ['consumer.heartbeat', {}]])
})
