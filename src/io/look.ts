import { stat } from 'node:fs/promises'
import { TextDecoder } from 'node:util'
import { InvigilError } from '../base/errors.ts'
import { hasAsciiInside, isWide, type Encoding } from '../telemetry/encoding.ts'
import { openBytes, skip, type Bytes } from './bytes.ts'
import { called, fileError } from './file-error.ts'
import { FramedReader } from './framed.ts'
import { CsvFraming, JsonFraming } from './framing.ts'
import { LineReader } from './lines.ts'
import type { Position, RecordReader } from './record-reader.ts'
import { delimiterOf, HEAD, isDocument, markedEncoding } from './sniff.ts'
import { TranscodedBytes } from './transcoded.ts'

export interface OpenOptions {
  from?: Position
  follow?: boolean
}

/** How records lie in a log: as rows under a header, or as JSON, a line each or over many lines. */
export type Layout =
  | { kind: 'table'; delimiter: string; header: (record: Buffer, encoding: Encoding) => void }
  | { kind: 'json'; holder: string }

/** A log of which the beginning has been looked at. */
export class LookedAt {
  /** The beginning, as text. */
  readonly head: string
  /** What the log is written in. */
  private readonly encoding: Encoding
  private readonly name: string
  private readonly isWhole: boolean
  /** What can be read only once, with its beginning. */
  private readonly stream: Bytes | undefined

  constructor(name: string, beginning: Buffer, encoding: Encoding | undefined, stream?: Bytes) {
    this.name = name
    this.encoding = markedEncoding(beginning) ?? encoding ?? 'utf-8'
    this.head = new TextDecoder(this.encoding).decode(beginning, { stream: true })
    this.isWhole = beginning.length < HEAD
    this.stream = stream
  }

  /** What stands between the columns of a table. Errors: `usage` for one that is empty so far, and is waited for. */
  delimiter(given: string | undefined, follow = false): string {
    if (given === undefined && follow && !this.head.includes('\n')) throw new InvigilError('usage', `${called(this.name)} has no row with the names of its columns yet; begin to follow it once it has, or say \`delimiter\` in the mapping`)
    return given ?? delimiterOf(this.head)
  }

  /** Opens the log where it is to be read on. The encoding is that of the records' bytes. Errors: those of `openBytes`. */
  async open(layout: Layout, options: OpenOptions = {}): Promise<{ reader: RecordReader; encoding: Encoding }> {
    const isDocumented = layout.kind === 'json' && isDocument(this.head, this.isWhole)
    // Brackets may stand within characters.
    const isTranscoded = isWide(this.encoding) || (isDocumented && hasAsciiInside(this.encoding))
    const encoding = isTranscoded ? 'utf-8' : this.encoding
    const { from = { offset: 0, line: 0 }, follow = false } = options
    const bytes = await this.bytes(from.offset, follow, isTranscoded)
    if (layout.kind === 'table') {
      const framing = new CsvFraming(layout.delimiter)
      if (from.offset > 0) await this.tellHeader(layout, encoding)
      return { reader: new FramedReader(bytes, framing, { from, follow, header: from.offset > 0 ? undefined : (record) => layout.header(record, encoding) }), encoding }
    }
    if (isDocumented) return { reader: new FramedReader(bytes, new JsonFraming(layout.holder, from.inside), { from, follow }), encoding }
    return { reader: new LineReader(bytes, from.offset, from.line, follow), encoding }
  }

  private async bytes(offset: number, follow: boolean, isTranscoded: boolean): Promise<Bytes> {
    if (!isTranscoded && this.stream === undefined) return openBytes(this.name, offset, { follow, anyText: true })
    const source = this.stream ?? (await openBytes(this.name, 0, { follow, anyText: true }))
    return skip(isTranscoded ? new TranscodedBytes(source, this.encoding, { follow }) : source, offset)
  }

  /** Of a log that is read on in its midst, the header stands at the beginning all the same. */
  private async tellHeader({ delimiter, header }: Layout & { kind: 'table' }, encoding: Encoding): Promise<void> {
    const beginning = encoding === this.encoding && this.stream === undefined ? await readHead(await openBytes(this.name, 0, { anyText: true })) : Buffer.from(this.head)
    const reader = new FramedReader(new Beginning(this.name, beginning), new CsvFraming(delimiter), { header: (record) => header(record, encoding) })
    while (!reader.next() && (await reader.fill()));
  }
}

/** Looks at the beginning of a log, compressed or not; `-` is standard input. Errors: those of `openBytes`. */
export async function lookAt(name: string, encoding: Encoding | undefined): Promise<LookedAt> {
  if (name !== '-' && (await isRegular(name))) {
    const bytes = await openBytes(name, 0, { anyText: true })
    return new LookedAt(name, await readHead(bytes), encoding)
  }
  const bytes = await openBytes(name, 0, { anyText: true })
  const beginning = await readSome(bytes, (head) => head.includes(10))
  return new LookedAt(name, beginning, encoding, new Beginning(name, beginning, bytes))
}

async function isRegular(name: string): Promise<boolean> {
  try {
    return (await stat(name)).isFile()
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw fileError(name, e as NodeJS.ErrnoException)
  }
}

async function readHead(bytes: Bytes): Promise<Buffer> {
  try {
    return await readSome(bytes, () => false)
  } finally {
    await bytes.close()
  }
}

async function readSome(bytes: Bytes, isEnough: (head: Buffer) => boolean): Promise<Buffer> {
  const head = Buffer.alloc(HEAD)
  let n = 0
  for (let got = 1; got > 0 && n < HEAD && !isEnough(head.subarray(0, n)); n += got) got = await bytes.read(head, n)
  return head.subarray(0, n)
}

/** Bytes of which the first have been read before. */
class Beginning implements Bytes {
  readonly name: string
  private rest: Buffer
  private readonly source: Bytes | undefined

  constructor(name: string, beginning: Buffer, source?: Bytes) {
    this.name = source?.name ?? name
    this.rest = beginning
    this.source = source
  }

  get fault(): Bytes['fault'] {
    return this.source?.fault
  }

  async read(into: Buffer, at: number): Promise<number> {
    if (this.rest.length === 0) return (await this.source?.read(into, at)) ?? 0
    const n = this.rest.copy(into, at)
    this.rest = this.rest.subarray(n)
    return n
  }

  progress(): { read: number; size: number } {
    return this.source?.progress() ?? { read: 0, size: 0 }
  }

  async close(): Promise<void> {
    await this.source?.close()
  }
}
