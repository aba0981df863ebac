import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto'
import { InvigilError } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import { compareText } from '../../base/order.ts'
import type { Files } from './evidence.ts'

export const SUMS = 'SHA256SUMS'
export const SIGNATURE = 'SHA256SUMS.sig'
export const PUBLIC_KEY = 'public-key.pem'

/** What the seal of a bundle says. */
export interface Seal {
  /** `none`: nobody has signed it. */
  signature: 'none' | 'valid' | 'invalid'
  publicKey: KeyObject | undefined
  /** What does not agree with the digests, by file. */
  faults: { part: string; message: string }[]
}

/** Adds the digests of files, and with a private key its public one and a signature over the digests. */
export function seal(files: Files, key?: KeyObject): Map<string, Uint8Array> {
  const sealed = new Map(files)
  if (key) sealed.set(PUBLIC_KEY, Buffer.from(pemOf(createPublicKey(key))))
  const sums = Buffer.from(sumsOf(sealed))
  sealed.set(SUMS, sums)
  if (key) sealed.set(SIGNATURE, sign(null, sums, key))
  return sealed
}

function sumsOf(files: Files): string {
  return [...files].sort(([a], [b]) => compareText(a, b)).map(([name, bytes]) => `${sha256(bytes)}  ${name}\n`).join('')
}

/** Compares every file with its digest, and the digests with their signature. */
export function checkSeal(files: Files): Seal {
  const faults: Seal['faults'] = []
  const sums = files.get(SUMS)
  const listed = new Map<string, string>()
  if (sums === undefined) faults.push({ part: SUMS, message: 'it is missing, so that nothing says what the files should be' })
  else {
    const text = Buffer.from(sums).toString('utf8')
    if (!text.endsWith('\n')) faults.push({ part: SUMS, message: 'its last line is cut short, or was added' })
    for (const line of text.split('\n').slice(0, -1)) {
      const [, digest, name] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? []
      if (digest === undefined || name === undefined || listed.has(name)) faults.push({ part: SUMS, message: `the line \`${line.slice(0, 100)}\` is no digest of its own file` })
      else listed.set(name, digest)
    }
  }
  for (const [name, digest] of listed) {
    const bytes = files.get(name)
    if (bytes === undefined) faults.push({ part: name, message: 'it is missing' })
    else if (sha256(bytes) !== digest) faults.push({ part: name, message: `it was altered: its SHA-256 is \`${sha256(bytes)}\`, and \`${SUMS}\` has \`${digest}\`` })
  }
  for (const name of files.keys()) if (name !== SUMS && name !== SIGNATURE && sums !== undefined && !listed.has(name)) faults.push({ part: name, message: `\`${SUMS}\` does not have it: it was added` })
  return { faults, ...signatureOf(files, sums) }
}

function signatureOf(files: Files, sums: Uint8Array | undefined): Pick<Seal, 'signature' | 'publicKey'> {
  const [signature, pem] = [files.get(SIGNATURE), files.get(PUBLIC_KEY)]
  if (signature === undefined && pem === undefined) return { signature: 'none', publicKey: undefined }
  const publicKey = pem === undefined ? undefined : publicKeyOf(Buffer.from(pem).toString('utf8'))
  const isValid = signature !== undefined && sums !== undefined && publicKey !== undefined && verify(null, sums, publicKey, signature)
  return { signature: isValid ? 'valid' : 'invalid', publicKey }
}

/** A new pair of keys for signatures, as PEM. */
export function newKeys(): { privateKey: string; publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, publicKey: pemOf(publicKey) }
}

/** The private key in a PEM text; `usage` where it is none that signatures are made with. `file` names it in messages. */
export function privateKeyOf(pem: string, file: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (cause) {
    throw new InvigilError('usage', `\`${file}\` holds no private key as PEM that can be read without a password; \`invigil evidence --new-key ${file}\` makes one`, { cause })
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new InvigilError('usage', `\`${file}\` holds a key of \`${key.asymmetricKeyType}\`; signatures are made with ed25519 (\`openssl genpkey -algorithm ed25519\`)`)
  return key
}

/** The public key in a PEM text; undefined where there is none for signatures. A private key is not taken for its public one. */
export function publicKeyOf(pem: string): KeyObject | undefined {
  if (!pem.includes('-----BEGIN PUBLIC KEY-----')) return undefined
  try {
    const key = createPublicKey(pem)
    return key.asymmetricKeyType === 'ed25519' ? key : undefined
  } catch {
    // Whatever is wrong with it: it is no key.
    return undefined
  }
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }) as string
}

/** SHA-256 of a public key in its binary form: what people compare. */
export function fingerprintOf(key: KeyObject): string {
  return sha256(key.export({ type: 'spki', format: 'der' }))
}
