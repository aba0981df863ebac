import { InvigilError } from '../../base/errors.ts'
import { BadZip, unpackZip } from '../../io/zip.ts'
import { BadPart, evidenceOf, type Evidence } from './evidence.ts'

/** The evidence in a bundle, whether it verifies or not. `bad-input` where the bytes are no bundle; `file` names them in messages. */
export function readBundle(bytes: Uint8Array, file: string): Evidence {
  try {
    return evidenceOf(unpackZip(bytes))
  } catch (e) {
    if (e instanceof BadZip || e instanceof BadPart) throw new InvigilError('bad-input', `\`${file}\` is no bundle of evidence that can be read: ${e.message}`, { cause: e })
    throw e
  }
}
