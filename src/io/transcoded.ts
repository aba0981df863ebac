import { TextDecoder } from 'node:util'
import type { Encoding } from '../telemetry/encoding.ts'
import type { Bytes } from './bytes.ts'

const PIECE = 1 << 16
/** Stands for what is not of the encoding: it is in no UTF-8, so that the record around it is refused. */
const DAMAGED = Buffer.from([0xff])
const REPLACEMENT = '\uFFFD'

/** A stream in UTF-8 of one in another encoding. Its offsets are those of the bytes in UTF-8. */
export class TranscodedBytes implements Bytes {
  private readonly source: Bytes
  private readonly follow: boolean
  private readonly decoder: TextDecoder
  private readonly piece = Buffer.allocUnsafeSlow(PIECE)
  private rest: Buffer = Buffer.alloc(0)
  private ended = false

  constructor(source: Bytes, encoding: Encoding, { follow = false } = {}) {
    this.source = source
    this.follow = follow
    this.decoder = new TextDecoder(encoding)
  }

  get name(): string {
    return this.source.name
  }

  get fault(): Bytes['fault'] {
    return this.source.fault
  }

  async read(into: Buffer, at: number): Promise<number> {
    while (this.rest.length === 0 && !this.ended) {
      const n = await this.source.read(this.piece, 0)
      if (n > 0) this.rest = inUtf8(this.decoder.decode(this.piece.subarray(0, n), { stream: true }))
      else if (this.follow && this.source.fault === undefined) return 0
      else {
        this.ended = true
        this.rest = inUtf8(this.decoder.decode())
      }
    }
    const n = this.rest.copy(into, at)
    this.rest = this.rest.subarray(n)
    return n
  }

  progress(): { read: number; size: number } {
    return this.source.progress()
  }

  close(): Promise<void> {
    return this.source.close()
  }
}

function inUtf8(text: string): Buffer {
  if (!text.includes(REPLACEMENT)) return Buffer.from(text)
  return Buffer.concat(text.split(REPLACEMENT).flatMap((part, i) => (i === 0 ? [Buffer.from(part)] : [DAMAGED, Buffer.from(part)])))
}
