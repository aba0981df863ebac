import { isMoodleHeader } from '../../../telemetry/moodle.ts'
import { createDecoder, type DecodeSink } from '../../../telemetry/decode.ts'
import type { RejectReason } from '../../../telemetry/rejects.ts'
import { readHead } from './head.ts'

/** Reasons of rejects of what is no record of a format; a known record may lack something all the same. */
const STRANGE: ReadonlySet<RejectReason> = new Set<RejectReason>(['unknown-format', 'bad-json', 'not-an-object'])
const FEW = 200

/** Whether most records at a log's beginning are of a format that is known: if not, it needs a mapping. */
export async function isKnownFormat(log: string): Promise<boolean> {
  const { format, rows, lines, columns } = await readHead(log)
  // Without any record there is nothing to map.
  if (rows.length === 0 && lines.every((l) => l.trim() === '')) return true
  if (format === 'csv' && isMoodleHeader(columns)) return true
  return areKnown(lines.slice(0, FEW)) || (format === 'json' && areKnown(rows.slice(0, FEW).map((row) => JSON.stringify(row))))
}

function areKnown(records: readonly string[]): boolean {
  const decoder = createDecoder({ format: 'auto' })
  let [known, all] = [0, 0]
  const count = (is: boolean): void => {
    all++
    if (is) known++
  }
  const sink: DecodeSink = {
    event: (held) => {
      held.drop()
      count(true)
    },
    ignored: () => count(true),
    reject: (reason) => count(!STRANGE.has(reason)),
  }
  for (const record of records) decoder.decode(sink, Buffer.from(record))
  return all > 0 && known >= all / 2
}
