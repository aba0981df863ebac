import { InvigilError } from '../../base/errors.ts'
import type { Machine } from '../../engine/machine.ts'
import type { Setup } from '../../engine/runtime.ts'
import { changesBetween } from '../../rules/changes.ts'
import type { OpenContext } from '../context.ts'
import type { Position } from '../cursor.ts'
import { MarkStarts, type MarkStart } from '../mark-starts.ts'
import type { Watcher } from '../options.ts'
import { HISTORY, type Turn } from './history.ts'
import type { Steering } from './steering.ts'

export interface MarksOptions {
  machine: Machine
  steering: Steering
  starts: MarkStart[]
  /** Lines before the last mark. */
  counted: number
  locate: Setup['locate']
  watch: Watcher | undefined
}

/** What the stages need of a context. */
export function setupFrom({ bundle, catalogue, models, hash, live }: OpenContext, locate: Setup['locate']): Setup {
  return { rules: bundle.rules, catalogue, models, context: hash, live, locate }
}

/** Makes the marks of a run over files; with some of them another context comes into force. */
export class Marks {
  readonly starts: MarkStarts
  private readonly options: MarksOptions
  private readonly machine: Machine
  private readonly steering: Steering
  private lines: number

  constructor(options: MarksOptions) {
    this.options = options
    this.machine = options.machine
    this.steering = options.steering
    this.starts = new MarkStarts(options.starts)
    this.lines = options.counted
  }

  /** Lines before the last mark. */
  get counted(): number {
    return this.lines
  }

  /** Whether a mark follows after so many lines. */
  isDue(records: number): boolean {
    return records - this.lines >= this.steering.markEvery
  }

  /** Makes a mark after so many lines, the next of which begins at `at`. */
  make(kind: 'next' | 'idle', records: number, at: Position[]): void {
    const mark = this.machine.timekeeper.mark + 1
    const context = this.steering.turn(kind, mark, records)
    if (context) this.switchTo(context, { mark, records }, false)
    this.mark(kind, records, { records, at })
  }

  /** Whether the next mark, which lines count here, is one of those that an earlier run made with something else. */
  isAgain(records: number): boolean {
    const { next } = this.steering
    return next !== undefined && next.kind !== 'start' && next.records <= records && next.mark === this.machine.timekeeper.mark + 1
  }

  /** Does again what an earlier run did up to here; no mark but these may be made before. */
  async again(records: number, at: Position[]): Promise<void> {
    while (records >= this.steering.againAt) {
      const { turn, context } = await this.steering.again()
      this.check(turn)
      if (context) this.switchTo(context, turn, true)
      if (turn.kind === 'start') this.restart(turn)
      else this.mark(turn.kind, turn.records, { records, at })
    }
  }

  private check({ kind, mark }: Turn): void {
    const next = this.machine.timekeeper.mark + (kind === 'start' ? 0 : 1)
    if (mark !== next) throw new InvigilError('bad-state', `the log is not the one that \`${HISTORY}\` tells of: there, mark ${mark} follows, and here mark ${next}; give the same log and the same format`)
  }

  private restart({ markEvery, lateness }: Turn): void {
    Object.assign(this.steering, { markEvery, lateness })
    this.machine.renew(setupFrom(this.steering.context, this.options.locate), lateness)
  }

  private switchTo(context: OpenContext, { mark, records }: Pick<Turn, 'mark' | 'records'>, again: boolean): void {
    const changes = changesBetween(this.steering.context.bundle.rules, context.bundle.rules)
    this.machine.renew(setupFrom(context, this.options.locate))
    this.steering.enter(context)
    this.options.watch?.switched?.({ context, changes, mark, records, again })
  }

  private mark(kind: 'next' | 'idle', counted: number, { records, at }: { records: number; at: Position[] }): void {
    if (kind === 'idle') this.machine.idle()
    else this.machine.mark()
    this.lines = counted
    this.starts.begin({ mark: this.machine.timekeeper.mark + 1, records, at }, this.machine.oldestMark())
  }
}
