import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DAY } from '../base/time.ts'
import { Relay } from '../testing/relay.ts'
import { useRedis } from '../testing/services.ts'
import { bytes, manifest, read, storeLaws } from '../testing/store-laws.ts'
import { RedisStore, type RedisStoreOptions } from './redis-store.ts'

const MIB = 1 << 20

const address = useRedis()
let url = ''
let admin: Redis
// Others may use the same Redis.
const root = `test-${randomUUID()}:`

beforeAll(() => {
  url = address()
  admin = new Redis(url)
})
afterAll(async () => {
  await empty(root)
  admin.disconnect()
})

async function keysOf(prefix: string): Promise<string[]> {
  const found = new Set<string>()
  for await (const keys of admin.scanStream({ match: `${prefix}*`, count: 1000 }) as AsyncIterable<string[]>) for (const key of keys) found.add(key)
  return [...found].sort()
}

async function empty(prefix: string): Promise<void> {
  for (const key of await keysOf(prefix)) await admin.unlink(key)
}

let tasks = 0
/** A task of its own, and how to open its state. */
function fresh(options: Partial<RedisStoreOptions> = {}) {
  const task = `learner-${tasks++}`
  const base = `${root}${task}:`
  return { task, base, open: () => RedisStore.open({ url, prefix: root, ...options }, task) }
}

/** Files of which anything is there: a name, or a part. */
async function filesOf(base: string): Promise<string[]> {
  const parts = (await keysOf(`${base}keys-`)).map((key) => key.slice(base.length).split(':')[0] as string)
  return [...new Set([...parts, ...(await admin.hkeys(`${base}files`))])]
}

storeLaws(() => {
  const { open, base } = fresh()
  return { open, files: () => filesOf(base) }
})

/** Chunks until `event`, and two more. `begin` is called after the third. */
function* until(event: { isOver: boolean }, begin: () => void): Generator<Uint8Array> {
  for (let n = 0, after = 0; after < 2; n++) {
    if (n === 3) begin()
    if (event.isOver) after++
    yield new Uint8Array(MIB).fill(n)
  }
}

describe('what was lost', () => {
  test('a Redis emptied between snapshots: no delta goes without its base, and a new base begins anew', async () => {
    const { open, base } = fresh()
    const store = await open()
    const first = await store.write([bytes('base')])
    await store.commit(bytes('1'), [first])
    await empty(base)
    expect(await store.manifest()).toBeUndefined()
    await expect(read(store, first)).rejects.toMatchObject({ code: 'bad-state' })
    const delta = await store.write([bytes('delta')])
    await expect(store.commit(bytes('2'), [first, delta])).rejects.toMatchObject({ code: 'bad-state', message: expect.stringContaining(first) as string })
    expect(await store.manifest()).toBeUndefined()
    const second = await store.write([bytes('new base')])
    await store.commit(bytes('3'), [second])
    expect([await manifest(store), await read(store, second), await filesOf(base)]).toEqual(['3', 'new base', [second]])
    await store.close()
  })

  test('a Redis emptied under a file: it is not complete, and nothing of it stays', async () => {
    const { open, base } = fresh()
    const store = await open()
    const event = { isOver: false }
    await expect(store.write(until(event, () => void empty(base).then(() => (event.isOver = true))))).rejects.toMatchObject({ code: 'bad-state' })
    expect(await filesOf(base)).toEqual([])
    await store.close()
  })

  test.each(['first', 'middle', 'last'])('without its %s part a file is neither read nor committed', async (which) => {
    const { open, base } = fresh()
    const store = await open()
    const [before, name] = [await store.write([bytes('before')]), await store.write(Array.from({ length: 9 }, () => new Uint8Array(MIB)))]
    await store.commit(bytes('1'), [before])
    const again = await store.write(Array.from({ length: 9 }, () => new Uint8Array(MIB)))
    expect(await admin.unlink(`${base}${again}:${{ first: 0, middle: 4, last: 8 }[which]}`)).toBe(1)
    await expect(read(store, again)).rejects.toMatchObject({ code: 'bad-state' })
    await expect(store.commit(bytes('2'), [before, again])).rejects.toMatchObject({ code: 'bad-state' })
    expect([await manifest(store), await read(store, before)]).toEqual(['1', 'before'])
    await expect(read(store, name)).rejects.toMatchObject({ code: 'bad-state' })
    await store.close()
  })

  test('a file whose writer was cut off is neither read nor committed, and goes, holes or not', async () => {
    const { open, base } = fresh()
    const store = await open()
    const cut = function* () {
      for (let n = 0; n < 8; n++) yield new Uint8Array(MIB)
      // The writer's process would end here.
      void store.close()
      yield new Uint8Array(MIB)
    }
    await expect(store.write(cut())).rejects.toMatchObject({ code: 'io' })
    const [name = ''] = await filesOf(base)
    expect(name).toMatch(/^keys-/)
    const next = await open()
    await expect(read(next, name)).rejects.toMatchObject({ code: 'bad-state' })
    await expect(next.commit(bytes('1'), [name])).rejects.toMatchObject({ code: 'bad-state' })
    await admin.unlink(`${base}${name}:1`)
    await next.commit(bytes('1'), [])
    expect(await filesOf(base)).toEqual([])
    await next.close()
  })

  test('a connection that breaks under a file is made anew, and the file is whole', async () => {
    const { hostname, port } = new URL(url)
    const relay = await Relay.before(Number(port || 6379), hostname)
    const through = Object.assign(new URL(url), { hostname: '127.0.0.1', port: String(relay.port) })
    const store = await fresh({ url: through.href }).open()
    const event = { isOver: false }
    const cut = () => {
      relay.cut()
      event.isOver = true
    }
    const name = await store.write(until(event, cut))
    await store.commit(bytes('1'), [name])
    let size = 0
    for await (const piece of store.read(name)) {
      expect(new Set(piece)).toEqual(new Set([Math.floor(size / MIB)]))
      size += piece.length
    }
    expect(size).toBe(5 * MIB)
    await store.close()
    relay.close()
  })
})

