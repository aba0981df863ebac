import { InvigilError } from '../../base/errors.ts'
import { unpackMark, type MarkRecord } from '../../engine/mark-record.ts'
import { OutputOrder, type Output } from '../../engine/output.ts'
import type { Rule } from '../../engine/rule.ts'
import { isFuture } from '../../engine/timekeeper.ts'
import { ArchiveReader, type PartitionReader } from '../../io/archive/reader.ts'
import { openGeo, type Geo } from '../../io/geo.ts'
import { OUTPUT_OF, OutputFolder, SUMMARY } from '../../io/output-folder.ts'
import { countOutput, newAccounts } from '../accounts.ts'
import { FUTURE_SAID, rejectOf, type KafkaReject } from '../kafka-rejects.ts'
import { lateRecord } from '../late.ts'
import type { Watcher } from '../options.ts'
import { summarise, type Summary } from '../summary.ts'
import { ArchivedContexts, type ArchivedContext, type ArchivedContextsOptions } from './contexts.ts'
import { archiveLocator } from './locator.ts'
import { PartitionDecoder } from './partition-decoder.ts'
import { ArchiveTasks, type MarkWork } from './tasks.ts'

export interface ArchiveRunOptions extends ArchivedContextsOptions {
  /** The folder that `invigil archive` wrote. */
  archive: string
  output: string
  /** GeoIP databases for records that do not say where their address is; without any, the ones installed with Invigil. */
  geo?: readonly string[]
  /** Into how many tasks each recorded partition is split; the results are the same. */
  partitions?: number
  watch?: Pick<Watcher, 'progress' | 'warning'>
}

/**
 * Runs over an archive: under the marks and contexts that were recorded, with no timekeeper of its own, so that it gives what the
 * cluster gave. Of the log, only what the marks hold is in memory. Returns the rules of the last context, too.
 */
export async function runArchive(options: ArchiveRunOptions): Promise<{ summary: Summary; rules: readonly Rule[] }> {
  const archive = await ArchiveReader.open(options.archive)
  const { gaps, mark } = archive.manifest
  const [gap] = gaps
  if (gap) throw new InvigilError('bad-state', `the archive lacks the offsets ${gap.from} to ${gap.to - 1} of partition ${gap.partition} of \`${archive.manifest.topics[gap.topic]}\`, so that warnings cannot be repeated; what can be done with its events: docs/operations.md`)
  if (mark === 0) throw new InvigilError('bad-input', `there is no mark in \`${options.archive}\` yet: nothing has been judged`)
  const contexts = await ArchivedContexts.open(archive, options)
  const run = new ArchiveRun(options, archive, contexts, await openGeo(options.geo))
  try {
    return await run.all()
  } finally {
    await run.close()
  }
}

class ArchiveRun {
  private readonly options: ArchiveRunOptions
  private readonly archive: ArchiveReader
  private readonly contexts: ArchivedContexts
  private readonly outputs: OutputFolder
  private readonly order = new OutputOrder()
  private readonly accounts = newAccounts()
  private readonly span = { first: Infinity, last: -Infinity }
  private readonly marks: PartitionReader
  private readonly readers: readonly PartitionReader[]
  private readonly decoders: readonly PartitionDecoder[]
  private tasks: ArchiveTasks | undefined
  private context: ArchivedContext | undefined
  private readonly inForce: { hash: string; from: number }[] = []
  private readonly faults: unknown[] = []
  private mark = 0
  private readonly output = (o: Output): void => this.write(o)

  constructor(options: ArchiveRunOptions, archive: ArchiveReader, contexts: ArchivedContexts, geo: Geo) {
    const { partitions, topics } = archive.manifest
    this.options = options
    this.archive = archive
    this.contexts = contexts
    this.outputs = new OutputFolder(options.output)
    const numbers = Array.from({ length: partitions }, (_, p) => p)
    this.marks = archive.records('marks', 0)
    this.readers = numbers.map((p) => archive.records('telemetry', p))
    const locate = archiveLocator(geo, () => this.context as ArchivedContext)
    this.decoders = numbers.map((p) => new PartitionDecoder({
      locate,
      event: (offset, held) => {
        if (!isFuture(held)) {
          if (held.time < this.span.first) this.span.first = held.time
          if (held.time > this.span.last) this.span.last = held.time
        }
        ;(this.tasks as ArchiveTasks).take(p, offset, held)
      },
      rejectOf: ({ offset, stamp, value }, fault) => rejectOf({ topic: topics.telemetry, partition: p, offset: String(offset), value, timestamp: String(stamp) }, fault, 1),
    }))
  }

