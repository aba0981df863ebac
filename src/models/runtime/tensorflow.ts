import { createRequire } from 'node:module'
import type * as Core from '@tensorflow/tfjs-core'
import type * as Layers from '@tensorflow/tfjs-layers'
import { InvigilError } from '../../base/errors.ts'

export const BACKENDS = ['wasm', 'cpu', 'node'] as const
export type Backend = (typeof BACKENDS)[number]

export type Tf = typeof Core
export type TfLayers = typeof Layers

/** TensorFlow.js on one backend, ready to compute. */
export interface TensorFlow {
  readonly backend: Backend
  readonly tf: Tf
  readonly layers: TfLayers
  /** Makes what follows, up to the next `await`, run on this backend. */
  use(): void
}

const PACKAGES: Readonly<Record<Backend, string>> = { wasm: '@tensorflow/tfjs-backend-wasm', cpu: '@tensorflow/tfjs-backend-cpu', node: '@tensorflow/tfjs-node' }
const opened = new Map<Backend, Promise<TensorFlow>>()

/** Loads TensorFlow.js, which takes about a second: nobody who uses no model should have to wait for it. Throws `usage` for a backend that is not installed. */
export function openTensorFlow(backend: Backend): Promise<TensorFlow> {
  const known = opened.get(backend)
  if (known) return known
  const opening = open(backend)
  opened.set(backend, opening)
  // Somebody may install it, and ask again.
  opening.catch(() => opened.delete(backend))
  return opening
}

async function open(backend: Backend): Promise<TensorFlow> {
  const { tf, layers } = backend === 'node' ? await loadNative() : await loadPortable(backend)
  const name = backend === 'node' ? 'tensorflow' : backend
  if (!(await withoutHandlers(() => tf.setBackend(name)))) throw new InvigilError('usage', `the backend \`${backend}\` does not start here; use another one`)
  return {
    backend, tf, layers,
    use: () => {
      // Once it has been opened, the change is made before the promise is returned.
      if (tf.getBackend() !== name) void tf.setBackend(name)
    },
  }
}

async function loadPortable(backend: 'wasm' | 'cpu'): Promise<{ tf: Tf; layers: TfLayers }> {
  const tf = await load(backend, () => import('@tensorflow/tfjs-core'))
  // It also keeps the backends from advertising another one on standard error.
  tf.enableProdMode()
  const layers = await load(backend, () => import('@tensorflow/tfjs-layers'))
  await load(backend, () => (backend === 'wasm' ? import('@tensorflow/tfjs-backend-wasm') : import('@tensorflow/tfjs-backend-cpu')))
  return { tf, layers }
}

/** The native backend brings a core of its own, and both in one module. It is an optional peer: its types may not be there. */
async function loadNative(): Promise<{ tf: Tf; layers: TfLayers }> {
  const tf = await load('node', () => Promise.resolve(createRequire(import.meta.url)(PACKAGES.node) as Tf & TfLayers))
  tf.enableProdMode()
  return { tf, layers: tf }
}

async function load<T>(backend: Backend, run: () => Promise<T>): Promise<T> {
  try {
    return await withoutHandlers(run)
  } catch (cause) {
    const isMissing = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes((cause as NodeJS.ErrnoException).code ?? '')
    const what = isMissing ? 'is not installed' : `cannot be loaded: ${(cause as Error).message.split('\n', 1)[0] ?? ''}`
    const message = `the backend \`${backend}\` needs the package \`${PACKAGES[backend]}\`, which ${what}`
    throw new InvigilError('usage', message, { problems: [{ message, mend: `\`npm install ${PACKAGES[backend]}\`, or use another backend` }], cause })
  }
}

/** Emscripten's loader takes over the process's uncaught errors; they are ours. */
async function withoutHandlers<T>(run: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const
  const before = new Map(events.map((e) => [e, process.listeners(e as 'uncaughtException')]))
  try {
    return await run()
  } finally {
    for (const e of events) for (const l of process.listeners(e as 'uncaughtException')) if (!before.get(e)?.includes(l)) process.off(e, l)
  }
}
