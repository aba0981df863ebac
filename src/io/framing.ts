/** What a framing found. */
export type Found = 'begin' | 'end' | 'drop' | 'nothing'

/** Where records begin and end in a stream of bytes. It is fed pieces in order and keeps what it knows between them. */
export interface Framing {
  /**
   * Goes on from `from` up to `to` until something is found, `at` some place: the first byte of a record; the place behind a
   * record's last byte; or the place up to which nothing was a record after all. `resume` is where to go on.
   */
  scan(bytes: Buffer, from: number, to: number): Found
  at: number
  resume: number
  /** See `Position`. */
  inside: boolean
  /** Whether a record that does not end, or not in time, ends with its first line: a quote was opened by mistake, and the rest would be lost. */
  readonly endsWithLine: boolean
  /** The record was ended from outside: forgets it. */
  reset(): void
}

const [QUOTE, COMMA, LINE_FEED, BACKSLASH] = [0x22, 0x2c, 0x0a, 0x5c]
const [LEFT_BRACKET, RIGHT_BRACKET, LEFT_BRACE, RIGHT_BRACE, COLON] = [0x5b, 0x5d, 0x7b, 0x7d, 0x3a]
const MARK = [0xef, 0xbb, 0xbf]

function isSpace(c: number): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09
}

const [FIELD_START, PLAIN, QUOTED, QUOTE_SEEN] = [0, 1, 2, 3]

/**
 * Rows of CSV (RFC 4180): a line break in quotes belongs to its field. Bytes are enough for every encoding of which ASCII is a part, since in
 * none of them a line break, a quote or a usual delimiter is the second byte of a character.
 */
export class CsvFraming implements Framing {
  at = 0
  resume = 0
  inside = false
  private state = FIELD_START
  private begun = false
  private readonly delimiter: number

  constructor(delimiter: string) {
    this.delimiter = delimiter.charCodeAt(0)
  }

  get endsWithLine(): boolean {
    return this.state === QUOTED
  }

  reset(): void {
    this.state = FIELD_START
    this.begun = false
  }

  scan(bytes: Buffer, from: number, to: number): Found {
    if (from >= to) return 'nothing'
    if (!this.begun) {
      this.begun = true
      this.at = this.resume = from
      return 'begin'
    }
    let { state } = this
    for (let i = from; i < to; i++) {
      const c = bytes[i] as number
      if (state === QUOTED) {
        if (c === QUOTE) state = QUOTE_SEEN
        continue
      }
      if (c === LINE_FEED) {
        this.reset()
        this.at = i
        this.resume = i + 1
        return 'end'
      }
      if (c === this.delimiter) state = FIELD_START
      else if (c === QUOTE && state !== PLAIN) state = QUOTED
      // A byte order mark before the first quote is nothing.
      else if (state !== FIELD_START || !MARK.includes(c)) state = PLAIN
    }
    this.state = state
    return 'nothing'
  }
}

const [OUTER, OBJECT, SCALAR, TAIL] = [0, 1, 2, 3]

/**
 * JSON documents over many lines: a list of records, an object that holds one under `holder` (as LRS exports hold `statements`), records one after
 * the other, or any of these in a row. What is no object is a record, too, for the decoder to refuse.
 */
export class JsonFraming implements Framing {
  at = 0
  resume = 0
  inside: boolean
  readonly endsWithLine = false
  private state = OUTER
  private depth = 0
  private inText = false
  private isEscaped = false
  private readonly key: Buffer
  private readonly longest: number

  constructor(holder: string, inside = false) {
    this.key = Buffer.from(JSON.stringify(holder))
    this.longest = this.key.length
    this.inside = inside
  }

  reset(): void {
    this.state = OUTER
    this.depth = 0
    this.inText = this.isEscaped = false
  }

  scan(bytes: Buffer, from: number, to: number): Found {
    for (let i = from; i < to; i++) {
      const c = bytes[i] as number
      if (this.inText) {
        if (this.isEscaped) this.isEscaped = false
        else if (c === BACKSLASH) this.isEscaped = true
        else if (c === QUOTE) this.inText = false
        continue
      }
      switch (this.state) {
        case OUTER: {
          if (c === RIGHT_BRACKET && this.inside) {
            this.state = TAIL
            this.depth = 1
          } else if (!isSpace(c) && c !== COMMA && c !== LEFT_BRACKET && c !== RIGHT_BRACKET && !MARK.includes(c)) {
            this.state = c === LEFT_BRACE ? OBJECT : SCALAR
            this.depth = c === LEFT_BRACE ? 1 : 0
            this.inText = c === QUOTE
            return this.found('begin', i, i + 1)
          }
          break
        }
        case SCALAR:
          if (c === LINE_FEED || c === COMMA || c === RIGHT_BRACKET || c === LEFT_BRACE) {
            this.reset()
            return this.found('end', i, i)
          }
          this.inText = c === QUOTE
          break
        default:
          if (c === QUOTE) this.inText = true
          else if (c === LEFT_BRACE || c === LEFT_BRACKET) {
            if (this.state === OBJECT && c === LEFT_BRACKET && this.depth === 1 && !this.inside && this.isHeld(bytes, i)) {
              this.reset()
              this.inside = true
              return this.found('drop', i, i + 1)
            }
            this.depth++
          } else if (c === RIGHT_BRACE || c === RIGHT_BRACKET) {
            if (--this.depth > 0) break
            const was = this.state
            this.reset()
            if (was === OBJECT) return this.found('end', i + 1, i + 1)
            this.inside = false
          }
      }
    }
    return 'nothing'
  }

  private found(what: Found, at: number, resume: number): Found {
    this.at = at
    this.resume = resume
    return what
  }

  /** Whether the list that begins at `at` is what stands under the holder's key. */
  private isHeld(bytes: Buffer, at: number): boolean {
    let i = at - 1
    while (i >= 0 && isSpace(bytes[i] as number)) i--
    if (bytes[i] !== COLON) return false
    i--
    while (i >= 0 && isSpace(bytes[i] as number)) i--
    return i + 1 >= this.longest && bytes.subarray(i + 1 - this.longest, i + 1).equals(this.key)
  }
}
