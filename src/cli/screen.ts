import { styleText } from 'node:util'
import { MultiBar, type SingleBar } from 'cli-progress'
import type { Output } from '../engine/output.ts'
import { totalWarnings, type Accounts } from '../pipeline/accounts.ts'
import type { Severity, Warning } from '../warnings/warning.ts'

const COLOURS = { low: 'gray', medium: 'yellow', high: 'red', critical: 'magenta' } as const satisfies Record<Severity, string>

/** What a run shows while it goes: on a terminal a progress bar with the warnings above it, else plain lines. */
export class Screen {
  private readonly quiet: boolean
  private readonly terminal = process.stdout.isTTY === true
  private bars: MultiBar | undefined
  private bar: SingleBar | undefined

  constructor({ quiet }: { quiet: boolean }) {
    this.quiet = quiet
  }

  /** `size` 0: how much there is to read is not known. */
  progress(read: number, size: number, accounts: Accounts): void {
    if (this.quiet || !this.terminal) return
    if (this.bar === undefined) {
      this.bars = new MultiBar({ format: '{bar} {percentage}%  {lines} lines  {warnings} warnings  {duration_formatted}', hideCursor: true, barsize: 30, clearOnComplete: true })
      this.bar = this.bars.create(Math.max(size, 1), 0, { lines: 0, warnings: 0 })
    }
    this.bar.setTotal(Math.max(size, read, 1))
    this.bar.update(read, { lines: accounts.lines, warnings: totalWarnings(accounts) })
  }

  /** Shows a warning when it is first raised, and when it is taken back. */
  output(output: Output): void {
    if (this.quiet || output.kind !== 'warning') return
    const w = output.value
    if (w.revision === 1 || w.episode === 'withdrawn') this.line(this.format(w))
  }

  note(text: string): void {
    if (!this.quiet) this.line(text)
  }

  close(): void {
    this.bars?.stop()
    this.bars = undefined
    this.bar = undefined
  }

  private format(w: Warning): string {
    const severity = w.severity.padEnd(8)
    const who = `${w.subject.kind} ${[w.subject.platform, w.subject.id].filter((x) => x !== '').join('/')}`
    const text = w.episode === 'withdrawn' ? `withdrawn: ${w.why ?? ''}` : w.summary.en
    return `${w.begin.slice(0, 19)}Z  ${this.terminal ? styleText(COLOURS[w.severity], severity) : severity}  ${w.rule}  ${who}: ${text}`
  }

  private line(text: string): void {
    if (this.bars) this.bars.log(`${text}\n`)
    else process.stdout.write(`${text}\n`)
  }
}
