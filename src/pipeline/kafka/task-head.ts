import { z } from 'zod'
import { InvigilError } from '../../base/errors.ts'

/** What a snapshot of a task is besides its keys. Plain data. */
export interface TaskHead {
  task: string
  version: string
  context: string
  /** Q: the mark that it was taken at. */
  mark: number
  /** S: the offset of the first record that a new owner reads. */
  from: number
  /** Where the marks after Q begin in their topic. */
  marksFrom: number
  state: unknown
}

const taskPosition = z.object({
  /** O: the last mark whose outputs are out. */
  o: z.int().min(0),
  /** Q: the mark of the snapshot that the offset belongs to; 0 for none. */
  q: z.int().min(0),
  /** The snapshot's base; empty for none. */
  m: z.string(),
  /** The context and the version that the task works under. */
  c: z.string(),
  v: z.string(),
})
/** What the metadata of a task's offset says, as JSON. */
export type TaskPosition = z.infer<typeof taskPosition>

/** Reads the metadata of a task's offset; `bad-state` where somebody else wrote it. */
export function readTaskPosition(metadata: string): TaskPosition {
  try {
    return taskPosition.parse(JSON.parse(metadata))
  } catch (cause) {
    throw new InvigilError('bad-state', `the offset of a task says \`${metadata.slice(0, 100)}\`, which Invigil did not write; whoever moved it must say which marks are out`, { cause })
  }
}
