/** IPv4 addresses are kept in their mapped form, `::ffff:a.b.c.d`. */
const MAPPED = 0xffffn << 32n

/** A block of addresses, both ends included. */
export interface AddressRange {
  first: bigint
  last: bigint
}

/** An IPv4 or IPv6 address, written plainly, as a number of 128 bits; undefined if it is none. */
export function parseIp(text: string): bigint | undefined {
  if (text.length > 45) return undefined
  if (text.includes(':')) return parseV6(text)
  const v4 = parseV4(text)
  return v4 === undefined ? undefined : MAPPED | BigInt(v4)
}

/** Whether a number from `parseIp` is an IPv4 address. */
export function isV4(address: bigint): boolean {
  return address >> 32n === 0xffffn
}

const V4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/

function parseV4(text: string): number | undefined {
  const m = V4.exec(text)
  if (!m) return undefined
  let address = 0
  for (let i = 1; i <= 4; i++) {
    const part = m[i] as string
    // A leading zero means octal to some programs and nothing to others.
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return undefined
    address = address * 256 + Number(part)
  }
  return address
}

function parseV6(text: string): bigint | undefined {
  const [before, after, more] = text.split('::')
  if (before === undefined || more !== undefined) return undefined
  const head = groups(before, after === undefined)
  const tail = after === undefined ? [] : groups(after, true)
  if (!head || !tail) return undefined
  const missing = 8 - head.length - tail.length
  if (after === undefined ? missing !== 0 : missing < 1) return undefined
  let address = 0n
  for (const g of head) address = (address << 16n) | BigInt(g)
  address <<= 16n * BigInt(missing)
  for (const g of tail) address = (address << 16n) | BigInt(g)
  return address
}

/** The 16-bit groups of a part of an IPv6 address; `last` may end in an IPv4 address. */
function groups(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const found: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes('.')) {
      const v4 = parseV4(part)
      if (v4 === undefined) return undefined
      found.push(v4 >>> 16, v4 & 0xffff)
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) found.push(Number.parseInt(part, 16))
    else return undefined
  }
  return found
}

/** The one way to write an address: dotted IPv4, or IPv6 in lower case with its longest run of zeros left out (RFC 5952). */
export function formatIp(address: bigint): string {
  if (isV4(address)) {
    const v4 = Number(address & 0xffffffffn)
    return `${v4 >>> 24}.${(v4 >>> 16) & 255}.${(v4 >>> 8) & 255}.${v4 & 255}`
  }
  const parts = Array.from({ length: 8 }, (_, i) => Number((address >> BigInt(112 - 16 * i)) & 0xffffn))
  let [start, length] = [0, 0]
  for (let i = 0; i < 8; i++) {
    let n = 0
    while (i + n < 8 && parts[i + n] === 0) n++
    if (n > length) [start, length] = [i, n]
  }
  const hex = parts.map((p) => p.toString(16))
  return length < 2 ? hex.join(':') : `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

/** The addresses of `10.8.0.0/16`, `2001:da8::/32` or a single address; undefined if the text is none of them. */
export function parseCidr(text: string): AddressRange | undefined {
  const [written, bits, more] = text.split('/')
  const address = parseIp(written as string)
  if (address === undefined || more !== undefined || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return undefined
  const width = (written as string).includes(':') ? 128 : 32
  const given = bits === undefined ? width : Number(bits)
  if (given > width) return undefined
  const host = (1n << BigInt(width - given)) - 1n
  return { first: address - (address & host), last: address | host }
}
