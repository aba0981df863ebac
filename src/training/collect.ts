import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { invariant } from '../base/errors.ts'
import { rowsOf, type Rows } from './rows.ts'
import { optionsOf, type WorldSpec } from './worlds.ts'

/** Rows of several worlds, in their order, each simulated on a thread of its own. `done` is told after each. */
export async function collect(worlds: readonly WorldSpec[], done: (world: WorldSpec, rows: Rows) => void = () => undefined): Promise<Rows[]> {
  const found: Rows[] = []
  let next = 0
  const take = async (): Promise<void> => {
    for (let i = next++; i < worlds.length; i = next++) {
      const world = worlds[i] as WorldSpec
      const rows = await inThread(world)
      found[i] = rows
      done(world, rows)
    }
  }
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), worlds.length) }, take))
  return found
}

function inThread(world: WorldSpec): Promise<Rows> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: world })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`the thread that simulates the world of seed ${world.seed} ended with ${code}`)))
  })
}

if (!isMainThread && (workerData as WorldSpec | null)?.seed !== undefined) {
  invariant(parentPort !== null, 'a thread without a parent')
  const rows = rowsOf(optionsOf(workerData as WorldSpec))
  parentPort.postMessage(rows, [rows.values.buffer as ArrayBuffer])
}
