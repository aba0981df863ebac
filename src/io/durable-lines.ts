import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { fileError } from './file-error.ts'

/** A file of lines that only grows. Each line is durable before anything else happens; one that was cut short by a crash does not count. */
export class DurableLines {
  private readonly path: string
  private readonly fd: number
  private length: number

  private constructor(path: string, fd: number, length: number) {
    this.path = path
    this.fd = fd
    this.length = length
  }

  /** Opens a file to go on after its first `keep` lines, or makes it; returns those lines, too: fewer where there are no more. */
  static open(path: string, keep = Infinity): { file: DurableLines; lines: string[] } {
    try {
      const fd = openSync(path, 'a+')
      const lines = wholeLines(readFileSync(fd, 'utf8')).slice(0, keep)
      const length = lengthOf(lines)
      ftruncateSync(fd, length)
      return { file: new DurableLines(path, fd, length), lines }
    } catch (e) {
      throw fileError(path, e as NodeJS.ErrnoException)
    }
  }

  append(line: string): void {
    const bytes = Buffer.from(`${line}\n`)
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at)
      fsyncSync(this.fd)
      this.length += bytes.length
    } catch (e) {
      // Half a line would join with the next one.
      ftruncateSync(this.fd, this.length)
      throw fileError(this.path, e as NodeJS.ErrnoException)
    }
  }

  /** Goes on after the first `keep` lines; what follows them is lost. */
  cut(keep: number): void {
    try {
      this.length = lengthOf(wholeLines(readFileSync(this.path, 'utf8')).slice(0, keep))
      ftruncateSync(this.fd, this.length)
    } catch (e) {
      throw fileError(this.path, e as NodeJS.ErrnoException)
    }
  }

  close(): void {
    closeSync(this.fd)
  }
}

function lengthOf(lines: readonly string[]): number {
  return lines.reduce((n, l) => n + Buffer.byteLength(l) + 1, 0)
}

/** The lines of a text that end with a line feed. */
export function wholeLines(text: string): string[] {
  return text.split('\n').slice(0, -1)
}
