import { encodeModel } from '../models/runtime/layers-model.ts'
import type { TensorFlow } from '../models/runtime/tensorflow.ts'
import type { Trained } from './train.ts'

/** The files of a trained model's folder but for its card, which tells what it is worth. */
export async function filesOf(tensorflow: TensorFlow, { network, scaler, tails, calibration }: Trained): Promise<Map<string, Uint8Array>> {
  const files = await encodeModel(tensorflow, network)
  for (const [name, value] of Object.entries({ scaler, tails, calibration })) files.set(`${name}.json`, Buffer.from(`${JSON.stringify(value)}\n`))
  return files
}
