import { InvigilError, type Problem } from '../../../base/errors.ts'
import { sha256 } from '../../../base/hash.ts'
import { buildEvent } from '../../../telemetry/build.ts'
import { loadMapping } from '../../../telemetry/mapping/load.ts'
import { Mapping } from '../../../telemetry/mapping/mapping.ts'
import type { MappingFile } from '../../../telemetry/mapping/schema.ts'
import type { Fault } from '../../../telemetry/rejects.ts'
import { columnsOf } from './columns.ts'
import { guessFields } from './guess.ts'
import { readHead, type Head } from './head.ts'
import { writeMapping } from './write-mapping.ts'

/** The draft of a mapping, what is left to say, and what the first records of the log become by it. */
export interface InferredMapping {
  text: string
  /** What it leaves open, in words. */
  left: string[]
  /** What keeps it from being used. */
  problems: readonly Problem[]
  records: number
  events: number
  ignored: number
  /** By reason and message, with how many records. */
  rejected: { fault: Fault; count: number }[]
}

const MOST_FAULTS = 10
/** Whose platform is still to be said must not hide all else that is wrong. */
const STAND_IN = 'p1'

/** Drafts a mapping from the first records of a table or of JSON. Throws `bad-input` where there is none. */
export async function inferMapping(log: string, platform: string | undefined): Promise<InferredMapping> {
  const head = await readHead(log)
  const columns = columnsOf(head)
  if (head.rows.length === 0 || columns.length === 0) throw new InvigilError('bad-input', `there is no record in \`${log}\` to draft a mapping from`)
  const { text, left } = writeMapping(head, columns, guessFields(columns), platform)
  const loaded = load(text)
  if (!('file' in loaded)) return { text, left, problems: loaded.problems, records: head.rows.length, events: 0, ignored: 0, rejected: [] }
  return { text, left, problems: [], ...tryOut(loaded.file, head, platform) }
}

function load(text: string): { file: MappingFile } | { problems: readonly Problem[] } {
  try {
    return { file: loadMapping(text, 'invigil.mapping.yaml') }
  } catch (e) {
    if (e instanceof InvigilError && e.code === 'bad-mapping') return { problems: e.problems }
    throw e
  }
}

/** What the first records become. */
function tryOut(file: MappingFile, { rows }: Head, platform = STAND_IN): Pick<InferredMapping, 'records' | 'events' | 'ignored' | 'rejected'> {
  const mapping = new Mapping(file, new Map())
  const faults = new Map<string, { fault: Fault; count: number }>()
  let [events, ignored] = [0, 0]
  for (const row of rows) {
    const raw = JSON.stringify(row)
    for (const mapped of mapping.map(row, platform, () => sha256(raw).slice(0, 32))) {
      const outcome = mapped.kind === 'event' ? buildEvent(mapped.fields, raw) : mapped
      if ('reason' in outcome) {
        const message = outcome.message.replace(/: `[^`]*`(?= |$)/, '')
        const known = faults.get(message)
        if (known) known.count++
        else if (faults.size < MOST_FAULTS) faults.set(message, { fault: { reason: outcome.reason, message: outcome.message }, count: 1 })
      } else if (mapped.kind === 'ignored') ignored++
      else events++
    }
  }
  return { records: rows.length, events, ignored, rejected: [...faults.values()].sort((a, b) => b.count - a.count) }
}
