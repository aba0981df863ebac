import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { InvigilError } from '../../base/errors.ts'
import type { Ms } from '../../base/time.ts'
import { DurableLines, wholeLines } from '../../io/durable-lines.ts'
import { fileError } from '../../io/file-error.ts'

/** The file in a state folder. */
export const HISTORY = 'marks.ndjson'

const turnSchema = z.strictObject({
  format: z.literal(1),
  /** `next` and `idle`: a mark that the count of lines alone does not tell; `start`: no mark, but from here on something else is in force. */
  kind: z.enum(['start', 'next', 'idle']),
  /** Number of that mark; of `start`, of the last one before. */
  mark: z.int(),
  /** Lines before it. */
  records: z.int(),
  /** In force from this mark on. */
  context: z.string(),
  /** Lines after which a mark follows by itself, and how late events may be where the catalogue does not say it. */
  markEvery: z.int(),
  lateness: z.int(),
})
export type Turn = z.infer<typeof turnSchema>

/** How marks are made that no turn tells of. */
export interface MarkSettings {
  markEvery: number
  lateness: Ms
}

/**
 * The turns that a run over files has taken: all of its marks that do not follow from the count of lines, and the contexts that came into
 * force with them. A turn is durable before it is taken. INVARIANT (replay): the same log and the same turns give the same marks.
 */
export class History {
  private readonly turns: Turn[]
  private readonly file: DurableLines | undefined
  /** How many have been taken. */
  private at = 0

  private constructor(turns: Turn[], file: DurableLines | undefined) {
    this.turns = turns
    this.file = file
  }

  /** One that nobody keeps. */
  static none(): History {
    return new History([], undefined)
  }

  /** Of a run that has the state folder and goes on from a snapshot, after `taken` turns; 0: a run that begins, and has none. */
  static open(state: string, taken: number): History {
    const path = join(state, HISTORY)
    const { file, lines } = DurableLines.open(path, taken === 0 ? 0 : Infinity)
    try {
      const history = new History(readTurns(lines, path), file)
      if (history.turns.length < taken) throw new InvigilError('bad-state', `\`${path}\` has only ${history.turns.length} of ${taken} turns that the state was made by; restore it, or use another state folder`)
      history.at = taken
      return history
    } catch (e) {
      file.close()
      throw e
    }
  }

  /** Of a run that is to be repeated: nothing has been taken, and nothing is added. Its process may still be writing. */
  static async read(state: string): Promise<History> {
    const path = join(state, HISTORY)
    const text = await readFile(path, 'utf8').catch((e: NodeJS.ErrnoException) => {
      if (e.code === 'ENOENT') throw new InvigilError('not-found', `there is no \`${path}\`; name the state folder of the run that is to be repeated`)
      throw fileError(path, e)
    })
    const turns = readTurns(wholeLines(text), path)
    const [first] = turns
    if (first === undefined || first.kind !== 'start') throw new InvigilError('bad-state', `\`${path}\` does not tell how its run began`)
    if (first.records > 0) throw new InvigilError('bad-state', `\`${path}\` begins only after ${first.records} lines: the run was begun by an older version, and cannot be repeated`)
    return new History(turns, undefined)
  }

  /** Turns taken so far. */
  get taken(): number {
    return this.at
  }

  /** All that have been taken. */
  past(): readonly Turn[] {
    return this.turns.slice(0, this.at)
  }

  /** All that are to be taken again. */
  future(): readonly Turn[] {
    return this.turns.slice(this.at)
  }

  /** The one to be taken again; undefined where the rest is still open. */
  get next(): Turn | undefined {
    return this.turns[this.at]
  }

  /** Takes it. */
  repeat(): void {
    this.at++
  }

  /** Takes a turn that has not been taken before; none may be left to be taken again. */
  take(turn: Omit<Turn, 'format'>): void {
    const whole: Turn = { format: 1, ...turn }
    this.file?.append(JSON.stringify(whole))
    this.turns.push(whole)
    this.at = this.turns.length
  }

  /** What came next is not taken again: something else is to follow. */
  cut(): void {
    this.turns.length = this.at
    this.file?.cut(this.at)
  }

  close(): void {
    this.file?.close()
  }
}

function readTurns(lines: readonly string[], path: string): Turn[] {
  return lines.map((line, i) => {
    try {
      return turnSchema.parse(JSON.parse(line))
    } catch (cause) {
      throw new InvigilError('bad-state', `line ${i + 1} of \`${path}\` is of a format that this version does not know; restore it, or use another state folder`, { cause })
    }
  })
}
