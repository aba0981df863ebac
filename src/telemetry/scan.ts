import { isUtf8 } from 'node:buffer'
import { offsetOfBytes, parseTimeBytes } from '../base/time.ts'
import { assignBoolean, assignNumber, assignText, NAMES } from './assign.ts'
import { Event, PLAYBACK } from './event.ts'
import { decodeText, Interner } from './intern.ts'
import { FIELD_RULES, type FieldRule } from './validate.ts'

const [TEXT, NUMBER, BOOLEAN, TIME, ID, WORD, UNKNOWN] = [0, 1, 2, 3, 4, 5, 6]
const UNKNOWN_FIELD = FIELD_RULES.length
const FIELD_TIME = NAMES.indexOf('time')
const KINDS = Uint8Array.from([...FIELD_RULES.map(kindOf), UNKNOWN])
const BITS = Int32Array.from([...FIELD_RULES.map((r) => r.bit), 0])
const REQUIRED = FIELD_RULES.reduce((bits, r, i) => (r.required ? bits | (1 << i) : bits), 0)
const SHORTEST = Int32Array.from([...FIELD_RULES.map((r) => r.minLength), 0])
const LONGEST = Int32Array.from([...FIELD_RULES.map((r) => Math.min(r.maxLength, 1 << 20)), 0])
const MINIMUM = Float64Array.from(FIELD_RULES, (r) => r.minimum)
const ABOVE = Float64Array.from(FIELD_RULES, (r) => r.exclusiveMinimum)
const MAXIMUM = Float64Array.from(FIELD_RULES, (r) => r.maximum)
const WHOLE = Uint8Array.from(FIELD_RULES, (r) => (r.type === 'integer' ? 1 : 0))
// Fields of few distinct values, worth a look-up; there are too many learners and sessions for the processor's cache.
const FEW = Uint8Array.from(NAMES, (n) => (['action', 'platform', 'agent', 'class', 'course', 'chapter', 'video', 'outcome'].includes(n) ? 1 : 0))
const PATTERNS = FIELD_RULES.map((r) => r.pattern)
const FIELD_PLATFORM = NAMES.indexOf('platform')
const PLATFORM_BIT = 1 << NAMES.indexOf('platform')

function kindOf(rule: FieldRule): number {
  if (rule.name === 'id') return ID
  if (rule.name === 'time' || rule.name === 'received') return TIME
  if (rule.words) return WORD
  return rule.type === 'string' ? TEXT : rule.type === 'boolean' ? BOOLEAN : NUMBER
}

// Every field's name as it is usually written, `"name":`, one after the other.
const KEYS = Buffer.from(NAMES.map((n) => `"${n}":`).join(''))
const KEY_SIZE = Uint8Array.from(NAMES, (n) => n.length + 3)
const KEY_AT = Uint16Array.from(NAMES, (_, i) => NAMES.slice(0, i).reduce((sum, n) => sum + n.length + 3, 0))
const BY_FIRST = Array.from({ length: 128 }, (_, c) => Uint8Array.from([...NAMES.keys()].filter((i) => NAMES[i]?.charCodeAt(0) === c)))
const FIELD_OF = new Map<string, number>(NAMES.map((n, i) => [n, i]))
const EXACT_DIGITS = 15
const POWERS = Float64Array.from({ length: EXACT_DIGITS + 1 }, (_, n) => 10 ** n)
const [QUOTE, BACKSLASH, COMMA, COLON, OPEN, CLOSE, SPACE, RETURN, ZERO, DOT, SMALL_E, LARGE_E] = [
  0x22, 0x5c, 0x2c, 0x3a, 0x7b, 0x7d, 0x20, 0x0d, 0x30, 0x2e, 0x65, 0x45,
]
const [LETTER_T, LETTER_F, LETTER_N] = [0x74, 0x66, 0x6e]

/**
 * Reads the canonical event straight from its bytes, much faster than `JSON.parse` and a check. It takes only what it is
 * sure of: a flat object without escapes in which everything is as it must be. For anything else it returns undefined,
 * and the slow way decides. INVARIANT: where it returns an event, the slow way returns the same.
 */
export class Scanner {
  private readonly few = new Interner(1 << 12, 32)
  private readonly agents = new Interner(1 << 8, 256)
  // The field that came after each field the last time: platforms write theirs in one order.
  private readonly next = new Uint8Array(UNKNOWN_FIELD + 2).fill(UNKNOWN_FIELD)
  private readonly platform: string
  /** Whether texts are needed; else something stands for each. */
  private wantsTexts = true
  /** What `look` has found. */
  private readonly seen = new Event()
  private sawHigh = false

  /** `platform` fills in for events that name none; empty: they are not taken. */
  constructor(platform: string) {
    this.platform = platform
  }

