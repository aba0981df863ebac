import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InvigilError } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import { unpackMark } from '../../engine/mark-record.ts'
import { isFuture } from '../../engine/timekeeper.ts'
import { MANIFEST } from '../../io/archive/manifest.ts'
import { ArchiveReader } from '../../io/archive/reader.ts'
import { openGeo } from '../../io/geo.ts'
import type { Event } from '../../telemetry/event.ts'
import { ArchivedContexts, type ArchivedContext, type ArchivedContextsOptions } from '../archive/contexts.ts'
import { archiveLocator } from '../archive/locator.ts'
import { PartitionDecoder } from '../archive/partition-decoder.ts'
import { rejectOf } from '../kafka-rejects.ts'
import type { Feed, FeedContext, Input, Taker } from './feed.ts'

export interface ArchiveFeedOptions extends ArchivedContextsOptions {
  /** The folder that `invigil archive` wrote. */
  archive: string
  geo?: readonly string[]
}

/** A run over Kafka as it was recorded: the marks and contexts of then. */
export class ArchiveFeed implements Feed {
  readonly source = { kind: 'archive' as const, format: 'canonical' as const }
  readonly locate: (event: Event) => void
  readonly problems: readonly string[] = []
  private readonly archive: ArchiveReader
  private readonly contexts: ArchivedContexts
  private context: ArchivedContext | undefined

  static async open(options: ArchiveFeedOptions): Promise<ArchiveFeed> {
    const archive = await ArchiveReader.open(options.archive)
    const { gaps: [gap], mark } = archive.manifest
    if (gap) throw new InvigilError('bad-state', `the archive lacks the offsets ${gap.from} to ${gap.to - 1} of partition ${gap.partition} of \`${archive.manifest.topics[gap.topic]}\`, so that warnings cannot be repeated`)
    if (mark === 0) throw new InvigilError('bad-input', `there is no mark in \`${options.archive}\` yet: nothing has been judged`)
    const geo = await openGeo(options.geo)
    return new ArchiveFeed(archive, await ArchivedContexts.open(archive, options), geo)
  }

  private constructor(archive: ArchiveReader, contexts: ArchivedContexts, geo: Awaited<ReturnType<typeof openGeo>>) {
    this.archive = archive
    this.contexts = contexts
    this.locate = archiveLocator(geo, () => this.context as ArchivedContext)
  }

  async inputs(): Promise<Input[]> {
    // The manifest names every file with its digest.
    const bytes = await readFile(join(this.archive.dir, MANIFEST))
    return [{ name: MANIFEST, bytes: bytes.length, sha256: sha256(bytes) }]
  }

  async read(taker: Taker, progress?: (read: number, size: number) => void): Promise<void> {
    const { partitions, topics } = this.archive.manifest
    const numbers = Array.from({ length: partitions }, (_, p) => p)
    const marks = this.archive.records('marks', 0)
    const readers = numbers.map((p) => this.archive.records('telemetry', p))
    const decoders = numbers.map((p) => new PartitionDecoder({
      locate: (event) => {
        const written = event.ip
        this.locate(event)
        if (written !== undefined) taker.located?.(written, event)
      },
      event: (_, held) => (isFuture(held) ? held.drop() : taker.event(held)),
      rejectOf: ({ offset, stamp, value }, fault) => rejectOf({ topic: topics.telemetry, partition: p, offset: String(offset), value, timestamp: String(stamp) }, fault, 1),
    }))
    this.context = undefined
    let context: FeedContext | undefined
    try {
      for (let at = await marks.next(); at !== undefined; at = await marks.next()) {
        const { mark, offsets } = unpackMark(at.bytes.subarray(at.start, at.end))
        if (context === undefined || mark.context !== this.context?.hash) {
          this.context = await this.contexts.setupOf(mark.context)
          const { record, setup, bundle, folders } = this.context
          context = { record, setup, bundle, models: folders }
        }
        for (const [p, reader] of readers.entries()) {
          const decoder = decoders[p] as PartitionDecoder
          await reader.readTo(offsets[p] ?? 0, (record) => decoder.take(record))
          decoder.rejects.length = 0
        }
        progress?.(readers.reduce((n, r) => n + r.read, marks.read), this.archive.size)
        if (!taker.mark(mark, context)) return
      }
    } finally {
      await Promise.all([marks, ...readers].map((r) => r.close()))
    }
  }
}
