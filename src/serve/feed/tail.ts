import { open, type FileHandle } from 'node:fs/promises'

const PIECE = 1 << 16
const MOST = 8 << 20
const LINE_FEED = 0x0a

/** A whole line, and where it ends in its file. */
export interface Line {
  text: string
  end: number
}

/** Reads the whole lines of a file that grows, a piece at a time; what has no end yet is left for later. */
export class Tail {
  private readonly file: FileHandle
  /** Where the lines end that were told. */
  private at: number
  private readonly piece = Buffer.allocUnsafe(PIECE)

  private constructor(file: FileHandle, at: number) {
    this.file = file
    this.at = at
  }

  /** Opens a file behind its byte `at`. Errors: those of the system. */
  static async open(path: string, at: number): Promise<Tail> {
    return new Tail(await open(path, 'r'), at)
  }

  /** Which file it is, and how long; a name may stand for another one later. */
  async stat(): Promise<{ ino: number; size: number }> {
    return this.file.stat()
  }

  get position(): number {
    return this.at
  }

  /** The next whole lines, of about 64 KiB or of one line that is longer; none at the present end. Throws where a line is longer than anything that is written. */
  async next(): Promise<Line[]> {
    let bytes = this.piece
    let filled = 0
    for (;;) {
      const { bytesRead } = await this.file.read(bytes, filled, bytes.length - filled, this.at + filled)
      filled += bytesRead
      const last = bytes.subarray(0, filled).lastIndexOf(LINE_FEED)
      if (last >= 0) return this.linesIn(bytes, last + 1)
      if (bytesRead === 0) return []
      if (filled < bytes.length) continue
      if (bytes.length >= MOST) throw new Error(`a line of more than ${MOST} bytes`)
      // A long line, which comes once in a while: not worth keeping so much for it.
      const larger = Buffer.allocUnsafe(bytes.length * 4)
      bytes.copy(larger, 0, 0, filled)
      bytes = larger
    }
  }

  close(): Promise<void> {
    return this.file.close()
  }

  private linesIn(bytes: Buffer, stop: number): Line[] {
    const lines: Line[] = []
    for (let from = 0; from < stop; ) {
      const to = bytes.indexOf(LINE_FEED, from)
      lines.push({ text: bytes.toString('utf8', from, to), end: this.at + to + 1 })
      from = to + 1
    }
    this.at += stop
    return lines
  }
}
