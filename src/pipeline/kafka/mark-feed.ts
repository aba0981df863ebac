import { InvigilError } from '../../base/errors.ts'
import { unpackMark, type TaskMark } from '../../engine/mark-record.ts'
import { logRanges } from '../../io/kafka/offsets.ts'
import { Member, type Flow } from '../../io/kafka/member.ts'
import type { Surroundings } from './role.ts'

/** A mark with where it stands in the topic. */
export interface FedMark {
  offset: number
  record: TaskMark
}

/** One task's way through the marks. */
export interface MarkReader {
  /** The next mark, if it has been read yet. */
  peek(): FedMark | undefined
  shift(): void
  close(): void
}

/** Marks kept for tasks that come later, and the most that are read ahead of the slowest task. */
const KEPT = 2000
const MOST_AHEAD = 20_000

/**
 * The marks, read once for all tasks of a process. A task that must begin before what is kept has a reader of its own, so that
 * those at the front need not wait for it.
 */
export class MarkFeed {
  private readonly around: Surroundings
  private shared: Feed | undefined
  private readonly own = new Set<Feed>()

  constructor(around: Surroundings) {
    this.around = around
  }

  /** Marks after number `after`, which stand in the topic from `from` on; without it, from the first that is there. `wake` is called when more have come. */
  async read(after: number, from: number | undefined, wake: () => void): Promise<MarkReader> {
    const start = (await this.around.client.withAdmin((admin) => logRanges(admin, this.around.client.topic('marks'))))[0]?.start ?? 0
    const begin = Math.max(from ?? start, start)
    if (this.shared === undefined) this.shared = Feed.open(this.around, begin)
    if (this.shared.reaches(begin)) return this.shared.reader(after, wake)
    const feed = Feed.open(this.around, begin)
    this.own.add(feed)
    const reader = feed.reader(after, wake)
    return {
      peek: () => reader.peek(),
      shift: () => reader.shift(),
      close: () => {
        reader.close()
        this.own.delete(feed)
        feed.close().catch((e: unknown) => this.around.broken(e))
      },
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.own, ...(this.shared ? [this.shared] : [])].map((f) => f.close()))
  }
}

class Reader {
  /** Counted over all marks that the feed has ever read. */
  next: number
  readonly after: number
  readonly wake: () => void

  constructor(next: number, after: number, wake: () => void) {
    this.next = next
    this.after = after
    this.wake = wake
  }
}

class Feed {
  private readonly from: number
  private readonly marks: FedMark[] = []
  /** How many were read and dropped before those kept. */
  private dropped = 0
  private readonly readers = new Set<Reader>()
  private readonly member: Promise<Member>
  private flow: Flow | undefined
  private isPaused = false

  private constructor(around: Surroundings, from: number) {
    this.from = from
    this.member = Member.alone(around.client, around.group, {
      topics: [around.client.topic('marks')],
      broken: around.broken,
      open: async (_, flow) => {
        this.flow = flow
        return {
          from: (this.marks.at(-1)?.offset ?? this.from - 1) + 1,
          take: (messages) => {
            for (const { offset, value } of messages) {
              if (value === null) continue
              // What the timekeeper's successor must know is most of a mark, and is kept for no task.
              const { mark, offsets } = unpackMark(value)
              this.marks.push({ offset: Number(offset), record: { mark, offsets } })
            }
            for (const r of this.readers) r.wake()
            this.trim()
          },
          close: () => Promise.resolve(),
        }
      },
    })
    this.member.catch((e: unknown) => around.broken(e))
  }

  static open(around: Surroundings, from: number): Feed {
    return new Feed(around, from)
  }

  reaches(offset: number): boolean {
    return offset >= (this.dropped > 0 ? (this.marks[0] as FedMark).offset : this.from)
  }

  reader(after: number, wake: () => void): MarkReader {
    const reader = new Reader(this.dropped, after, wake)
    this.readers.add(reader)
    return {
      peek: () => this.at(reader),
      shift: () => {
        reader.next++
        if (this.isPaused || reader.next % KEPT === 0) this.trim()
      },
      close: () => {
        this.readers.delete(reader)
        this.trim()
      },
    }
  }

  async close(): Promise<void> {
    // One that could not join has said so, and has nothing to leave.
    const member = await this.member.catch(() => undefined)
    await member?.leave()
  }

  private at(reader: Reader): FedMark | undefined {
    for (;;) {
      const mark = this.marks[reader.next - this.dropped]
      if (mark === undefined || mark.record.mark.number > reader.after) return mark
      reader.next++
    }
  }

  private trim(): void {
    const end = this.dropped + this.marks.length
    const slowest = Math.min(end, ...[...this.readers].map((r) => r.next))
    const drop = Math.min(slowest, end - KEPT) - this.dropped
    if (drop >= KEPT / 2) {
      this.marks.splice(0, drop)
      this.dropped += drop
    }
    const isFull = this.readers.size > 0 && end - slowest > MOST_AHEAD
    if (isFull === this.isPaused) return
    this.isPaused = isFull
    if (isFull) this.flow?.pause()
    else this.flow?.resume()
  }
}

/** INVARIANT (marks): none is left out; a task that misses one would do other work than its predecessor. */
export function checkNext(handled: number, next: TaskMark): void {
  const { number } = next.mark
  if (number === handled + 1) return
  if (number <= handled) throw new InvigilError('bad-state', `mark ${number} stands in the topic twice: two groups have written marks; begin anew with topics of another prefix`)
  throw new InvigilError('bad-state', `after mark ${handled} comes mark ${number}: the topic of marks no longer reaches back as far as is needed; begin anew with topics of another prefix`)
}
