import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { Machine } from '../engine/machine.ts'
import type { Output } from '../engine/output.ts'
import type { SnapshotStore } from '../engine/ports.ts'
import { loadMachine, saveMachine, type MachineState } from '../engine/snapshot.ts'
import { StateFolder } from '../io/state-folder.ts'
import { at, instant, ruleOf } from '../testing/drive.ts'
import { beats } from '../testing/tiny-detectors.ts'
import { Snapshots, type Manifest } from './recovery.ts'

const catalogue = new Catalogue(catalogueSchema.parse({}))
const beat = (time: string, learner: string) => at(time, 'heartbeat', learner, 'c1')

function machine(outputs: Output[] = []): Machine {
  return new Machine({ rules: [ruleOf(beats)], catalogue, context: 'c', output: (o) => outputs.push(o) })
}

/** A store that fails once, where it is told to. */
class Flaky implements SnapshotStore {
  fails: 'write' | 'commit' | undefined
  private readonly store: SnapshotStore

  constructor(store: SnapshotStore) {
    this.store = store
  }

  manifest = () => this.store.manifest()
  read = (name: string) => this.store.read(name)
  close = () => this.store.close()

  write(chunks: Iterable<Uint8Array>): Promise<string> {
    if (this.fails !== 'write') return this.store.write(chunks)
    this.fails = undefined
    // The disk is full after the first chunk.
    for (const chunk of chunks) return Promise.reject(new Error(`no room for ${chunk.length} bytes`))
    return Promise.reject(new Error('no room'))
  }

  commit(manifest: Uint8Array, keep: readonly string[]): Promise<void> {
    if (this.fails !== 'commit') return this.store.commit(manifest, keep)
    this.fails = undefined
    return Promise.reject(new Error('gone'))
  }
}

test.each(['write', 'commit'] as const)('after a snapshot that failed at its %s the next one holds everything', async (fails) => {
  const store = new Flaky(await StateFolder.open(mkdtempSync(join(tmpdir(), 'invigil-recovery-'))))
  const snapshots = new Snapshots<{ machine: MachineState }>(store)
  const m = machine()
  const pass = (time: string) => m.passTo(instant(time))
  m.observe(beat('08:00:00', 'L1'))
  pass('08:00:05')
  await snapshots.save(m, { machine: saveMachine(m) })
  m.observe(beat('08:00:10', 'L1'))
  pass('08:00:15')
  store.fails = fails
  await expect(snapshots.save(m, { machine: saveMachine(m) })).rejects.toThrow()
  m.observe(beat('08:00:20', 'L2'))
  pass('08:00:25')
  await snapshots.save(m, { machine: saveMachine(m) })

  const outputs: Output[] = []
  const other = machine(outputs)
  const again = new Snapshots<{ machine: MachineState }>(store)
  const manifest = (await again.manifest()) as Manifest<{ machine: MachineState }>
  loadMachine(other, manifest.machine)
  await again.load(other, manifest)
  other.observe(beat('08:00:30', 'L1'))
  other.observe(beat('08:00:30', 'L2'))
  other.end()
  const told = outputs.map((o) => (o.kind === 'warning' ? `${o.value.subject.id} ${o.value.facts.n as number}` : ''))
  // L1's second beat, whose change went with the failed snapshot, is not forgotten.
  expect(told.filter((t) => t !== '')).toEqual(['L1 3', 'L2 2'])
  await store.close()
})
