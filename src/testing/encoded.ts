import { TextDecoder } from 'node:util'
import type { Encoding } from '../telemetry/encoding.ts'

const tables = new Map<Encoding, Map<string, Buffer>>()

/** A text in an encoding, of characters of one or two bytes: found by decoding all that there are. */
export function encoded(text: string, encoding: Encoding): Buffer {
  if (encoding === 'utf-8') return Buffer.from(text)
  if (encoding === 'utf-16le' || encoding === 'utf-16be') return encoding === 'utf-16le' ? Buffer.from(text, 'utf16le') : Buffer.from(text, 'utf16le').swap16()
  const table = tables.get(encoding) ?? tableOf(encoding)
  tables.set(encoding, table)
  return Buffer.concat(Array.from(text, (c) => {
    const bytes = (c.codePointAt(0) as number) < 128 ? Buffer.from(c) : table.get(c)
    if (bytes === undefined) throw new Error(`${encoding} has no ${c} of two bytes`)
    return bytes
  }))
}

function tableOf(encoding: Encoding): Map<string, Buffer> {
  const table = new Map<string, Buffer>()
  const decoder = new TextDecoder(encoding)
  const add = (bytes: Buffer) => {
    const text = decoder.decode(bytes)
    if (Array.from(text).length === 1 && !text.includes('\uFFFD') && !table.has(text)) table.set(text, bytes)
  }
  for (let lead = 128; lead < 256; lead++) {
    add(Buffer.from([lead]))
    for (let trail = 48; trail < 256; trail++) add(Buffer.from([lead, trail]))
  }
  return table
}
