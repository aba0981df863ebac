import { join } from 'node:path'
import { InvigilError } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import { DAY, formatTime } from '../../base/time.ts'
import { makeFolder, nameDurably, writeDurably } from '../durable-file.ts'
import { lockFolder, type FolderLock } from '../folder-lock.ts'
import { checkFiles, checkNew, lossOf } from './check.ts'
import { FileWriter } from './file-writer.ts'
import { newManifest, readManifest, writeManifest, type ContextFile, type Gap, type Manifest, type Origin, type RecordTopic } from './manifest.ts'
import type { KafkaRecord } from './record.ts'

const OWNED = { what: 'the archive', instead: 'name another folder with `--to`' }
/** A file that holds so much begins another; before compression. */
const MOST_BYTES = 1 << 28

/** How large files become; tests make many small ones. */
export interface WriterOptions {
  mostBytes?: number
}

/** A file that is being written. */
interface Open {
  topic: RecordTopic
  partition: number
  /** Since 1970. */
  day: number
  path: string
  writer: FileWriter
}

/**
 * Adds to an archive. INVARIANT (whole): the manifest names only files that are durable, and it is written last, so that a run that is
 * cut short leaves the archive as it was; what it wrote has the same names the next time.
 */
export class ArchiveWriter {
  private readonly dir: string
  private readonly lock: FolderLock
  private readonly mostBytes: number
  private readonly open = new Map<string, Open>()
  private committed: Manifest
  /** With what the next commit will name. */
  private next: Manifest

  private constructor(dir: string, lock: FolderLock, manifest: Manifest, { mostBytes = MOST_BYTES }: WriterOptions) {
    this.dir = dir
    this.lock = lock
    this.mostBytes = mostBytes
    this.committed = manifest
    this.next = structuredClone(manifest)
  }

  /** Takes the folder for this process. Throws `bad-state` while another has it or files are missing, and `usage` where it is something else, or an archive of something else. */
  static async open(dir: string, origin: Origin, options: WriterOptions = {}): Promise<ArchiveWriter> {
    const lock = await lockFolder(dir, OWNED)
    try {
      const manifest = await readManifest(dir)
      if (manifest) {
        checkOrigin(dir, manifest, origin)
        // Whoever archives every night is told at once, while the topics may still have what is lost.
        await checkFiles(dir, manifest, lossOf)
      } else await checkNew(dir)
      return new ArchiveWriter(dir, lock, manifest ?? newManifest(origin), options)
    } catch (e) {
      await lock.release()
      throw e
    }
  }

  /** As it was committed last. */
  get manifest(): Manifest {
    return this.committed
  }

  /** Adds the next record of a partition. Returns whether a file has become whole, so that a commit would save something. */
  async add(topic: RecordTopic, partition: number, record: KafkaRecord): Promise<boolean> {
    const key = `${topic}/${partition}`
    const day = Math.floor(record.stamp / DAY)
    const before = this.open.get(key)
    const isFull = before !== undefined && (before.day !== day || before.writer.size >= this.mostBytes)
    if (isFull) await this.finish(key, before)
    const file = this.open.get(key) ?? await this.begin(topic, partition, day, record.offset)
    await file.writer.add(record)
    return isFull
  }

  /** Notes that Kafka has deleted what would come next. */
  skip(gap: Gap): void {
    this.next.gaps.push(gap)
    this.reach(gap.topic, gap.partition, gap.to)
  }

  /** Adds a context, a catalogue or a file of a model (`name`: in the folder of its hash), unless the archive has it. */
  async addContext({ kind, hash, name }: Pick<ContextFile, 'kind' | 'hash'> & { name: string }, bytes: Buffer): Promise<void> {
    const path = `contexts/${name}`
    if (this.next.contexts.some((c) => c.kind === kind && c.hash === hash && (kind !== 'model' || c.path === path))) return
    await makeFolder(join(this.dir, 'contexts'))
    if (kind === 'model') await makeFolder(join(this.dir, 'contexts', hash))
    await writeDurably(join(this.dir, `${path}.part`), [bytes])
    await nameDurably(join(this.dir, `${path}.part`), join(this.dir, path))
    this.next.contexts.push({ path, bytes: bytes.length, sha256: sha256(bytes), kind, hash })
  }

  /** Makes what is in whole files part of the archive. */
  async commit(): Promise<void> {
    await writeManifest(this.dir, this.next)
    this.committed = structuredClone(this.next)
  }

  /** Finishes the files of a topic, which has been read up to these offsets. `mark`: the last one, of the marks. To be committed. */
  async reached(topic: RecordTopic, ends: readonly number[], mark = this.next.mark): Promise<void> {
    for (const [key, file] of this.open) if (file.topic === topic) await this.finish(key, file)
    ends.forEach((end, partition) => this.reach(topic, partition, end))
    this.next.mark = mark
  }

  /** Gives up what is not committed, and the folder. */
  async close(): Promise<void> {
    for (const { writer } of this.open.values()) await writer.abort()
    await this.lock.release()
  }

  private async begin(topic: RecordTopic, partition: number, day: number, first: number): Promise<Open> {
    const date = formatTime(day * DAY).slice(0, 10)
    const folder = topic === 'marks' ? 'marks' : `telemetry/${date}`
    await makeFolder(join(this.dir, topic))
    await makeFolder(join(this.dir, folder))
    const path = `${folder}/${topic === 'marks' ? date : partition}-${first}.gz`
    const file: Open = { topic, partition, day, path, writer: new FileWriter(join(this.dir, path)) }
    this.open.set(`${topic}/${partition}`, file)
    return file
  }

  private async finish(key: string, { topic, partition, path, writer }: Open): Promise<void> {
    const whole = await writer.finish()
    this.open.delete(key)
    const { first, last, records } = writer
    this.next.files.push({ path, ...whole, topic, partition, first, last, records })
    this.reach(topic, partition, last + 1)
  }

  private reach(topic: RecordTopic, partition: number, offset: number): void {
    const { reached } = this.next
    if (topic === 'marks') reached.marks = Math.max(reached.marks, offset)
    else reached.telemetry[partition] = Math.max(reached.telemetry[partition] as number, offset)
  }
}

function checkOrigin(dir: string, { cluster, prefix, topics, partitions }: Manifest, now: Origin): void {
  if (cluster !== now.cluster) throw new InvigilError('usage', `\`${dir}\` is an archive of the Kafka cluster \`${cluster}\`, and this is \`${now.cluster}\`; name another folder with \`--to\``)
  if (prefix !== now.prefix || topics.telemetry !== now.topics.telemetry || topics.marks !== now.topics.marks) {
    throw new InvigilError('usage', `\`${dir}\` is an archive of \`${topics.telemetry}\` and \`${topics.marks}\`, not of \`${now.topics.telemetry}\` and \`${now.topics.marks}\`; name another folder with \`--to\``)
  }
  if (partitions !== now.partitions) {
    throw new InvigilError('usage', `\`${dir}\` is an archive of ${partitions} partitions of \`${topics.telemetry}\`, which has ${now.partitions} by now: it was made anew; name another folder with \`--to\``)
  }
}
