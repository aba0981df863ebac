import { createHash } from 'node:crypto'

/** JSON with keys in code-unit order, so that equal values have equal text; `undefined` members are left out. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const object = value as Record<string, unknown>
  const members = Object.keys(object)
    .filter((k) => object[k] !== undefined)
    .sort()
    .map((k) => `${JSON.stringify(k)}:${canonicalJson(object[k])}`)
  return `{${members.join(',')}}`
}

/** SHA-256 of the canonical JSON, as hex. */
export function contentHash(value: unknown): string {
  return sha256(canonicalJson(value))
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** 32-bit FNV-1a over UTF-16 code units: spreads keys over partitions. Part of the data's layout, never change it. */
export function fnv1a(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}