  /** The event that stands in `bytes` from `start` up to `end`. */
  read(bytes: Buffer, start: number, end: number): Event | undefined {
    this.wantsTexts = true
    const latin1 = bytes.toString('latin1', start, end)
    const event = this.scan(new Event(), bytes, start, end, latin1)
    if (event !== undefined) event.raw = this.sawHigh ? bytes.toString('utf8', start, end) : latin1
    return event
  }

  /** The same without its texts, except for `platform`: whether it is a good event, and when it was. Valid until the next call. */
  look(bytes: Buffer, start: number, end: number): Event | undefined {
    this.wantsTexts = false
    const { seen } = this
    seen.received = undefined
    seen.chapter = undefined
    return this.scan(seen, bytes, start, end, '')
  }

  private scan(event: Event, bytes: Buffer, start: number, end: number, latin1: string): Event | undefined {
    if (end - start < 2 || bytes[start] !== OPEN) return undefined
    const { next } = this
    let seen = 0
    let present = 0
    let previous = UNKNOWN_FIELD + 1
    let high = 0
    let i = start + 1
    for (;;) {
      let field = next[previous] as number
      if (isKey(bytes, i, field)) i += KEY_SIZE[field] as number
      else {
        field = findKey(bytes, i, end)
        if (field < 0) return undefined
        i = keyEnd
        next[previous] = field
      }
      previous = field
      while (bytes[i] === SPACE) i++
      let bit = BITS[field] as number
      switch (KINDS[field] as number) {
        case TEXT: {
          if (bytes[i] !== QUOTE) return undefined
          const to = endOfText(bytes, i + 1, end)
          if (to < 0) return undefined
          high |= textHigh
          const value = this.text(bytes, i + 1, to, field, latin1, start)
          if (value === undefined) return undefined
          if (value === '') {
            assignText(event, field, undefined)
            present &= ~bit
            bit = 0
          } else assignText(event, field, value)
          i = to + 1
          break
        }
        case NUMBER: {
          i = endOfNumber(bytes, i, end)
          if (i < 0 || !(numberValue >= (MINIMUM[field] as number) && numberValue > (ABOVE[field] as number) && numberValue <= (MAXIMUM[field] as number))) return undefined
          if (WHOLE[field] === 1 && !Number.isInteger(numberValue)) return undefined
          assignNumber(event, field, numberValue)
          break
        }
        case BOOLEAN: {
          const yes = bytes[i] === LETTER_T
          i = endOfLiteral(bytes, i)
          if (i < 0 || bytes[i - 1] !== SMALL_E) return undefined
          assignBoolean(event, field, yes)
          break
        }
        case TIME: {
          if (bytes[i] !== QUOTE) return undefined
          const to = endOfText(bytes, i + 1, end)
          const time = to < 0 ? Number.NaN : parseTimeBytes(bytes, i + 1, to)
          if (Number.isNaN(time)) return undefined
          if (field === FIELD_TIME) {
            event.time = time
            event.offset = offsetOfBytes(bytes, to)
          } else event.received = time
          i = to + 1
          break
        }
        case ID: {
          if (bytes[i] !== QUOTE) return undefined
          const to = endOfText(bytes, i + 1, end)
          if (to < 0) return undefined
          high |= textHigh
          const value = this.text(bytes, i + 1, to, field, latin1, start)
          if (value === undefined) return undefined
          event.id = value
          event.idHash = textHash
          i = to + 1
          break
        }
        case WORD: {
          if (bytes[i] !== QUOTE) return undefined
          const to = endOfText(bytes, i + 1, end)
          if (to < 0) return undefined
          const text = this.word(bytes, i + 1, to)
          const word = FIELD_RULES[field]?.words?.get(text)
          if (word === undefined) return undefined
          assignText(event, field, word)
          i = to + 1
          break
        }
        default: {
          i = endOfScalar(bytes, i, end)
          if (i < 0) return undefined
          high |= textHigh
        }
      }
      seen |= 1 << field
      present |= bit
      while (bytes[i] === SPACE) i++
      const c = bytes[i++]
      if (c === COMMA) continue
      if (c !== CLOSE) return undefined
      break
    }
    while (i < end && (bytes[i] === SPACE || bytes[i] === RETURN)) i++
    if (i !== end) return undefined
    if ((seen & PLATFORM_BIT) === 0 && this.platform !== '') {
      event.platform = this.platform
      seen |= PLATFORM_BIT
    }
    if ((seen & REQUIRED) !== REQUIRED || (event.chapter === undefined && PLAYBACK.has(event.action))) return undefined
    this.sawHigh = high > 127
    if (this.sawHigh && !isUtf8(bytes.subarray(start, end))) return undefined
    event.present = present
    return event
  }

  private text(bytes: Buffer, from: number, to: number, field: number, latin1: string, origin: number): string | undefined {
    const size = to - from
    if (size === 0) return (SHORTEST[field] as number) === 0 ? '' : undefined
    const isLong = size > (LONGEST[field] as number)
    const pattern = PATTERNS[field]
    // A text has no more characters than bytes.
    if (!this.wantsTexts && !isLong && pattern === undefined && field !== FIELD_PLATFORM) return SOMETHING
    const value = FEW[field] === 1 ? this.word(bytes, from, to) : ownText(bytes, from, to, latin1, origin)
    if (value.length < (SHORTEST[field] as number) || (isLong && value.length > (LONGEST[field] as number))) return undefined
    return pattern === undefined || pattern.test(value) ? value : undefined
  }

