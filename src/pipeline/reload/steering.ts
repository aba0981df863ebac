import { InvigilError } from '../../base/errors.ts'
import type { Ms } from '../../base/time.ts'
import { DEFAULT_LATENESS } from '../../engine/timekeeper.ts'
import type { Fault, Faults } from '../../rules/faults.ts'
import type { OpenContext } from '../context.ts'
import type { LocalHead } from '../local-head.ts'
import { MARK_EVERY, type LocalOptions } from '../options.ts'
import { ContextStore } from './context-store.ts'
import { History, type MarkSettings, type Turn } from './history.ts'
import { Reloader } from './reloader.ts'

/** A turn to be taken again, and the context that comes into force with it, if another. */
export interface Again {
  turn: Turn
  context: OpenContext | undefined
}

/**
 * Says under which context a run over files works: the one that its state was made under, then those that came into force by turns of an earlier
 * run, then what the command named, then what watched rules offer. Each changes with a mark.
 */
export class Steering implements MarkSettings {
  markEvery: number
  lateness: Ms
  /** In force. */
  context: OpenContext
  /** The rules that the state was made under, where they are not those of `context`. */
  before: LocalHead['rules']
  private readonly options: LocalOptions
  private readonly history: History
  private readonly store: ContextStore | undefined
  private reloader: Reloader | undefined
  /** Comes into force with the next mark. */
  private ready: OpenContext | undefined
  /** Of contexts that are no longer in force, where there were some. */
  private readonly faults = new Set<Faults>()

  /** Finds out how the run begins, or goes on from a snapshot (`head`). */
  static async open(options: LocalOptions, head: LocalHead | undefined): Promise<Steering> {
    const folder = options.replay ?? options.state
    const { context: local, models, acceptVersion } = options
    const store = folder === undefined ? undefined : new ContextStore(folder, { local, models, acceptVersion })
    const history = options.replay !== undefined ? await History.read(options.replay) : options.state !== undefined ? History.open(options.state, head?.turns ?? 0) : History.none()
    const steering = new Steering(options, history, store)
    try {
      if (options.replay !== undefined) await steering.repeatStart()
      else await steering.begin(head)
      steering.watch()
      options.watch?.entered?.(steering.context)
      return steering
    } catch (e) {
      history.close()
      throw e
    }
  }

  private constructor(options: LocalOptions, history: History, store: ContextStore | undefined) {
    const { markEvery = MARK_EVERY, lateness = DEFAULT_LATENESS, context } = options
    this.options = options
    this.history = history
    this.store = store
    this.markEvery = markEvery
    this.lateness = lateness
    this.context = context
  }

  private async repeatStart(): Promise<void> {
    const { context, turn } = await this.again()
    if (context) this.context = context
    Object.assign(this, { markEvery: turn.markEvery, lateness: turn.lateness })
  }

  private async begin(head: LocalHead | undefined): Promise<void> {
    const { context: present, watch } = this.options
    await this.store?.save(present)
    const last = this.history.past().at(-1)
    try {
      if (last) this.context = await (this.store as ContextStore).open(last.context)
      // Each of those that are to come must be there when its turn comes.
      for (const hash of new Set(this.history.future().map((t) => t.context))) await this.store?.open(hash)
    } catch (e) {
      if (!(e instanceof InvigilError) || e.domain !== 'user') throw e
      if (this.context === present) this.before = head?.rules
      this.history.cut()
      watch?.lost?.(e)
    }
    if (this.context !== present) this.ready = present
    // Other settings make other marks: what an earlier run did after its snapshot cannot be done again.
    const isSame = (t: Turn) => t.markEvery === this.markEvery && t.lateness === this.lateness
    if (last?.context === this.context.hash && [last, ...this.history.future()].every(isSame)) return
    this.history.cut()
    this.note('start', head?.machine.timekeeper.mark ?? 0, head?.records ?? 0)
  }

  private watch(): void {
    const { reload, context, watch } = this.options
    if (reload) this.reloader = new Reloader(context, reload, watch?.rules, this.store && ((c) => (this.store as ContextStore).save(c)))
  }

  /** How many turns have been taken. */
  get taken(): number {
    return this.history.taken
  }

  /** What is to be done again next, as an earlier run did it. */
  get next(): Turn | undefined {
    return this.history.next
  }

  /** After how many lines. */
  get againAt(): number {
    return this.history.next?.records ?? Infinity
  }

  /** What is to be done again. INVARIANT (again): whoever asks does it. */
  async again(): Promise<Again> {
    const turn = this.history.next as Turn
    const context = turn.context === this.context.hash ? undefined : await (this.store as ContextStore).open(turn.context)
    this.history.repeat()
    return { turn, context }
  }

  /** Whether another context could come into force now. */
  get isReady(): boolean {
    if (this.history.next !== undefined) return false
    this.ready = this.reloader?.take() ?? this.ready
    // There and back again.
    if (this.ready?.hash === this.context.hash) this.ready = undefined
    return this.ready !== undefined
  }

  /** What comes into force with a mark that is made now; it is noted, and so is a mark that lines do not count. */
  turn(kind: 'next' | 'idle', mark: number, records: number): OpenContext | undefined {
    if (this.history.next !== undefined) return undefined
    const next = this.isReady ? this.ready : undefined
    if (next === undefined && kind === 'next') return undefined
    this.ready = undefined
    this.note(kind, mark, records, next)
    return next
  }

  private note(kind: Turn['kind'], mark: number, records: number, context = this.context): void {
    this.history.take({ kind, mark, records, context: context.hash, markEvery: this.markEvery, lateness: this.lateness })
  }

  /** A context is in force from now on. */
  enter(context: OpenContext): void {
    const { faults } = this.context.bundle
    if (faults.list().length > 0) this.faults.add(faults)
    this.context = context
    this.options.watch?.entered?.(context)
  }

  /** Conditions of rules that could not be evaluated, under all contexts of this process. */
  allFaults(): Fault[] {
    return [...new Set([...this.faults, this.context.bundle.faults])].flatMap((f) => f.list())
  }

  /** From which line on each context was in force. */
  contexts(): { hash: string; line: number }[] {
    const all: { hash: string; line: number }[] = []
    for (const { context, records } of this.history.past()) if (all.at(-1)?.hash !== context) all.push({ hash: context, line: records + 1 })
    return all
  }

  async close(): Promise<void> {
    await this.reloader?.close()
    this.history.close()
  }
}
