import { assignBoolean, assignNumber, assignText } from './assign.ts'
import { Event } from './event.ts'
import { endOfNumber, found } from './flat-json.ts'
import { decodeText, Interner } from './intern.ts'
import { FIELD_RULES } from './validate.ts'

/*
 * A tape says where the fields of records stand, so that an event can be made of its bytes later without looking for them
 * again. For each record: how many entries follow (and whether it has bytes above 127), then for each field two numbers:
 * its own with where it begins, and a second by its kind. Places count from the record's beginning.
 */

/** Kinds of entries, and their second number. */
export const [TEXT, WORD, NUMBER, BOOLEAN, OFFSET, ID, FEW] = [
  0, // where the text ends
  1, // which of the field's words it is
  2, // not used
  3, // 1 or 0
  4, // minutes east of UTC that `time` was written with
  5, // where the text ends; an entry with its hash follows
  6, // the same, of a field of few distinct values
]
/** Entries that one record may have; what has more is read the slow way. */
const MOST_ENTRIES = 64
/** Numbers that one record may take. */
export const ROOM_OF_ONE = 1 + 2 * MOST_ENTRIES
const FIELD_BITS = 5
const HASH = 31

// Fields of few distinct values, worth a look-up; there are too many learners and sessions for the processor's cache.
const FEW_NAMES = new Set(['platform', 'agent', 'class', 'course', 'chapter', 'video'])

/** For each field, what kind of entry it has. */
export const ENTRY = Uint8Array.from(FIELD_RULES, ({ name, type, words }) => {
  if (name === 'id') return ID
  if (name === 'time' || name === 'received') return OFFSET
  if (words) return WORD
  return FEW_NAMES.has(name) ? FEW : type === 'string' ? TEXT : type === 'boolean' ? BOOLEAN : NUMBER
})
/** For each field with words, these in a fixed order. */
const WORDS = FIELD_RULES.map(({ words }) => (words ? [...words.values()] : []))
export const WORD_NUMBERS = WORDS.map((words) => new Map(words.map((w, i) => [w, i])))

/** See above. */
export class Tape {
  private readonly numbers: Int32Array
  private used = 0
  private begun = 0

  constructor(room: number) {
    this.numbers = new Int32Array(room)
  }

  /** Whether there is room for any record. */
  get hasRoom(): boolean {
    return this.used + ROOM_OF_ONE <= this.numbers.length
  }

  /** Begins the next record. */
  begin(): void {
    this.begun = this.used
    this.used++
  }

  /** Adds an entry; false if the record has too many. */
  add(field: number, from: number, second: number): boolean {
    const { numbers, used } = this
    numbers[used] = field | (from << FIELD_BITS)
    numbers[used + 1] = second
    this.used = used + 2
    return used + 2 - this.begun < ROOM_OF_ONE
  }

  addHash(hash: number): boolean {
    return this.add(HASH, 0, hash)
  }

  /** Ends the record; returns where it stands on the tape. */
  end(isHigh: boolean): number {
    this.numbers[this.begun] = (((this.used - this.begun - 1) >> 1) << 1) | (isHigh ? 1 : 0)
    return this.begun
  }

  /** Forgets the record that was begun. */
  undo(): void {
    this.used = this.begun
  }

  /** Forgets all records. */
  clear(): void {
    this.used = 0
  }

  /** Makes the event of the record at `at`, whose bytes stand in `bytes` from `start` up to `end`; all but what a `Held` says. */
  read(at: number, bytes: Buffer, start: number, end: number, texts: Texts): Event {
    const { numbers } = this
    const event = new Event()
    const head = numbers[at] as number
    const latin1 = bytes.toString('latin1', start, end)
    const isHigh = (head & 1) === 1
    event.raw = isHigh ? bytes.toString('utf8', start, end) : latin1
    const stop = at + 1 + (head & ~1)
    for (let i = at + 1; i < stop; i += 2) {
      const field = (numbers[i] as number) & HASH
      const from = (numbers[i] as number) >>> FIELD_BITS
      const second = numbers[i + 1] as number
      switch (ENTRY[field] as number) {
        case TEXT: assignText(event, field, from === second ? undefined : isHigh ? bytes.toString('utf8', start + from, start + second) : texts.own(latin1, from, second)); break
        case FEW:
          i += 2
          assignText(event, field, from === second ? undefined : texts.few(bytes, start + from, start + second, numbers[i + 1] as number, !isHigh))
          break
        case WORD: assignText(event, field, (WORDS[field] as string[])[second]); break
        case NUMBER:
          endOfNumber(bytes, start + from, end)
          assignNumber(event, field, found.number)
          break
        case BOOLEAN: assignBoolean(event, field, second === 1); break
        case OFFSET: event.offset = second; break
        default:
          i += 2
          event.id = isHigh ? bytes.toString('utf8', start + from, start + second) : texts.own(latin1, from, second)
          event.idHash = numbers[i + 1] as number
      }
    }
    return event
  }
}

// A slice this short is a copy, and copying is quicker than decoding; a longer one would keep all of the record in memory.
const SHORT = 12

/** Makes the texts of events. */
export class Texts {
  private readonly short = new Interner(1 << 12, 32)
  private readonly long = new Interner(1 << 8, 256)

  /** One of few distinct texts. `hash` must depend on it alone; `ascii`: no byte is above 127. */
  few(bytes: Buffer, from: number, to: number, hash: number, ascii: boolean): string {
    return (to - from < 32 ? this.short : this.long).get(bytes, from, to, hash, ascii)
  }

  /** One of many, from `from` up to `to` in a record without bytes above 127. */
  own(record: string, from: number, to: number): string {
    const size = to - from
    if (size <= SHORT) return record.slice(from, to)
    if (size <= 2 * SHORT) return record.slice(from, from + SHORT) + record.slice(from + SHORT, to)
    if (size <= 3 * SHORT) return record.slice(from, from + SHORT) + record.slice(from + SHORT, from + 2 * SHORT) + record.slice(from + 2 * SHORT, to)
    return decodeText(Buffer.from(record.slice(from, to), 'latin1'), 0, size, true)
  }
}
