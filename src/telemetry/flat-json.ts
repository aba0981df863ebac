import { NAMES } from './assign.ts'

/*
 * The pieces of a flat JSON object as bytes. What a function finds besides the end stands in `found`: they run many times
 * an event and must not allocate.
 */

// Every field's name as it is usually written, `"name":`, one after the other.
const KEYS = Buffer.from(NAMES.map((n) => `"${n}":`).join(''))
export const KEY_SIZE = Uint8Array.from(NAMES, (n) => n.length + 3)
const KEY_AT = Uint16Array.from(NAMES, (_, i) => NAMES.slice(0, i).reduce((sum, n) => sum + n.length + 3, 0))
const BY_FIRST = Array.from({ length: 128 }, (_, c) => Uint8Array.from([...NAMES.keys()].filter((i) => NAMES[i]?.charCodeAt(0) === c)))
const FIELD_OF = new Map<string, number>(NAMES.map((n, i) => [n, i]))
const EXACT_DIGITS = 15
const POWERS = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, n) => 10 ** n)
export const [QUOTE, BACKSLASH, COMMA, COLON, OPEN, CLOSE, SPACE, RETURN, ZERO, DOT, SMALL_E, LARGE_E] = [
  0x22, 0x5c, 0x2c, 0x3a, 0x7b, 0x7d, 0x20, 0x0d, 0x30, 0x2e, 0x65, 0x45,
]
export const [LETTER_T, LETTER_F, LETTER_N] = [0x74, 0x66, 0x6e]

/** The number that stands for fields that an event does not have. */
export const UNKNOWN_FIELD = NAMES.length

/** What was found last: hash and bits of a text, a number, where a key ends. */
export const found = { hash: 0, high: 0, number: 0.5, keyEnd: 0 }

/** Whether `"name":` of the field stands at `at`. */
export function isKey(bytes: Buffer, at: number, field: number): boolean {
  if (field >= UNKNOWN_FIELD) return false
  const from = KEY_AT[field] as number
  const size = KEY_SIZE[field] as number
  for (let n = 0; n < size; n++) if (bytes[at + n] !== KEYS[from + n]) return false
  return true
}

/** The field whose name comes next, with `found.keyEnd` behind its colon; -1 if that is no plain text. */
export function findKey(bytes: Buffer, start: number, end: number): number {
  let i = start
  while (bytes[i] === SPACE) i++
  if (bytes[i] !== QUOTE) return -1
  const from = i + 1
  const candidates = BY_FIRST[(bytes[from] as number) & 127] as Uint8Array
  for (let n = 0; n < candidates.length; n++) {
    const field = candidates[n] as number
    if (isKey(bytes, i, field)) {
      found.keyEnd = i + (KEY_SIZE[field] as number)
      return field
    }
  }
  const to = endOfText(bytes, from, end)
  for (i = to + 1; bytes[i] === SPACE;) i++
  if (to < 0 || found.high > 127 || bytes[i] !== COLON) return -1
  found.keyEnd = i + 1
  return FIELD_OF.get(bytes.toString('latin1', from, to)) ?? UNKNOWN_FIELD
}

/** Where the quote is that ends the text that begins at `i`; -1 if there is none, or an escape before it. */
export function endOfText(bytes: Buffer, start: number, end: number): number {
  let hash = 0
  let high = 0
  for (let i = start; i < end; i++) {
    const c = bytes[i] as number
    if (c === QUOTE) {
      found.hash = hash
      found.high = high
      return i
    }
    if (c < SPACE || c === BACKSLASH) return -1
    high |= c
    hash = (Math.imul(hash, 31) + c) | 0
  }
  return -1
}

/** Behind a number without sign and exponent; -1 for any other. */
export function endOfNumber(bytes: Buffer, start: number, end: number): number {
  let i = start
  let value = 0
  let digit = 0
  for (; i < end; i++) {
    digit = (bytes[i] as number) - ZERO
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
  }
  let digits = i - start
  if (digits === 0 || (digits > 1 && bytes[start] === ZERO) || i >= end) return -1
  if (bytes[i] === DOT) {
    const first = ++i
    for (; i < end; i++) {
      digit = (bytes[i] as number) - ZERO
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    const decimals = i - first
    digits += decimals
    if (decimals === 0 || i >= end) return -1
    // Up to 15 digits both are exact, so that the quotient is the nearest number, as JSON.parse finds it.
    if (digits <= EXACT_DIGITS) value /= POWERS[decimals] as number
  }
  found.number = digits <= EXACT_DIGITS ? value : Number(bytes.toString('latin1', start, i))
  const c = bytes[i]
  return c === SMALL_E || c === LARGE_E ? -1 : i
}

/** Behind `true`, `false` or `null`; -1 for anything else. */
export function endOfLiteral(bytes: Buffer, i: number): number {
  if (bytes[i] === LETTER_T) return bytes[i + 1] === 0x72 && bytes[i + 2] === 0x75 && bytes[i + 3] === SMALL_E ? i + 4 : -1
  if (bytes[i] === LETTER_N) return bytes[i + 1] === 0x75 && bytes[i + 2] === 0x6c && bytes[i + 3] === 0x6c ? i + 4 : -1
  if (bytes[i] !== LETTER_F) return -1
  return bytes[i + 1] === 0x61 && bytes[i + 2] === 0x6c && bytes[i + 3] === 0x73 && bytes[i + 4] === SMALL_E ? i + 5 : -1
}

/** Behind any value that is neither an object nor a list; -1 if it is not certain to be right. */
export function endOfScalar(bytes: Buffer, i: number, end: number): number {
  found.high = 0
  if (bytes[i] === QUOTE) {
    const to = endOfText(bytes, i + 1, end)
    return to < 0 ? -1 : to + 1
  }
  const literal = endOfLiteral(bytes, i)
  return literal < 0 ? endOfNumber(bytes, i, end) : literal
}
