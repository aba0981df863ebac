import { describe, expect, test } from 'vitest'
import type { SnapshotStore } from '../engine/ports.ts'

/** One place for snapshots, new for each test. */
export interface Place {
  /** Another process that opens the place. */
  open(): Promise<SnapshotStore>
  /** The names of the files there, and of those of which only parts are there. */
  files(): Promise<string[]>
}

export const bytes = (text: string) => new Uint8Array(Buffer.from(text))

/** The text of a file. */
export async function read(store: SnapshotStore, name: string): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of store.read(name)) pieces.push(new Uint8Array(piece))
  return Buffer.concat(pieces).toString()
}

/** The text of the manifest, if there is one. */
export async function manifest(store: SnapshotStore): Promise<string | undefined> {
  const found = await store.manifest()
  return found === undefined ? undefined : Buffer.from(found).toString()
}

/** What every `SnapshotStore` promises. `fresh` makes a place where nothing is yet; all of them lie beside each other. */
export function storeLaws(fresh: () => Place): void {
  describe('laws of stores', () => {
    test('what was committed is there; nothing is before', async () => {
      const place = fresh()
      const store = await place.open()
      expect(await store.manifest()).toBeUndefined()
      const name = await store.write([bytes('one'), bytes(''), bytes('two')])
      expect(await store.manifest()).toBeUndefined()
      await store.commit(bytes('first'), [name])
      await store.close()
      const again = await place.open()
      expect([await manifest(again), await read(again, name)]).toEqual(['first', 'onetwo'])
      await again.close()
    })

    test('large files come back in pieces, whole', async () => {
      const store = await fresh().open()
      // Sizes below, at and far above those of a piece.
      for (const sizes of [[700_000, 700_000, 700_000, 700_000, 700_000], [1 << 20, 1 << 20, 1], [7_000_001], [5, 3_000_000, 5]]) {
        const chunks = sizes.map((size, i) => new Uint8Array(size).map((_, at) => (at * 31 + i) % 251))
        const name = await store.write(chunks)
        const pieces: Uint8Array[] = []
        for await (const piece of store.read(name)) pieces.push(new Uint8Array(piece))
        expect(Buffer.concat(pieces).equals(Buffer.concat(chunks))).toBe(true)
        expect(pieces.length).toBeGreaterThan(1)
        expect(Math.max(...pieces.map((p) => p.length))).toBeLessThanOrEqual(2 << 20)
      }
      await store.close()
    })

    test('an empty file and an empty manifest are not missing ones', async () => {
      const store = await fresh().open()
      const names = [await store.write([]), await store.write([bytes('')])]
      await store.commit(bytes(''), names)
      expect([await manifest(store), await read(store, names[0]!), await read(store, names[1]!)]).toEqual(['', '', ''])
      await store.close()
    })

    test('nothing is overwritten; what no manifest names goes with the next commit, and not before', async () => {
      const place = fresh()
      const store = await place.open()
      const [a, b] = [await store.write([bytes('a')]), await store.write([bytes('b')])]
      await store.commit(bytes('1'), [a, b])
      const c = await store.write([bytes('c')])
      expect([await manifest(store), await read(store, a), await read(store, b)]).toEqual(['1', 'a', 'b'])
      const d = await store.write([bytes('d')])
      await store.commit(bytes('2'), [b, d])
      expect((await place.files()).sort()).toEqual([b, d].sort())
      expect([await manifest(store), await read(store, b), await read(store, d)]).toEqual(['2', 'b', 'd'])
      await expect(read(store, a)).rejects.toMatchObject({ code: 'bad-state' })
      await expect(read(store, c)).rejects.toMatchObject({ code: 'bad-state' })
      await store.close()
    })

    test('what was never written is told as such', async () => {
      const store = await fresh().open()
      await expect(read(store, 'keys-none')).rejects.toMatchObject({ code: 'bad-state', message: expect.stringContaining('keys-none') as string })
      await store.close()
    })

    test('a write that fails leaves what was committed', async () => {
      const place = fresh()
      const store = await place.open()
      const a = await store.write([bytes('a')])
      await store.commit(bytes('1'), [a])
      const failing = function* () {
        yield new Uint8Array(3 << 20)
        throw new Error('no more')
      }
      await expect(store.write(failing())).rejects.toThrow('no more')
      // Nor does it take room that the next attempt may need.
      expect(await place.files()).toEqual([a])
      expect([await read(store, a), await manifest(store)]).toEqual(['a', '1'])
      await store.close()
    })

    test('what a crash between write and commit left goes with the next commit of whoever comes next', async () => {
      const place = fresh()
      const first = await place.open()
      const a = await first.write([bytes('a')])
      await first.commit(bytes('1'), [a])
      const left = await first.write([new Uint8Array(2 << 20)])
      // Not closed: it is no more.
      const second = await place.open()
      expect((await place.files()).sort()).toEqual([a, left].sort())
      expect(await manifest(second)).toBe('1')
      const b = await second.write([bytes('b')])
      await second.commit(bytes('2'), [a, b])
      expect((await place.files()).sort()).toEqual([a, b].sort())
      expect([await read(second, a), await read(second, b)]).toEqual(['a', 'b'])
      await second.close()
      await first.close()
    })

    test('neighbours leave each other alone', async () => {
      const places = [fresh(), fresh(), fresh()]
      const stores = await Promise.all(places.map((p) => p.open()))
      const rounds = stores.map(async (store, i) => {
        let name = ''
        for (let round = 0; round < 5; round++) {
          name = await store.write([bytes(`file ${i} ${round}`)])
          await store.commit(bytes(`manifest ${i} ${round}`), [name])
        }
        return name
      })
      for (const [i, name] of (await Promise.all(rounds)).entries()) {
        const store = stores[i] as SnapshotStore
        expect([await manifest(store), await read(store, name)]).toEqual([`manifest ${i} 4`, `file ${i} 4`])
        expect(await places[i]?.files()).toEqual([name])
        await store.close()
      }
    })

    test('other work has its turn between chunks', async () => {
      const store = await fresh().open()
      let turns = 0
      let isOver = false
      const other = () => {
        turns++
        if (!isOver) setImmediate(other)
      }
      setImmediate(other)
      const seen: number[] = []
      const chunks = function* () {
        for (let i = 0; i < 20; i++) {
          seen.push(turns)
          yield new Uint8Array(1 << 18)
        }
      }
      await store.write(chunks())
      isOver = true
      expect(new Set(seen).size).toBe(20)
      await store.close()
    })

    test('a reader may stop half-way', async () => {
      const store = await fresh().open()
      const name = await store.write(Array.from({ length: 12 }, () => new Uint8Array(1 << 20)))
      for await (const piece of store.read(name)) {
        expect(piece.length).toBeGreaterThan(0)
        break
      }
      await store.commit(bytes('1'), [name])
      expect((await read(store, name)).length).toBe(12 << 20)
      await store.close()
    })
  })
}