  async all(): Promise<{ summary: Summary; rules: readonly Rule[] }> {
    const { archive, accounts, marks } = this
    for (let at = await marks.next(); at !== undefined; at = await marks.next()) {
      await this.handle(unpackMark(at.bytes.subarray(at.start, at.end)))
      this.options.watch?.progress?.(this.readers.reduce((n, r) => n + r.read, marks.read), archive.size, accounts)
    }
    if (this.mark !== archive.manifest.mark) throw new InvigilError('bad-state', `the archive ends with mark ${this.mark}, though it should have ${archive.manifest.mark}`)
    for (const output of this.tasks?.tellRecords() ?? []) this.order.push(output)
    this.order.drain(Infinity, this.output)
    const context = this.context as ArchivedContext
    const summary = summarise({
      stages: this.tasks as ArchiveTasks, context, accounts, files: [archive.dir], finished: true, problems: [], span: this.span,
      archive: { partitions: archive.manifest.partitions, marks: this.mark, contexts: this.inForce },
    })
    summary.faults = [...this.faults, ...summary.faults]
    this.outputs.flush()
    this.outputs.replace(SUMMARY, `${JSON.stringify(summary, null, 2)}\n`)
    return { summary, rules: context.bundle.rules }
  }

  async close(): Promise<void> {
    await Promise.all([this.marks, ...this.readers].map((r) => r.close()))
    this.outputs.close()
  }

  private async handle(record: MarkRecord): Promise<void> {
    const { mark, offsets } = record
    if (mark.number !== this.mark + 1) throw new InvigilError('bad-state', `after mark ${this.mark} comes mark ${mark.number} in the archive`)
    this.mark = mark.number
    if (mark.context !== this.context?.hash) await this.change(mark.context)
    await Promise.all(this.readers.map((reader, p) => {
      const end = offsets[p] ?? 0
      if (end > (this.archive.manifest.reached.telemetry[p] as number)) throw new InvigilError('bad-state', `mark ${mark.number} covers more of partition ${p} than the archive has`)
      const decoder = this.decoders[p] as PartitionDecoder
      return reader.readTo(end, (at) => {
        this.accounts.lines++
        decoder.take(at)
      })
    }))
    this.tell((this.tasks as ArchiveTasks).handle(record))
    this.order.drain(mark.resource, this.output)
  }

  private async change(hash: string): Promise<void> {
    if (this.context) this.faults.push(...this.context.bundle.faults.list())
    this.context = await this.contexts.setupOf(hash)
    this.inForce.push({ hash, from: this.mark })
    const { setup } = this.context
    if (this.tasks) this.tasks.renew(setup)
    else this.tasks = new ArchiveTasks(setup, this.archive.manifest.partitions, this.options.partitions ?? 1)
  }

  private tell({ outputs, late, future, events }: MarkWork): void {
    const { accounts } = this
    const { telemetry: topic } = this.archive.manifest.topics
    for (const output of outputs) {
      this.options.watch?.warning?.(output)
      this.order.push(output)
    }
    accounts.events += events - future.length
    accounts.late += late.length
    for (const { partition, late: l } of late) this.outputs.write('late', lateRecord(l, { topic, partition, offset: l.offset as number }))
    const rejects = future.map(({ partition, offset, event }) => rejectOf(
      { topic, partition, offset: String(offset), value: Buffer.from(event.raw), timestamp: String(event.stamp ?? '') }, { reason: 'future', message: FUTURE_SAID }, 1))
    for (const decoder of this.decoders) for (const reject of decoder.rejects.splice(0)) rejects.push(reject)
    for (const reject of rejects.sort((a, b) => a.partition - b.partition || a.offset - b.offset)) this.reject(reject)
  }

  private reject(reject: KafkaReject): void {
    this.accounts.rejected[reject.reason] = (this.accounts.rejected[reject.reason] ?? 0) + 1
    this.outputs.write('rejects', reject)
  }

  private write(output: Output): void {
    countOutput(this.accounts, output)
    this.outputs.write(OUTPUT_OF[output.kind], output.value)
  }
}