describe('one owner', () => {
  test('who had the state before can neither write nor commit, and harms nothing', async () => {
    const { open, base } = fresh()
    const zombie = await open()
    const old = await zombie.write([bytes('old')])
    await zombie.commit(bytes('1'), [old])
    const owner = await open()
    const name = await owner.write([bytes('new')])
    await owner.commit(bytes('2'), [old, name])
    await expect(zombie.commit(bytes('3'), [old])).rejects.toMatchObject({ code: 'taken', message: expect.stringContaining('taken over') as string })
    await expect(zombie.write([bytes('x')])).rejects.toMatchObject({ code: 'taken', message: expect.stringContaining('taken over') as string })
    expect([await manifest(owner), await read(owner, old), await read(owner, name), (await filesOf(base)).sort()]).toEqual(['2', 'old', 'new', [old, name].sort()])
    await zombie.close()
    await owner.close()
  })

  test('one that loses it under a file leaves nothing', async () => {
    const { open, base } = fresh()
    const zombie = await open()
    const event = { isOver: false }
    const take = async () => {
      const owner = await open()
      await owner.commit(bytes('2'), [])
      await owner.close()
      event.isOver = true
    }
    await expect(zombie.write(until(event, () => void take()))).rejects.toMatchObject({ code: 'taken' })
    expect(await filesOf(base)).toEqual([])
    await zombie.close()
  })

  test('after Redis was emptied, who opens last owns still', async () => {
    const { open, base } = fresh()
    const zombie = await open()
    await empty(base)
    const owner = await open()
    await expect(zombie.commit(bytes('1'), [])).rejects.toMatchObject({ code: 'taken' })
    await owner.commit(bytes('2'), [])
    await zombie.close()
    await owner.close()
  })
})

describe('names and expiry', () => {
  test('no task has keys that begin like another\'s', async () => {
    const names = ['a', 'a:b', 'a:manifest', 'a b/ü', '*']
    const stores = await Promise.all(names.map((name) => RedisStore.open({ url, prefix: `${root}names:` }, name)))
    for (const [i, store] of stores.entries()) await store.commit(bytes(String(i)), [await store.write([bytes(String(i))])])
    for (const [i, store] of stores.entries()) {
      expect(await manifest(store)).toBe(String(i))
      await store.close()
    }
    expect((await keysOf(`${root}names:`)).length).toBe(4 * names.length)
    expect((await keysOf(`${root}names:a:`)).length).toBe(4)
  })

  test('a commit renews the expiry of all that is kept', async () => {
    const { open, base } = fresh()
    const store = await open()
    const name = await store.write([new Uint8Array(3 * MIB)])
    await store.commit(bytes('1'), [name])
    const keys = await keysOf(base)
    expect(keys.length).toBe(6)
    for (const key of keys) await admin.expire(key, 1000)
    await store.commit(bytes('2'), [name])
    for (const key of keys) expect(await admin.ttl(key)).toBeGreaterThan((30 * DAY) / 1000 - 60)
    await store.close()
  })

  test('without expiry nothing expires, not even what did before', async () => {
    const { open, base, task } = fresh()
    const store = await open()
    const name = await store.write([bytes('a')])
    await store.commit(bytes('1'), [name])
    await store.close()
    const forever = await RedisStore.open({ url, prefix: root, expiry: 0 }, task)
    const more = await forever.write([bytes('b')])
    await forever.commit(bytes('2'), [name, more])
    for (const key of await keysOf(base)) expect(await admin.ttl(key)).toBe(-1)
    await forever.close()
  })
})
