import { createHash } from 'node:crypto'
import { open, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ms } from '../../base/time.ts'
import { fileError } from '../../io/file-error.ts'
import { Refusal } from '../refusal.ts'
import type { Feed, FeedReader, Item } from './feed.ts'
import { Tail } from './tail.ts'

const LOOK_EVERY: Ms = 200
const MARK_BYTES = 1 << 16
const CURSOR = /^([0-9a-f]{12})-(\d{1,15})$/

/**
 * A file of lines that a run writes. A cursor says where in the file, and by a hash of the first line in which file: a run that has begun anew
 * has written another one, or the same bytes again, since the same log gives the same bytes.
 */
export class FileFeed implements Feed {
  private readonly path: string

  constructor(path: string) {
    this.path = path
  }

  async open(after: string | undefined): Promise<FeedReader> {
    const [, mark, offset] = after === undefined ? [] : (CURSOR.exec(after) ?? [])
    if (after !== undefined && offset === undefined) throw new Refusal(400, 'bad-cursor', '`after` is the id of an event that came from here')
    const reader = new FileReader(this.path, mark, Number(offset ?? 0))
    await reader.begin()
    return reader
  }

  async grown(stop: AbortSignal): Promise<void> {
    // A look at the file by each reader is cheaper than telling them all.
    await sleep(LOOK_EVERY, undefined, { signal: stop }).catch(() => undefined)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

class FileReader implements FeedReader {
  private readonly path: string
  private mark: string | undefined
  private readonly from: number
  private tail: Tail | undefined

  constructor(path: string, mark: string | undefined, from: number) {
    this.path = path
    this.mark = mark
    this.from = from
  }

  /** Opens the file where it is there, and looks whether the cursor is of it. */
  async begin(): Promise<boolean> {
    if (this.tail) return true
    try {
      const found = await markOf(this.path)
      if (found === undefined) return this.nothing()
      if (this.mark !== undefined && this.mark !== found) throw gone()
      if (!(await isLineEnd(this.path, this.from))) throw gone()
      this.mark = found
      this.tail = await Tail.open(this.path, this.from)
      return true
    } catch (e) {
      if (e instanceof Refusal) throw e
      if ((e as NodeJS.ErrnoException).code === 'ENOENT') return this.nothing()
      throw fileError(this.path, e as NodeJS.ErrnoException)
    }
  }

  async next(): Promise<Item[]> {
    if (!(await this.begin())) return []
    const tail = this.tail as Tail
    const lines = await tail.next()
    if (lines.length === 0) await this.check(tail)
    return lines.filter((l) => l.text !== '').map(({ text, end }) => ({ cursor: `${this.mark ?? ''}-${end}`, text }))
  }

  async close(): Promise<void> {
    await this.tail?.close()
  }

  /** A file that is not there yet has nothing; one that was read is gone. */
  private nothing(): false {
    if (this.mark !== undefined) throw gone()
    return false
  }

  private async check(tail: Tail): Promise<void> {
    const { ino, size } = await tail.stat()
    const now = await stat(this.path).catch(() => undefined)
    if (size < tail.position || now?.ino !== ino) throw gone()
  }
}

function gone(): Refusal {
  return new Refusal(410, 'gone', 'what came after that is not there any more, as after a run that began anew: begin without `after`, and drop what you have by its id and revision')
}

/** By what the file is known: its first line; undefined while it has none. */
async function markOf(path: string): Promise<string | undefined> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MARK_BYTES), 0, MARK_BYTES, 0)
    const end = buffer.subarray(0, bytesRead).indexOf(0x0a)
    if (end < 0 && bytesRead < MARK_BYTES) return undefined
    return createHash('sha256').update(buffer.subarray(0, end < 0 ? bytesRead : end)).digest('hex').slice(0, 12)
  } finally {
    await file.close()
  }
}

async function isLineEnd(path: string, at: number): Promise<boolean> {
  if (at === 0) return true
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, at - 1)
    return bytesRead === 1 && buffer[0] === 0x0a
  } finally {
    await file.close()
  }
}
