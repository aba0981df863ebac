import { closeSync, existsSync, fsyncSync, ftruncateSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { InvigilError } from '../base/errors.ts'
import { fileError } from './file-error.ts'

/** The files of a run that grow. */
export const OUTPUTS = ['warnings', 'shadow', 'prompts', 'records', 'rejects', 'late'] as const
export type OutputName = (typeof OUTPUTS)[number]
/** Where what the stages write goes. */
export const OUTPUT_OF = { warning: 'warnings', shadow: 'shadow', prompt: 'prompts', record: 'records' } as const
/** What is written at the end. */
export const SUMMARY = 'summary.json'

const BUFFER = 1 << 16

interface Growing {
  path: string
  fd: number
  length: number
  pending: string[]
  size: number
}

/** The output folder of a run: NDJSON files that only grow, and whose lengths a snapshot remembers. */
export class OutputFolder {
  readonly dir: string
  private readonly files: Record<OutputName, Growing>

  /**
   * `lengths`: what an earlier run had written at its snapshot; without it the files begin anew. `inputs` are what the run
   * reads, which must not be overwritten. Errors: `usage`, `bad-state`, `io`, `disk-full`.
   */
  constructor(dir: string, lengths?: Readonly<Record<OutputName, number>>, inputs: readonly string[] = []) {
    this.dir = dir
    try {
      mkdirSync(dir, { recursive: true })
      for (const name of [...OUTPUTS.map((o) => `${o}.ndjson`), SUMMARY]) spare(join(dir, name), inputs)
      // One of an earlier run would belie what this one writes, should it not come to its end.
      rmSync(join(dir, SUMMARY), { force: true })
    } catch (e) {
      throw e instanceof InvigilError ? e : fileError(dir, e as NodeJS.ErrnoException)
    }
    this.files = Object.fromEntries(OUTPUTS.map((name) => [name, this.open(name, lengths?.[name])])) as Record<OutputName, Growing>
  }

  private open(name: OutputName, length: number | undefined): Growing {
    const path = join(this.dir, `${name}.ndjson`)
    if (length !== undefined && !existsSync(path) && length > 0) {
      throw new InvigilError('bad-state', `\`${path}\` is gone, but the state goes on after its byte ${length}; restore it, or use another state folder`)
    }
    try {
      const fd = openSync(path, existsSync(path) ? 'r+' : 'w+')
      if (fstatSync(fd).size < (length ?? 0)) {
        throw new InvigilError('bad-state', `\`${path}\` is shorter than the state remembers; restore it, or use another state folder`)
      }
      if (fstatSync(fd).isFile()) ftruncateSync(fd, length ?? 0)
      return { path, fd, length: length ?? 0, pending: [], size: 0 }
    } catch (e) {
      throw e instanceof InvigilError ? e : fileError(path, e as NodeJS.ErrnoException)
    }
  }

  /** Appends a line. */
  write(name: OutputName, value: unknown): void {
    const file = this.files[name]
    const line = `${JSON.stringify(value)}\n`
    file.pending.push(line)
    file.size += line.length
    if (file.size >= BUFFER) this.flushFile(file)
  }

  /** Hands everything to the system. */
  flush(): void {
    for (const file of Object.values(this.files)) this.flushFile(file)
  }

  /** Makes everything written so far durable, and says how long each file is. */
  sync(): Record<OutputName, number> {
    this.flush()
    for (const file of Object.values(this.files)) {
      try {
        fsyncSync(file.fd)
      } catch (e) {
        throw fileError(file.path, e as NodeJS.ErrnoException)
      }
    }
    return Object.fromEntries(OUTPUTS.map((name) => [name, this.files[name].length])) as Record<OutputName, number>
  }

  /** Writes a file that replaces the one before, whole. */
  replace(name: string, text: string): void {
    const path = join(this.dir, name)
    try {
      writeFileSync(`${path}.new`, text)
      renameSync(`${path}.new`, path)
    } catch (e) {
      rmSync(`${path}.new`, { force: true })
      throw fileError(path, e as NodeJS.ErrnoException)
    }
  }

  close(): void {
    try {
      this.flush()
    } finally {
      for (const file of Object.values(this.files)) closeSync(file.fd)
    }
  }

  private flushFile(file: Growing): void {
    if (file.pending.length === 0) return
    const bytes = Buffer.from(file.pending.join(''))
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file.fd, bytes, at, bytes.length - at, file.length + at)
    } catch (e) {
      throw fileError(file.path, e as NodeJS.ErrnoException)
    } finally {
      // What could not be written is not tried again: a second attempt at the end would hide the first failure.
      file.pending.length = 0
      file.size = 0
    }
    file.length += bytes.length
  }
}

/** Throws where a file that is to be written is one of those that are read. */
function spare(path: string, inputs: readonly string[]): void {
  const mine = statSync(path, { throwIfNoEntry: false })
  if (!mine?.isFile()) return
  for (const input of inputs) {
    const theirs = input === '-' ? undefined : statSync(input, { throwIfNoEntry: false })
    if (theirs?.ino !== mine.ino || theirs.dev !== mine.dev) continue
    throw new InvigilError('usage', `the run would overwrite its own input \`${input}\`; name another folder with \`--output\``)
  }
}
