import { Packr } from 'msgpackr'
import { InvigilError } from '../base/errors.ts'
import { Slabs } from '../base/memory.ts'

const packr = new Packr({ useRecords: false, moreTypes: false })
// https://github.com/msgpack/msgpack/blob/master/spec.md
const [ARRAY_6, TEXT, TEXT_8, TEXT_16, BYTES_32] = [0x96, 0xa0, 0xd9, 0xda, 0xc6]
const [LEARNER, RESOURCE] = ['l', 'r'].map((s) => s.charCodeAt(0)) as [number, number]
const LENGTH = 4
/** What is left of a chunk is mostly less. */
const SPARE = 1 << 14

/**
 * Reads what `RecordWriter` wrote, chunk by chunk. Keys, of which there may be millions, are read where they lie: texts and places of bytes, one
 * after the other. Any other record is unpacked as a whole.
 */
export class RecordReader {
  /** The chunk at hand, and a view of the same bytes. */
  data: Buffer = Buffer.alloc(0)
  view: DataView = new DataView(new ArrayBuffer(0))
  private at = 0
  /** Where the record at hand ends, and the next one begins. */
  private end = 0
  private joined: Buffer = Buffer.alloc(0)
  private readonly slabs = new Slabs()
  /** Texts that many keys share, one after the other: the last of each place. */
  private readonly last: { bytes: Uint8Array; text: string }[] = []

  /** Takes the next chunk behind what was left of the one before. */
  feed(chunk: Uint8Array): void {
    const rest = this.data.subarray(this.end)
    this.data = rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : this.join(rest, chunk)
    this.view = new DataView(this.data.buffer, this.data.byteOffset, this.data.byteLength)
    this.at = this.end = 0
  }

  /** In memory that is used again: what was left may lie in it already. */
  private join(rest: Uint8Array, chunk: Uint8Array): Buffer {
    const size = rest.length + chunk.length
    const room = this.joined.length < size ? Buffer.allocUnsafeSlow(size + SPARE) : this.joined
    room.set(rest, 0)
    room.set(chunk, rest.length)
    this.joined = room
    return room.subarray(0, size)
  }

  /** Bytes of a record that is not whole. */
  get left(): number {
    return this.data.length - this.end
  }

  /** Goes to the next record; undefined where the chunk has no whole one. `l` and `r` are keys, to be read part by part. */
  next(): 'l' | 'r' | readonly unknown[] | undefined {
    const { data } = this
    if (this.left < LENGTH) return undefined
    const begin = this.end + LENGTH
    const end = begin + this.view.getUint32(this.end)
    if (end > data.length) return undefined
    this.end = end
    if (data[begin] === ARRAY_6 && data[begin + 1] === (TEXT | 1) && (data[begin + 2] === LEARNER || data[begin + 2] === RESOURCE)) {
      this.at = begin + 3
      return data[begin + 2] === LEARNER ? 'l' : 'r'
    }
    return packr.unpack(data.subarray(begin, end)) as unknown[]
  }

  /** The next part, a text. */
  text(): string {
    const size = this.textSize()
    const text = this.data.toString('utf8', this.at, this.at + size)
    this.at += size
    return text
  }

  /** A text that is mostly the one that the record before had in its place. */
  shared(place: number): string {
    const size = this.textSize()
    const { data, at } = this
    this.at += size
    const last = this.last[place]
    if (last?.bytes.length === size) {
      let n = 0
      while (n < size && last.bytes[n] === data[at + n]) n++
      if (n === size) return last.text
    }
    const text = data.toString('utf8', at, at + size)
    this.last[place] = { bytes: Uint8Array.prototype.slice.call(data, at, at + size), text }
    return text
  }

  /** The next part, bytes: where they begin. They end where the next part begins. */
  bytes(): number {
    this.expect(BYTES_32)
    const from = this.at + 4
    this.at = from + this.view.getUint32(this.at)
    return from
  }

  /** The next part, bytes, in memory that outlives the chunk. */
  kept(): Uint8Array {
    const from = this.bytes()
    return this.slabs.keep(this.data.subarray(from, this.at))
  }

  private textSize(): number {
    const head = this.data[this.at++] as number
    if (head >= TEXT && head < TEXT + 32) return head - TEXT
    if (head === TEXT_8) return this.data[this.at++] as number
    if (head !== TEXT_16) throw broken()
    this.at += 2
    return this.view.getUint16(this.at - 2)
  }

  private expect(head: number): void {
    if (this.data[this.at++] !== head) throw broken()
  }
}

function broken(): InvigilError {
  return new InvigilError('bad-state', 'a snapshot file holds a key that cannot be read; restore it, or use another state folder')
}
