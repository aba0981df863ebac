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
  /** Whether the record that ended was not closed rightly. */
  isBroken: boolean
  /** See `Position`. */
  inside: boolean
  /**
   * The line break with which a record ends that has no end up to `to`, since something in it was not closed: what follows would be lost with it.
   * Less than 0 where it may go on. `isTooLong`: it is longer than a record may be; else it is the log that ends.
   */
  cut(bytes: Buffer, begun: number, to: number, isTooLong: boolean): number
  /** The record was ended from outside: forgets it. */
  reset(): void
  /** What lay at a place lies so many bytes before it now. */
  moved(by: number): void
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
  readonly isBroken = false
  inside = false
  private state = FIELD_START
  private begun = false
  /** Every line break between these two lies in quotes for whoever comes to one of them in quotes: what has no end is not gone through again from each of its lines. */
  private quotedFrom = -1
  private quotedTo = -1
  private readonly delimiter: number

  constructor(delimiter: string) {
    this.delimiter = delimiter.charCodeAt(0)
  }

  /** A quote was opened by mistake: it costs its line. Of a record that is too long any line break lies in quotes, whatever the state is at the end. */
  cut(bytes: Buffer, begun: number, to: number, isTooLong: boolean): number {
    const end = isTooLong || this.state === QUOTED ? bytes.indexOf(LINE_FEED, begun) : -1
    if (end >= to || end < 0) return -1
    this.quotedFrom = end
    this.quotedTo = bytes.lastIndexOf(LINE_FEED, to - 1) + 1
    return end
  }

  moved(by: number): void {
    this.quotedFrom -= by
    this.quotedTo -= by
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
        else if (c === LINE_FEED && i >= this.quotedFrom && i < this.quotedTo) i = Math.min(to, this.quotedTo) - 1
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
  isBroken = false
  inside: boolean
  private state = OUTER
  /** What has to be closed, innermost last. */
  private open: number[] = []
  private inText = false
  private isEscaped = false
  /** The last byte that is neither space nor within a text. */
  private last = 0
  private readonly key: Buffer
  private readonly longest: number

  constructor(holder: string, inside = false) {
    this.key = Buffer.from(JSON.stringify(holder))
    this.longest = this.key.length
    this.inside = inside
  }

  /** A bracket or a quote is missing: the next object that begins a line, and stands further left than what is in this one, is the next record. */
  cut(bytes: Buffer, begun: number, to: number): number {
    if (bytes[begun] !== LEFT_BRACE) return -1
    let within = Infinity
    for (let end = bytes.indexOf(LINE_FEED, begun); end >= 0 && end < to; end = bytes.indexOf(LINE_FEED, end + 1)) {
      let at = end + 1
      while (at < to && isSpace(bytes[at] as number) && bytes[at] !== LINE_FEED) at++
      if (at >= to || bytes[at] === LINE_FEED) continue
      if (bytes[at] === LEFT_BRACE && at - end < within) return end
      if (within === Infinity) within = at - end
    }
    return -1
  }

  moved(): void {
    // It keeps no places.
  }

  reset(): void {
    this.state = OUTER
    this.open = []
    this.inText = this.isEscaped = false
  }

  scan(bytes: Buffer, from: number, to: number): Found {
    for (let i = from; i < to; i++) {
      const c = bytes[i] as number
      if (this.inText) {
        if (c === LINE_FEED) {
          // No text has a line break in it: the quote that ends it is missing.
          this.reset()
          return this.broken(i, i)
        }
        if (this.isEscaped) this.isEscaped = false
        else if (c === BACKSLASH) this.isEscaped = true
        else if (c === QUOTE) this.inText = false
        continue
      }
      switch (this.state) {
        case OUTER: {
          if (c === RIGHT_BRACKET && this.inside) {
            this.state = TAIL
            this.open = [RIGHT_BRACE]
            return this.found('begin', i, i + 1)
          } else if (!isSpace(c) && c !== COMMA && c !== LEFT_BRACKET && c !== RIGHT_BRACKET && !MARK.includes(c)) {
            this.state = c === LEFT_BRACE ? OBJECT : SCALAR
            if (c === LEFT_BRACE) this.open.push(RIGHT_BRACE)
            this.inText = c === QUOTE
            this.last = c
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
            if (c === LEFT_BRACE && this.open.length > 0 && !this.mayHoldObject()) {
              // No object can stand here: the one before was not closed.
              this.reset()
              return this.broken(i, i)
            }
            if (this.state === OBJECT && c === LEFT_BRACKET && this.open.length === 1 && !this.inside && this.isHeld(bytes, i)) {
              this.reset()
              this.inside = true
              return this.found('drop', i, i + 1)
            }
            this.open.push(c === LEFT_BRACE ? RIGHT_BRACE : RIGHT_BRACKET)
          } else if (c === RIGHT_BRACE || c === RIGHT_BRACKET) {
            const isClosed = this.open.pop() === c
            if (isClosed && this.open.length > 0) break
            const was = this.state
            this.reset()
            // A bracket that does not fit: the one before it is missing, and what follows need not be lost with it.
            if (!isClosed) return this.broken(i, i + 1)
            if (was === OBJECT) return this.found('end', i + 1, i + 1)
            this.inside = false
            return this.found('drop', i + 1, i + 1)
          }
      }
      if (!isSpace(c)) this.last = c
    }
    return 'nothing'
  }

  /** Whether an object may stand behind the last byte: as what a key has, or in a list. */
  private mayHoldObject(): boolean {
    return this.last === COLON || (this.open[this.open.length - 1] === RIGHT_BRACKET && (this.last === LEFT_BRACKET || this.last === COMMA))
  }

  private broken(at: number, resume: number): Found {
    this.found('end', at, resume)
    this.isBroken = true
    return 'end'
  }

  private found(what: Found, at: number, resume: number): Found {
    this.isBroken = false
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
