import { InvigilError } from '../../base/errors.ts'
import { SECOND, type Ms } from '../../base/time.ts'
import { unpackMark } from '../../engine/mark-record.ts'
import type { Gap, Manifest, RecordTopic } from '../../io/archive/manifest.ts'
import type { KafkaRecord } from '../../io/archive/record.ts'
import { ArchiveWriter, type WriterOptions } from '../../io/archive/writer.ts'
import type { IHeaders, KafkaClient, KafkaMessage } from '../../io/kafka/client.ts'
import { logRanges, type LogRange } from '../../io/kafka/offsets.ts'
import { readRanges } from '../../io/kafka/read-range.ts'
import { ContextArchiver, type LackingPart, type PartSources } from './archive-contexts.ts'

export interface ArchiveOptions extends WriterOptions {
  client: KafkaClient
  /** As `config.group` says it; the readers get groups of their own. */
  group: string
  /** The folder. */
  to: string
  sources: PartSources
  /** Go on where Kafka has deleted records that the archive lacks, and note that they are missing. */
  acceptGap?: boolean
  /** How often whole files are committed while a long log is archived. */
  commitEvery?: Ms
}

/** What one run added, and what the archive is then. */
export interface ArchiveReport {
  telemetry: number
  marks: number
  manifest: Manifest
  lacking: LackingPart[]
}

const COMMIT_EVERY = 10 * SECOND

/**
 * Adds to an archive what the topics hold by now. INVARIANT (covered): the marks' end is asked for before that of the telemetry, and
 * they are committed after it, so that the archive has everything that its marks cover.
 */
export async function archive(options: ArchiveOptions): Promise<ArchiveReport> {
  const { client, to } = options
  const topics = { telemetry: client.topic('telemetry'), marks: client.topic('marks') }
  const marks = await client.withAdmin((admin) => logRanges(admin, topics.marks), { topic: topics.marks })
  const telemetry = await client.withAdmin((admin) => logRanges(admin, topics.telemetry), { topic: topics.telemetry })
  const { clusterId } = await client.withAdmin((admin) => admin.describeCluster())
  const writer = await ArchiveWriter.open(to, { cluster: clusterId, prefix: client.config.prefix, topics, partitions: telemetry.length }, options)
  try {
    return await new Archiving(options, writer, topics).all({ telemetry, marks })
  } finally {
    await writer.close()
  }
}

class Archiving {
  private readonly options: ArchiveOptions
  private readonly writer: ArchiveWriter
  private readonly topics: Readonly<Record<RecordTopic, string>>
  private committedAt = Date.now()

  constructor(options: ArchiveOptions, writer: ArchiveWriter, topics: Readonly<Record<RecordTopic, string>>) {
    this.options = options
    this.writer = writer
    this.topics = topics
  }

  async all(logs: Readonly<Record<RecordTopic, readonly LogRange[]>>): Promise<ArchiveReport> {
    const { client, group, sources } = this.options
    const ranges = { telemetry: this.rest('telemetry', logs.telemetry), marks: this.rest('marks', logs.marks) }
    const telemetry = await this.readTelemetry(ranges.telemetry)
    const { marks, last, named } = await this.readMarks(ranges.marks)
    const contexts = await ContextArchiver.open(client, group, this.writer, sources)
    const lacking = await contexts.add(named)
    await this.writer.reached('marks', ranges.marks.map((r) => r.end), last)
    await this.commit('marks', ranges.marks)
    return { telemetry, marks, manifest: this.writer.manifest, lacking }
  }

  /** What of a log is still to be archived. Throws `bad-state` where some of it is gone, or the log is another one. */
  private rest(topic: RecordTopic, ranges: readonly LogRange[]): LogRange[] {
    const { reached } = this.writer.manifest
    return ranges.map(({ start, end }, partition) => {
      const from = topic === 'marks' ? reached.marks : reached.telemetry[partition] as number
      if (from > end) throw new InvigilError('bad-state', `the archive has \`${this.topics[topic]}\` up to offset ${from} of partition ${partition}, but the log ends at ${end}: it was made anew; name another folder with \`--to\``)
      if (start <= from) return { start: from, end }
      this.gap({ topic, partition, from, to: start })
      return { start, end }
    })
  }

