import { Packr } from 'msgpackr'
import { InvigilError } from '../base/errors.ts'
import type { Machine } from '../engine/machine.ts'
import type { SnapshotStore } from '../engine/ports.ts'
import { loadKeys, saveKeys } from '../engine/keys.ts'
import { loadMachine, saveMachine, type MachineState } from '../engine/snapshot.ts'
import type { OutputName } from '../io/output-folder.ts'
import type { Accounts } from './accounts.ts'
import type { MarkStart } from './mark-starts.ts'

const packr = new Packr({ useRecords: false })

/** What a snapshot is besides its files of keys. Committed in one piece. */
export interface Manifest {
  format: 2
  version: string
  logs: string[]
  /** First bytes of each log, as far as there were any: state must not go on with another log. */
  fingerprints: string[]
  output: string
  lengths: Record<OutputName, number>
  machine: MachineState
  accounts: Accounts
  span: { first: number; last: number }
  /** Lines handled: those after the last mark have been seen, and the next mark will cover them. */
  records: number
  /** From the mark that covers the oldest held event (S) to the one after the snapshot's last (Q + 1). */
  marks: MarkStart[]
  base: string
  deltas: string[]
}

/** Snapshots of one machine: bases, and deltas of the keys changed since, until these outgrow the base. */
export class Snapshots {
  private readonly store: SnapshotStore
  private base: { name: string; bytes: number } | undefined
  private deltas: { name: string; bytes: number }[] = []

  constructor(store: SnapshotStore) {
    this.store = store
  }

  async save(machine: Machine, rest: Omit<Manifest, 'format' | 'machine' | 'base' | 'deltas'>): Promise<void> {
    try {
      await this.write(machine, rest)
    } catch (e) {
      // INVARIANT (deltas): keys whose change was written into the void are marked no more; the next snapshot holds all.
      this.base = undefined
      this.deltas = []
      throw e
    }
  }

  private async write(machine: Machine, rest: Omit<Manifest, 'format' | 'machine' | 'base' | 'deltas'>): Promise<void> {
    const sum = this.deltas.reduce((n, d) => n + d.bytes, 0)
    const fresh = this.base === undefined || sum > this.base.bytes
    let bytes = 0
    const name = await this.store.write(counted(saveKeys(machine, fresh), (n) => (bytes += n)))
    if (fresh) {
      this.base = { name, bytes }
      this.deltas = []
    } else this.deltas.push({ name, bytes })
    const base = (this.base as { name: string }).name
    const deltas = this.deltas.map((d) => d.name)
    const manifest: Manifest = { format: 2, ...rest, machine: saveMachine(machine), base, deltas }
    await this.store.commit(packr.pack(manifest), [base, ...deltas])
  }

  /** The manifest committed last, if there is one. */
  async manifest(): Promise<Manifest | undefined> {
    const bytes = await this.store.manifest()
    if (bytes === undefined) return undefined
    try {
      const manifest = packr.unpack(bytes) as Manifest
      if (manifest.format === 2) return manifest
    } catch (e) {
      throw new InvigilError('bad-state', 'the manifest of the state cannot be read; use another state folder', { cause: e })
    }
    throw new InvigilError('bad-state', 'the state is of a format that this version does not know; use another state folder')
  }

  /** Puts the snapshot into a new machine. */
  async load(machine: Machine, manifest: Manifest): Promise<void> {
    loadMachine(machine, manifest.machine)
    this.base = { name: manifest.base, bytes: await this.loadFile(machine, manifest.base) }
    for (const name of manifest.deltas) this.deltas.push({ name, bytes: await this.loadFile(machine, name) })
  }

  private async loadFile(machine: Machine, name: string): Promise<number> {
    let bytes = 0
    const chunks = this.store.read(name)
    await loadKeys(
      machine,
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