  private word(bytes: Buffer, from: number, to: number): string {
    return (to - from < 32 ? this.few : this.agents).get(bytes, from, to, textHash, textHigh < 128)
  }
}

const SOMETHING = '…'

// A slice this short is a copy, and copying is quicker than decoding; a longer one would keep all of `latin1` in memory.
const SHORT = 12

function ownText(bytes: Buffer, from: number, to: number, latin1: string, origin: number): string {
  const size = to - from
  if (size > 3 * SHORT || textHigh > 127 || latin1 === '') return decodeText(bytes, from, to, textHigh < 128)
  const a = from - origin
  const b = to - origin
  if (size <= SHORT) return latin1.slice(a, b)
  if (size <= 2 * SHORT) return latin1.slice(a, a + SHORT) + latin1.slice(a + SHORT, b)
  return latin1.slice(a, a + SHORT) + latin1.slice(a + SHORT, a + 2 * SHORT) + latin1.slice(a + 2 * SHORT, b)
}

/** Whether `"name":` of the field stands at `at`. */
function isKey(bytes: Buffer, at: number, field: number): boolean {
  if (field >= UNKNOWN_FIELD) return false
  const from = KEY_AT[field] as number
  const size = KEY_SIZE[field] as number
  for (let n = 0; n < size; n++) if (bytes[at + n] !== KEYS[from + n]) return false
  return true
}

let keyEnd = 0

/** The field whose name comes next, with `keyEnd` behind its colon; -1 if that is no plain text. */
function findKey(bytes: Buffer, start: number, end: number): number {
  let i = start
  while (bytes[i] === SPACE) i++
  if (bytes[i] !== QUOTE) return -1
  const from = i + 1
  const candidates = BY_FIRST[(bytes[from] as number) & 127] as Uint8Array
  for (let n = 0; n < candidates.length; n++) {
    const field = candidates[n] as number
    if (isKey(bytes, i, field)) {
      keyEnd = i + (KEY_SIZE[field] as number)
      return field
    }
  }
  const to = endOfText(bytes, from, end)
  for (i = to + 1; bytes[i] === SPACE;) i++
  if (to < 0 || textHigh > 127 || bytes[i] !== COLON) return -1
  keyEnd = i + 1
  return FIELD_OF.get(bytes.toString('latin1', from, to)) ?? UNKNOWN_FIELD
}

// What the functions below have found besides the end: they run many times an event and must not allocate.
let textHash = 0
let textHigh = 0
let numberValue = 0

/** Where the quote is that ends the text that begins at `i`; -1 if there is none, or an escape before it. */
function endOfText(bytes: Buffer, start: number, end: number): number {
  let hash = 0
  let high = 0
  for (let i = start; i < end; i++) {
    const c = bytes[i] as number
    if (c === QUOTE) {
      textHash = hash
      textHigh = high
      return i
    }
    if (c < SPACE || c === BACKSLASH) return -1
    high |= c
    hash = (Math.imul(hash, 31) + c) | 0
  }
  return -1
}

/** Behind a number without sign and exponent; -1 for any other. */
function endOfNumber(bytes: Buffer, start: number, end: number): number {
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
  numberValue = digits <= EXACT_DIGITS ? value : Number(bytes.toString('latin1', start, i))
  const c = bytes[i]
  return c === SMALL_E || c === LARGE_E ? -1 : i
}

/** Behind `true`, `false` or `null`; -1 for anything else. */
function endOfLiteral(bytes: Buffer, i: number): number {
  if (bytes[i] === LETTER_T) return bytes[i + 1] === 0x72 && bytes[i + 2] === 0x75 && bytes[i + 3] === SMALL_E ? i + 4 : -1
  if (bytes[i] === LETTER_N) return bytes[i + 1] === 0x75 && bytes[i + 2] === 0x6c && bytes[i + 3] === 0x6c ? i + 4 : -1
  if (bytes[i] !== LETTER_F) return -1
  return bytes[i + 1] === 0x61 && bytes[i + 2] === 0x6c && bytes[i + 3] === 0x73 && bytes[i + 4] === SMALL_E ? i + 5 : -1
}

/** Behind any value that is neither an object nor a list; -1 if it is not certain to be right. */
function endOfScalar(bytes: Buffer, i: number, end: number): number {
  textHigh = 0
  if (bytes[i] === QUOTE) {
    const to = endOfText(bytes, i + 1, end)
    return to < 0 ? -1 : to + 1
  }
  const literal = endOfLiteral(bytes, i)
  return literal < 0 ? endOfNumber(bytes, i, end) : literal
}
