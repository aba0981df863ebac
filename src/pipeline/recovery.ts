import { Packr } from 'msgpackr'
import { InvigilError } from '../base/errors.ts'
import type { SnapshotStore } from '../engine/ports.ts'
import { loadKeys, saveKeys, type Keyed } from '../engine/keys.ts'

const packr = new Packr({ useRecords: false })
const FORMAT = 3

/** The files of a snapshot, and what it is besides: committed in one piece. */
export type Manifest<Head> = Head & {
  format: typeof FORMAT
  base: string
  deltas: string[]
}

/** What a snapshot took. */
export interface Saved {
  /** Name of the base that it builds upon, or is. */
  base: string
  bytes: number
  isBase: boolean
}

/** Snapshots of one machine or one task: bases, and deltas of the keys changed since, until these outgrow the base. */
export class Snapshots<Head extends object> {
  private readonly store: SnapshotStore
  private base: { name: string; bytes: number } | undefined
  private deltas: { name: string; bytes: number }[] = []

  constructor(store: SnapshotStore) {
    this.store = store
  }

  /** Saves the keys and with them `head`, all that is no key. Nothing may be handled until this has returned. */
  async save(keyed: Keyed, head: Head): Promise<Saved> {
    try {
      return await this.write(keyed, head)
    } catch (e) {
      this.forget()
      throw e
    }
  }

  /** The next snapshot is a base. INVARIANT (deltas): keys whose change was written into the void are marked no more. */
  forget(): void {
    this.base = undefined
    this.deltas = []
  }

  private async write(keyed: Keyed, head: Head): Promise<Saved> {
    const sum = this.deltas.reduce((n, d) => n + d.bytes, 0)
    const isBase = this.base === undefined || sum > this.base.bytes
    let bytes = 0
    const name = await this.store.write(counted(saveKeys(keyed, isBase), (n) => (bytes += n)))
    if (isBase) {
      this.base = { name, bytes }
      this.deltas = []
    } else this.deltas.push({ name, bytes })
    const base = (this.base as { name: string }).name
    const deltas = this.deltas.map((d) => d.name)
    const manifest: Manifest<Head> = { ...head, format: FORMAT, base, deltas }
    await this.store.commit(packr.pack(manifest), [base, ...deltas])
    return { base, bytes, isBase }
  }

  /** The manifest committed last, if there is one. */
  async manifest(): Promise<Manifest<Head> | undefined> {
    const bytes = await this.store.manifest()
    if (bytes === undefined) return undefined
    try {
      const manifest = packr.unpack(bytes) as Manifest<Head>
      if (manifest.format === FORMAT) return manifest
    } catch (e) {
      throw new InvigilError('bad-state', 'the manifest of the state cannot be read; use another state folder', { cause: e })
    }
    throw new InvigilError('bad-state', 'the state is of a format that this version does not know; use another state folder')
  }

  /** Puts the snapshot's keys into a new machine or task, which has what is no key by now. */
  async load(keyed: Keyed, { base, deltas }: Pick<Manifest<Head>, 'base' | 'deltas'>): Promise<void> {
    this.base = { name: base, bytes: await this.loadFile(keyed, base) }
    for (const name of deltas) this.deltas.push({ name, bytes: await this.loadFile(keyed, name) })
  }

  private async loadFile(keyed: Keyed, name: string): Promise<number> {
    let bytes = 0
    const chunks = this.store.read(name)
    await loadKeys(
      keyed,
      (async function* () {
        for await (const chunk of chunks) {
          bytes += chunk.length
          yield chunk
        }
      })(),
    )
    return bytes
  }
}

function* counted(chunks: Iterable<Uint8Array>, add: (bytes: number) => void): Generator<Uint8Array> {
  for (const chunk of chunks) {
    add(chunk.length)
    yield chunk
  }
}
