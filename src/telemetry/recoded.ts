import type { Decoder, DecodeSink } from './decode.ts'
import { textReader, type Encoding, type ReadText } from './encoding.ts'

/** Decodes records that are not written in UTF-8. */
export class RecodedDecoder implements Decoder {
  private readonly inner: Decoder
  private readonly encoding: Encoding
  private readonly readText: ReadText

  constructor(inner: Decoder, encoding: Encoding) {
    this.inner = inner
    this.encoding = encoding
    this.readText = textReader(encoding)
  }

  decode(sink: DecodeSink, bytes: Buffer, start = 0, end = bytes.length): void {
    const text = this.readText(bytes.subarray(start, end))
    if (text === undefined) return sink.reject('bad-utf8', `the record is not valid ${this.encoding.toUpperCase()}`)
    this.inner.decode(sink, Buffer.from(text))
  }
}
