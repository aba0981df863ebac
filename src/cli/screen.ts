import { styleText } from 'node:util'
import { MultiBar, type SingleBar } from 'cli-progress'
import { formatDuration, SECOND } from '../base/time.ts'
import type { Output } from '../engine/output.ts'
import { totalWarnings, type Accounts } from '../pipeline/accounts.ts'
import type { Severity, Warning } from '../warnings/warning.ts'
import { clip, printable } from './text.ts'

const COLOURS = { low: 'gray', medium: 'yellow', high: 'red', critical: 'magenta' } as const satisfies Record<Severity, string>
const SEVERITY_WIDTH = 8
const BAR = 24

/** How far a run has come. `size` 0: how much there is to read is not known. */
interface Progress {
  read: number
  size: number
  lines: number
  warnings: number
}

/** What a run shows while it goes: on a terminal a progress bar with the warnings above it, else plain lines. */
export class Screen {
  private readonly quiet: boolean
  private readonly follow: boolean
  private readonly counts: boolean
  private readonly terminal = process.stdout.isTTY
  private readonly colours = this.terminal && process.stdout.hasColors()
  private readonly begun = Date.now()
  private bars: MultiBar | undefined
  private bar: SingleBar | undefined

  /** `counts`: whether it is shown how many warnings there are. */
  constructor({ quiet, follow = false, counts = true }: { quiet: boolean; follow?: boolean; counts?: boolean }) {
    this.quiet = quiet
    this.follow = follow
    this.counts = counts
  }

  progress(read: number, size: number, accounts: Accounts): void {
    if (this.quiet || !this.terminal) return
    const progress: Progress = { read, size, lines: accounts.lines, warnings: totalWarnings(accounts) }
    if (this.bar === undefined) {
      const format = (_: unknown, __: unknown, at: Progress) => this.progressLine(at)
      // Signals are for the run, which closes the screen at its end.
      this.bars = new MultiBar({ format, stream: process.stdout, hideCursor: true, clearOnComplete: true, gracefulExit: false, forceRedraw: true })
      this.bar = this.bars.create(1, 0, progress)
    }
    this.bar.update(0, progress)
  }

  /** Shows a warning when it is first raised, and when it is taken back. */
  output(output: Output): void {
    if (this.quiet || output.kind !== 'warning') return
    const w = output.value
    if (w.revision === 1 || w.episode === 'withdrawn') this.warning(w)
  }

  note(text: string): void {
    if (!this.quiet) this.line(this.fit(printable(text)))
  }

  close(): void {
    // What was shown since the last redraw is still to be written.
    if (this.bars?.isActive) this.bars.update()
    this.bars?.stop()
    this.bars = undefined
    this.bar = undefined
  }

  private warning(w: Warning): void {
    const { kind, platform, id } = w.subject
    // A terminal is narrow, and most warnings are of learners.
    const who = `${this.terminal && kind === 'learner' ? '' : `${kind} `}${platform === '' ? id : `${platform}/${id}`}`
    const text = w.episode === 'withdrawn' ? `withdrawn: ${w.why ?? ''}` : w.summary.en
    const time = this.terminal ? `${w.begin.slice(5, 10)} ${w.begin.slice(11, 19)}Z  ` : `${w.begin.slice(0, 19)}Z  `
    const line = this.fit(printable(`${time}${w.severity.padEnd(SEVERITY_WIDTH)}  ${w.rule}  ${who}: ${text}`))
    const [from, to] = [time.length, time.length + SEVERITY_WIDTH]
    this.line(this.colours ? `${line.slice(0, from)}${styleText(COLOURS[w.severity], line.slice(from, to))}${line.slice(to)}` : line)
  }

  private progressLine({ read, size, lines, warnings }: Progress): string {
    const share = size > 0 ? Math.min(1, read / size) : 0
    const bar = size > 0 ? `${'█'.repeat(Math.round(share * BAR)).padEnd(BAR, '░')} ${String(Math.floor(share * 100)).padStart(3)}%  ` : ''
    const seconds = Math.floor((Date.now() - this.begun) / SECOND) * SECOND
    const rest = this.follow && share === 1 ? 'waiting for more, Ctrl-C ends' : formatDuration(seconds)
    return this.fit(`${this.follow ? '' : bar}${count(lines, 'line')}  ${this.counts ? `${count(warnings, 'warning')}  ` : ''}${rest}`)
  }

  /** On a terminal a line must not wrap, or the bar would be drawn in the wrong place; all of it stands in the files. */
  private fit(text: string): string {
    return this.terminal ? clip(text, (process.stdout.columns || 80) - 1) : text
  }

  private line(text: string): void {
    if (this.bars) this.bars.log(`${text}\n`)
    else process.stdout.write(`${text}\n`)
  }
}

function count(n: number, word: string): string {
  return `${n.toLocaleString('en-US')} ${word}${n === 1 ? '' : 's'}`
}
