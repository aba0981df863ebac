import { isMoodleHeader } from '../../../telemetry/moodle.ts'
import { createDecoder, type DecodeSink } from '../../../telemetry/decode.ts'
import { STRANGE } from '../../../telemetry/rejects.ts'
import { readHead } from './head.ts'

const FEW = 200

/** Whether most records at a log's beginning are of a format that is known, and some can be taken: if not, it needs a mapping. */
export async function isKnownFormat(log: string): Promise<boolean> {
  const { format, rows, lines, columns } = await readHead(log)
  // Without any record there is nothing to map.
  if (rows.length === 0 && lines.every((l) => l.trim() === '')) return true
  if (format === 'csv' && isMoodleHeader(columns)) return true
  return areKnown(lines.slice(0, FEW)) || (format === 'json' && areKnown(rows.slice(0, FEW).map((row) => JSON.stringify(row))))
}

function areKnown(records: readonly string[]): boolean {
  // Which platform it is of may be said besides.
  const decoder = createDecoder({ format: 'auto', platform: 'p1' })
  let [known, all] = [0, 0]
  let isTaken = false
  const count = (is: boolean): void => {
    all++
    if (is) known++
  }
  const sink: DecodeSink = {
    event: (held) => {
      held.drop()
      isTaken = true
      count(true)
    },
    ignored: () => {
      isTaken = true
      count(true)
    },
    reject: (reason) => count(!STRANGE.has(reason)),
  }
  for (const record of records) decoder.decode(sink, Buffer.from(record))
  return isTaken && known >= all / 2
}
