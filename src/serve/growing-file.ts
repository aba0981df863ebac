import { open, type FileHandle } from 'node:fs/promises'
import { InvigilError } from '../base/errors.ts'
import { fileError } from '../io/file-error.ts'

const LINE_FEED = 0x0a
const SPACE = 0x20
const BACK = 1 << 16

/**
 * A file of lines that only grows, while others follow it. INVARIANT (follow): it never becomes shorter, and no whole line of it changes;
 * a reader that goes on from where it was misses nothing.
 */
export class GrowingFile {
  readonly path: string
  private readonly file: FileHandle
  /** The rest of a line of which a part could be written, and which must be finished before anything else. */
  private rest: Buffer | undefined
  private isUnsynced = false
  private failure: InvigilError | undefined

  private constructor(path: string, file: FileHandle) {
    this.path = path
    this.file = file
  }

  /**
   * Opens or makes the file. A line that was cut short by a crash, which nobody was told to be written, becomes a blank one: taking it away would
   * shift what a reader who has seen it reads next. `mended`: how many bytes that were.
   */
  static async open(path: string): Promise<{ file: GrowingFile; mended: number }> {
    try {
      const mended = await mend(path)
      return { file: new GrowingFile(path, await open(path, 'a')), mended }
    } catch (e) {
      throw fileError(path, e as NodeJS.ErrnoException)
    }
  }

  /** Why nothing can be written any more, if so: what was not synced may be lost or not, and only reading the file anew tells. */
  get broken(): InvigilError | undefined {
    return this.failure
  }

  /** Writes whole lines. Errors: `disk-full` and others after which it can be tried again. */
  async write(lines: Buffer): Promise<void> {
    if (this.failure) throw this.failure
    const bytes = this.rest === undefined ? lines : Buffer.concat([this.rest, lines])
    this.isUnsynced = true
    let at = 0
    try {
      while (at < bytes.length) at += (await this.file.write(bytes, at)).bytesWritten
      this.rest = undefined
    } catch (e) {
      const isCut = at === 0 ? this.rest !== undefined : bytes[at - 1] !== LINE_FEED
      this.rest = isCut ? Buffer.from(bytes.subarray(at, bytes.indexOf(LINE_FEED, at) + 1)) : undefined
      throw fileError(this.path, e as NodeJS.ErrnoException)
    }
  }

  /** Returns once all that was written would survive a loss of power. An error is the end: the system may have forgotten what it could not write. */
  async sync(): Promise<void> {
    if (this.failure) throw this.failure
    if (!this.isUnsynced) return
    try {
      await this.file.datasync()
      this.isUnsynced = false
    } catch (e) {
      this.failure = fileError(this.path, e as NodeJS.ErrnoException)
      throw this.failure
    }
  }

  async close(): Promise<void> {
    await this.file.close()
  }
}

/** Blanks a last line that has no end, and returns how long it was. */
async function mend(path: string): Promise<number> {
  const file = await open(path, 'a+')
  await file.close()
  const writable = await open(path, 'r+')
  try {
    const { size } = await writable.stat()
    const torn = size - (await endOfLines(writable, size))
    // The line break comes behind all that a reader may have seen.
    const blank = torn === 0 ? Buffer.alloc(0) : Buffer.alloc(torn + 1, SPACE)
    if (torn > 0) blank[torn] = LINE_FEED
    for (let at = 0; at < blank.length; ) at += (await writable.write(blank, at, blank.length - at, size - torn + at)).bytesWritten
    await writable.sync()
    return torn
  } finally {
    await writable.close()
  }
}

/** Where the last whole line ends. */
async function endOfLines(file: FileHandle, size: number): Promise<number> {
  const piece = Buffer.alloc(BACK)
  for (let to = size; to > 0; ) {
    const from = Math.max(0, to - BACK)
    const { bytesRead } = await file.read(piece, 0, to - from, from)
    const found = piece.subarray(0, bytesRead).lastIndexOf(LINE_FEED)
    if (found >= 0) return from + found + 1
    to = from
  }
  return 0
}
