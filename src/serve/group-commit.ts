import { InvigilError } from '../base/errors.ts'

interface Waiting<T> {
  item: T
  bytes: number
  done(this: void): void
  fail(this: void, e: unknown): void
}

/**
 * Makes things durable together: while one write is under way, what comes is gathered, and goes out with the next. So a disk or a broker
 * that needs five milliseconds for one write needs them for all that came within them.
 */
export class GroupCommit<T> {
  private readonly write: (items: readonly T[]) => Promise<void>
  private waiting: Waiting<T>[] = []
  private bytes = 0
  private running: Promise<void> | undefined

  /** `write` returns once all items are durable, or throws: then none of them counts as written. */
  constructor(write: (items: readonly T[]) => Promise<void>) {
    this.write = write
  }

  /** Bytes that are not durable yet. */
  get backlog(): number {
    return this.bytes
  }

  /** Returns once the item is durable. Errors: those of `write`. */
  add(item: T, bytes: number): Promise<void> {
    this.bytes += bytes
    const added = new Promise<void>((done, fail) => this.waiting.push({ item, bytes, done, fail }))
    this.running ??= this.run()
    return added
  }

  /** Returns once nothing is under way. */
  async settle(): Promise<void> {
    while (this.running) await this.running
  }

  private async run(): Promise<void> {
    // What else comes in this turn goes along.
    await Promise.resolve()
    while (this.waiting.length > 0) {
      const batch = this.waiting
      this.waiting = []
      let failure: unknown
      try {
        await this.write(batch.map((w) => w.item))
      } catch (e) {
        failure = e ?? new InvigilError('io', 'nothing was written')
      }
      for (const { bytes, done, fail } of batch) {
        this.bytes -= bytes
        if (failure === undefined) done()
        else fail(failure)
      }
    }
    this.running = undefined
  }
}
