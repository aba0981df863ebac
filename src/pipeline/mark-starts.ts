import type { Position } from './cursor.ts'

/** Where the lines that a mark covers begin. Plain data. */
export interface MarkStart {
  mark: number
  /** Lines before it. */
  records: number
  at: Position[]
}

/** Where marks begin in the log: from the one that covers the oldest held event to the one that comes next. */
export class MarkStarts {
  readonly starts: MarkStart[]
  /** Index of the mark whose records are read again. */
  private refilled = 0

  /** `starts` has at least one. */
  constructor(starts: MarkStart[]) {
    this.starts = starts
  }

  get first(): MarkStart {
    return this.starts[0] as MarkStart
  }

  get last(): MarkStart {
    return this.starts.at(-1) as MarkStart
  }

  /** The next mark begins; those before `oldest` cover nothing that is held. */
  begin(start: MarkStart, oldest: number): void {
    this.starts.push(start)
    while (this.starts.length > 1 && (this.starts[1] as MarkStart).mark <= oldest) this.starts.shift()
  }

  /** The mark that covers the record with so many before it; to be asked in the order of records. */
  markOf(records: number): number {
    while (records >= (this.starts[this.refilled + 1]?.records ?? Infinity)) this.refilled++
    return (this.starts[this.refilled] as MarkStart).mark
  }
}
