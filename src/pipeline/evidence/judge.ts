import { compareText } from '../../base/order.ts'
import { createDecoder, type Decoder } from '../../telemetry/decode.ts'
import type { Held } from '../../telemetry/held.ts'
import { createTelemetryDecoder } from '../../telemetry/wire.ts'
import type { Warning } from '../../warnings/warning.ts'
import { locator, type openContexts } from './contexts.ts'
import { BadPart, type Evidence, type LocatedAddress } from './evidence.ts'
import { Rerun } from './rerun.ts'

/** Reads the events of evidence, each from its record. Throws `BadPart` for a record that is none. */
export class EvidenceDecoder {
  private readonly own: Decoder
  private readonly wire: Decoder
  private held: Held | undefined
  private why: string | undefined
  private readonly sink = {
    event: (held: Held) => void (this.held = held),
    reject: (_: string, message: string) => void (this.why = message),
    ignored: (verb: string) => void (this.why = `\`${verb}\` is not used`),
  }

  constructor({ about, places }: Pick<Evidence, 'about' | 'places'>) {
    const locate = locator(places satisfies readonly LocatedAddress[])
    const { kind, format, platform } = about.source
    this.wire = createTelemetryDecoder(locate)
    this.own = kind === 'archive' ? this.wire : createDecoder({ format, platform })
  }

  /** The event of the record that stands in line `n` (from 0) of events.ndjson. */
  event(record: string, n: number): Held {
    return this.read(this.own, record, `events.ndjson:${n + 1}`)
  }

  /** Of others.ndjson. */
  other(record: string, n: number): Held {
    return this.read(this.wire, record, `others.ndjson:${n + 1}`)
  }

  private read(decoder: Decoder, record: string, where: string): Held {
    this.held = this.why = undefined
    decoder.decode(this.sink, Buffer.from(record))
    const held = this.held as Held | undefined
    if (held === undefined) throw new BadPart(`\`${where}\` is no event: ${(this.why as string | undefined) ?? 'it is blank'}`)
    // None that was ahead of its record's stamp is evidence; the stamps themselves are not kept.
    held.stamp = held.time
    return held
  }
}

/** Judges the events of evidence under its marks and contexts; returns the revisions of its warning that come out, in the order in which they are written. */
export function judge(evidence: Evidence, contexts: Awaited<ReturnType<typeof openContexts>>): Warning[] {
  const { about, events, others, marks } = evidence
  const revisions: Warning[] = []
  const rerun = new Rerun({ warning: (w) => { if (w.id === about.warning) revisions.push(w) } })
  const decoder = new EvidenceDecoder(evidence)
  let [own, other, last] = [0, 0, 0]
  for (const m of marks) {
    if (m.mark.number <= last) throw new BadPart(`mark ${m.mark.number} stands after mark ${last} in \`marks.ndjson\``)
    last = m.mark.number
    const context = contexts.get(m.mark.context)
    if (context === undefined) throw new BadPart(`mark ${last} names the context \`${m.mark.context}\`, which is missing`)
    for (; own < m.events; own++) rerun.take(decoder.event(recordAt(events, own, 'events.ndjson'), own))
    for (; other < m.others; other++) rerun.take(decoder.other(recordAt(others, other, 'others.ndjson'), other))
    rerun.handle(m.mark, context.setup)
  }
  return inOrder(revisions)
}

function recordAt(records: readonly string[], n: number, file: string): string {
  const record = records[n]
  if (record === undefined) throw new BadPart(`the marks cover more than the ${records.length} lines of \`${file}\``)
  return record
}

/** Revisions of one warning in the order in which they are written. */
export function inOrder(revisions: readonly Warning[]): Warning[] {
  return [...revisions].sort((a, b) => compareText(a.raised, b.raised) || a.revision - b.revision || compareText(JSON.stringify(a), JSON.stringify(b)))
}