  private gap(gap: Gap): void {
    const { topic, partition, from, to } = gap
    if (this.options.acceptGap !== true) {
      const begun = from === 0 ? 'the log no longer has its beginning' : 'they were deleted before they were archived'
      throw new InvigilError('bad-state', `\`${this.topics[topic]}\` lacks the offsets ${from} to ${to - 1} of partition ${partition}: ${begun}; \`--accept-gap\` archives what is left, from which warnings cannot be repeated`)
    }
    this.writer.skip(gap)
  }

  private async readTelemetry(ranges: readonly LogRange[]): Promise<number> {
    const { client, group, commitEvery = COMMIT_EVERY } = this.options
    let records = 0
    await readRanges(client, { topic: this.topics.telemetry, ranges, group }, async (partition, message) => {
      const isWhole = await this.writer.add('telemetry', partition, recordOf(message))
      records++
      if (isWhole && Date.now() - this.committedAt >= commitEvery) await this.commit('telemetry', ranges)
    })
    await this.writer.reached('telemetry', ranges.map((r) => r.end))
    await this.commit('telemetry', ranges)
    return records
  }

  private async readMarks(ranges: readonly LogRange[]): Promise<{ marks: number; last: number; named: Set<string> }> {
    const { client, group } = this.options
    const named = new Set<string>()
    let last = this.writer.manifest.mark
    let marks = 0
    // Where the first marks are missing, any may be the first.
    let isFirst = ranges.some((r) => r.start > this.writer.manifest.reached.marks)
    await readRanges(client, { topic: this.topics.marks, ranges, group }, async (partition, message) => {
      const { number, context } = unpackMark(message.value ?? Buffer.alloc(0)).mark
      if (number !== last + 1 && !isFirst) throw new InvigilError('bad-state', `after mark ${last} comes mark ${number} in \`${this.topics.marks}\`: it was made anew, or two groups have written it; name another folder with \`--to\``)
      isFirst = false
      last = number
      marks++
      named.add(context)
      await this.writer.add('marks', partition, recordOf(message))
    })
    return { marks, last, named }
  }

  /** INVARIANT (no jump): nothing is committed of what Kafka may have deleted while it was read, since a reader would have gone on behind it without a word. */
  private async commit(topic: RecordTopic, ranges: readonly LogRange[]): Promise<void> {
    const { reached } = this.writer.manifest
    const now = await this.options.client.withAdmin((admin) => logRanges(admin, this.topics[topic]))
    ranges.forEach(({ start, end }, p) => {
      const from = Math.max(start, topic === 'marks' ? reached.marks : reached.telemetry[p] as number)
      const begins = now[p]?.start ?? 0
      if (from < end && begins > from) throw new InvigilError('bad-state', `records of \`${this.topics[topic]}\` were deleted while they were archived: partition ${p} begins at offset ${begins} by now, not before ${from}; nothing of them was kept: archive again, and earlier than its retention ends`)
    })
    await this.writer.commit()
    this.committedAt = Date.now()
  }
}

function recordOf({ offset, timestamp, key, value, headers }: KafkaMessage): KafkaRecord {
  return { offset: Number(offset), stamp: Number(timestamp), key: key ?? null, value, headers: headersOf(headers) }
}

function headersOf(headers: IHeaders | undefined): [string, Buffer][] {
  const all: [string, Buffer][] = []
  for (const name in headers) for (const value of [headers[name] ?? []].flat()) all.push([name, Buffer.isBuffer(value) ? value : Buffer.from(value)])
  return all
}
