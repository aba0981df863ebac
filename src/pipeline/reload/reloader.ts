import { setTimeout as sleep } from 'node:timers/promises'
import { InvigilError } from '../../base/errors.ts'
import { SECOND, type Ms } from '../../base/time.ts'
import { RulesWatch, type Settled, type WatchOptions } from '../../io/watch-rules.ts'
import { asProblem, runTests } from '../../rules/run-tests.ts'
import { contextOf, type ContextOptions, type OpenContext } from '../context.ts'

/** What failed outside of the rules is tried again after this. */
const AGAIN: Ms = 5 * SECOND

export interface ReloadOptions extends Pick<ContextOptions, 'rules' | 'models' | 'backend' | 'version'> {
  watch?: WatchOptions
}

/** Is to be done with a context before it is offered. */
export type Keep = (context: OpenContext) => Promise<void>

/** Is told what becomes of the rules as they lie there. */
export interface ReloadWatcher {
  /** Good, and other than the last good ones: they are ready to come into force. */
  accepted?(context: OpenContext): void
  /** What lies there cannot be used; the last good ones stay. */
  refused?(e: InvigilError): void
  /** After a refusal the last good ones lie there again. */
  mended?(): void
}

/**
 * Follows rules directories: what lies there is read whole, checked and tested, and then offered to whoever is at a mark. Everything else of
 * the context stays as it was opened.
 */
export class Reloader {
  private readonly options: ReloadOptions
  private readonly watcher: ReloadWatcher
  private readonly keep: Keep | undefined
  private readonly watch: RulesWatch
  private readonly stop = new AbortController()
  private readonly running: Promise<void>
  /** The last good one, in force or not yet. */
  private newest: OpenContext
  private offered: OpenContext | undefined
  private refusal: InvigilError | undefined
  private failure: unknown

  /** `context` was opened from the same directories. */
  constructor(context: OpenContext, options: ReloadOptions, watcher: ReloadWatcher = {}, keep?: Keep) {
    this.newest = context
    this.options = options
    this.watcher = watcher
    this.keep = keep
    this.watch = new RulesWatch(options.rules, options.watch)
    this.running = this.follow().catch((e: unknown) => {
      this.failure = e
    })
  }

  /** The newest good context that nobody has taken yet; it is taken by that. Throws where the watching itself has failed. */
  take(): OpenContext | undefined {
    if (this.failure !== undefined) throw this.failure
    const { offered } = this
    this.offered = undefined
    return offered
  }

  get isReady(): boolean {
    return this.offered !== undefined || this.failure !== undefined
  }

  /** Waits until it is stopped; throws where the watching itself fails. */
  async until(stop: AbortSignal): Promise<void> {
    const stopped = new Promise<void>((done) => {
      if (stop.aborted) done()
      else stop.addEventListener('abort', () => done(), { once: true })
    })
    await Promise.race([stopped, this.running])
    if (this.failure !== undefined) throw this.failure
  }

  async close(): Promise<void> {
    this.stop.abort()
    await this.running
  }

  private async follow(): Promise<void> {
    const { signal } = this.stop
    for (let found = await this.watch.next(signal); found !== undefined; found = await this.watch.next(signal)) {
      try {
        await this.judge(found)
      } catch (e) {
        if (!(e instanceof InvigilError) || e.domain === 'bug') throw e
        await this.refuse(e)
      }
    }
  }

  private async refuse(e: InvigilError): Promise<void> {
    if (e.message !== this.refusal?.message || e.domain === 'user') this.watcher.refused?.(e)
    this.refusal = e
    if (e.domain === 'user') return
    // A full disk, say: no file will change when there is room again.
    this.watch.forget()
    await sleep(AGAIN, undefined, { signal: this.stop.signal }).catch(() => undefined)
  }

  private async judge(found: Settled): Promise<void> {
    if ('error' in found) throw found.error
    const context = await contextOf(found.sources, this.newest, this.options)
    const isNew = context.hash !== this.newest.hash
    // Those in force have passed their tests, or were put there by somebody who did not ask.
    if (isNew) {
      await checkTests(context)
      await this.keep?.(context)
    }
    const wasRefused = this.refusal !== undefined
    this.refusal = undefined
    if (isNew) {
      this.newest = context
      this.offered = context
      this.watcher.accepted?.(context)
    } else if (wasRefused) this.watcher.mended?.()
  }
}

/** Runs the rules' own tests, those of rules that are off, too; others get their turn after each rule. Throws `bad-rules` with all that failed. */
export async function checkTests({ bundle, models }: Pick<OpenContext, 'bundle' | 'models'>): Promise<void> {
  const results = []
  for (const id of new Set(bundle.tested.map((t) => t.rule.id))) {
    results.push(...runTests(bundle, id, models))
    await new Promise(setImmediate)
  }
  const failed = results.filter((r) => r.failure !== undefined)
  if (failed.length > 0) throw new InvigilError('bad-rules', `${failed.length} of ${results.length} tests of the rules failed`, { problems: failed.map(asProblem) })
}
