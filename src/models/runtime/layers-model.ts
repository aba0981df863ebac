import type { io } from '@tensorflow/tfjs-core'
import type { LayersModel } from '@tensorflow/tfjs-layers'
import { InvigilError } from '../../base/errors.ts'
import type { TensorFlow } from './tensorflow.ts'

/** The files of a model's folder by name. */
export type ModelFiles = ReadonlyMap<string, Uint8Array>

export const MODEL = 'model.json'
const WEIGHTS = 'weights.bin'

/** Writes a model as TensorFlow.js does: `model.json` and its weights. The same model gives the same bytes. */
export async function encodeModel({ tf }: TensorFlow, model: LayersModel): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  await model.save(tf.io.withSaveHandler((artifacts) => {
    const json: io.ModelJSON = {
      modelTopology: artifacts.modelTopology as object, format: artifacts.format, generatedBy: artifacts.generatedBy, convertedBy: artifacts.convertedBy,
      weightsManifest: [{ paths: [WEIGHTS], weights: artifacts.weightSpecs ?? [] }],
    }
    files.set(MODEL, Buffer.from(`${JSON.stringify(json)}\n`))
    files.set(WEIGHTS, new Uint8Array(tf.io.CompositeArrayBuffer.join(artifacts.weightData)))
    return Promise.resolve({ modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) })
  }))
  return files
}

/** Reads what `encodeModel` or TensorFlow.js itself has written. Throws `bad-model`. */
export async function decodeModel({ tf, layers }: TensorFlow, name: string, files: ModelFiles): Promise<LayersModel> {
  try {
    const json = JSON.parse(Buffer.from(fileOf(name, files, MODEL)).toString('utf8')) as io.ModelJSON
    const artifacts = await tf.io.getModelArtifactsForJSON(json, (manifest) => {
      const parts = manifest.flatMap(({ paths }) => paths.map((path) => Uint8Array.from(fileOf(name, files, path)).buffer))
      return Promise.resolve([manifest.flatMap(({ weights }) => weights), parts])
    })
    return await layers.loadLayersModel(tf.io.fromMemory(artifacts))
  } catch (cause) {
    if (cause instanceof InvigilError) throw cause
    throw new InvigilError('bad-model', `the model \`${name}\` cannot be read: ${(cause as Error).message.split('\n', 1)[0] ?? ''}`, { cause })
  }
}

/** A file of a model's folder; `bad-model` where there is none of that name. */
export function fileOf(name: string, files: ModelFiles, file: string): Uint8Array {
  const bytes = files.get(file)
  if (bytes === undefined) throw new InvigilError('bad-model', `the model \`${name}\` has no file \`${file}\``)
  return bytes
}
