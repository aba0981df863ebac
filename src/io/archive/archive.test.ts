import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { sha256 } from '../../base/hash.ts'
import { temporary } from '../../testing/runs.ts'
import { FileWriter } from './file-writer.ts'
import { writeManifest, type Origin, type RecordFile } from './manifest.ts'
import { ArchiveReader } from './reader.ts'
import { encodeRecord, RecordParser, type KafkaRecord } from './record.ts'
import { ArchiveWriter } from './writer.ts'

const root = temporary()
const ORIGIN: Origin = { cluster: 'c', prefix: 'p.', topics: { telemetry: 'p.telemetry', marks: 'p.marks' }, partitions: 2 }
const DAY = 86_400_000
const NOON = Date.UTC(2026, 10, 28, 12)

let dirs = 0
const fresh = (): string => join(root, `archive${dirs++}`)
const record = (offset: number, value: Buffer | null, stamp = NOON): KafkaRecord => ({ offset, stamp, key: Buffer.from('k'), headers: [['h', Buffer.from([0xff])], ['h', Buffer.from('x')]], value })

async function records(dir: string, partition = 0): Promise<string[]> {
  const found: string[] = []
  await (await ArchiveReader.open(dir)).records('telemetry', partition).readTo(Infinity, (at) => void found.push(`${at.offset} ${at.isNull ? 'null' : at.bytes.toString('latin1', at.start, at.end)}`))
  return found
}

test('a record is what it was, in whatever pieces its file is read', () => {
  const all = [record(3, Buffer.from('{"a":"\n"}')), record(4, null), record(7, Buffer.alloc(0)), record(8, Buffer.from([0xff, 10, 0])), { ...record(9, Buffer.from('x')), key: null, headers: [] }]
  const bytes = Buffer.concat(all.map(encodeRecord))
  for (let size = 1; size <= bytes.length; size++) {
    const parser = new RecordParser()
    const found: unknown[] = []
    for (let at = 0; at < bytes.length; at += size) {
      parser.push(bytes.subarray(at, at + size))
      while (parser.next()) found.push([parser.offset, parser.stamp, parser.isNull ? null : Buffer.from(parser.bytes.subarray(parser.start, parser.end))])
    }
    expect(found).toEqual(all.map((r) => [r.offset, r.stamp, r.value]))
    expect(parser.hasRest).toBe(false)
  }
  expect(bytes.toString('latin1').split('\n')[0]).toBe(`{"offset":3,"stamp":${NOON},"bytes":9,"key":"k","headers":[["h",{"base64":"/w=="}],["h","x"]]}`)
})

test.each([
  ['no JSON', 'x\n', 'a record in it does not say what it is'],
  ['other JSON', '{"offset":1}\nx\n', 'a record in it does not say what it is'],
  ['nothing', 'null\nx\n', 'a record in it does not say what it is'],
  ['no number', '{"offset":1,"stamp":x,"bytes":1}\nx\n', 'a record in it does not say what it is'],
  ['no length', '{"offset":1,"stamp":2,"bytes":"n"}\nx\n', 'a record in it does not say what it is'],
  ['a wrong length', '{"offset":1,"stamp":2,"bytes":1}\nxyz\n', 'its record 1 is longer than it says'],
])('%s is no record', (_, text, message) => {
  const parser = new RecordParser()
  parser.push(Buffer.from(text))
  expect(() => parser.next()).toThrow(message)
})

test('a folder that holds something else is not made an archive; one that was just begun is', async () => {
  const dir = fresh()
  mkdirSync(join(dir, 'telemetry'), { recursive: true })
  writeFileSync(join(dir, 'notes.txt'), '')
  await expect(ArchiveWriter.open(dir, ORIGIN)).rejects.toMatchObject({ code: 'usage', message: `\`${dir}\` is no archive, and not empty (\`notes.txt\`); name an archive, or a folder of its own` })
  expect(readdirSync(dir).sort()).toEqual(['notes.txt', 'telemetry'])
  rmSync(join(dir, 'notes.txt'))
  await (await ArchiveWriter.open(dir, ORIGIN)).close()
})

test('files that are missing or cut off are told by who adds to the archive, too', async () => {
  const dir = fresh()
  const first = await ArchiveWriter.open(dir, ORIGIN)
  await first.add('telemetry', 0, record(0, Buffer.from('a')))
  await first.add('telemetry', 1, record(0, Buffer.from('b')))
  await first.reached('telemetry', [1, 1])
  await first.commit()
  const [one, two] = first.manifest.files.map((f) => join(dir, f.path)) as [string, string]
  await first.close()
  rmSync(one)
  writeFileSync(two, 'x')
  await expect(ArchiveWriter.open(dir, ORIGIN)).rejects.toMatchObject({
    code: 'bad-state', message: '2 files of the archive are missing or damaged; restore from a copy',
    problems: [{ file: one, message: 'it is missing' }, { file: two, message: expect.stringMatching(/^it has 1 bytes, not \d+$/) as string }],
  })
})

test('what is not committed is not part of the archive, and is written again', async () => {
  const dir = fresh()
  const first = await ArchiveWriter.open(dir, ORIGIN)
  await first.add('telemetry', 0, record(0, Buffer.from('a')))
  await first.reached('telemetry', [1, 0])
  await first.commit()
  await first.add('telemetry', 0, record(1, Buffer.from('b')))
  await first.reached('telemetry', [2, 0])
  await first.add('telemetry', 1, record(0, Buffer.from('c')))
  await first.close()
  expect(await records(dir)).toEqual(['0 a'])
  // The one that was under way has left nothing.
  expect(readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.part'))).toEqual([])

  const second = await ArchiveWriter.open(dir, ORIGIN)
  expect(second.manifest.reached.telemetry).toEqual([1, 0])
  for (const value of ['b', 'd']) await second.add('telemetry', 0, record(value === 'b' ? 1 : 2, Buffer.from(value)))
  await second.reached('telemetry', [3, 0])
  await second.commit()
  await second.close()
  expect(await records(dir)).toEqual(['0 a', '1 b', '2 d'])
})

test('a file is of one day and of one size, also where the clock goes back', async () => {
  const dir = fresh()
  const writer = await ArchiveWriter.open(dir, ORIGIN, { mostBytes: 200 })
  const whole: boolean[] = []
  for (const [offset, stamp] of [NOON, NOON + DAY, NOON, NOON, NOON, NOON].entries()) whole.push(await writer.add('telemetry', 1, record(offset, Buffer.alloc(30, 'v'), stamp)))
  expect(whole).toEqual([false, true, true, false, true, false])
  await writer.reached('telemetry', [0, 6])
  await writer.commit()
  await writer.close()
  expect(writer.manifest.files.map((f) => f.path)).toEqual(['telemetry/2026-11-28/1-0.gz', 'telemetry/2026-11-29/1-1.gz', 'telemetry/2026-11-28/1-2.gz', 'telemetry/2026-11-28/1-4.gz'])
  expect((await records(dir, 1)).map((r) => r.split(' ')[0])).toEqual(['0', '1', '2', '3', '4', '5'])
  expect(gunzipSync(readFileSync(join(dir, 'telemetry/2026-11-29/1-1.gz'))).toString()).toContain(`{"offset":1,"stamp":${NOON + DAY},"bytes":30,`)
})

test('a file that cannot be written ends the writing, however much is still to come', { timeout: 10_000 }, async () => {
  const writer = new FileWriter(join(root, 'nowhere', 'x.gz'))
  const noise = Buffer.alloc(1 << 20, 'ab')
  await expect((async () => {
    for (let i = 0; i < 200; i++) await writer.add(record(i, noise))
    await writer.finish()
  })()).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('there is no directory for') as string })
  await writer.abort()
})

test.each([
  ['is cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 12), /`.*1-0\.gz` is damaged: /],
  ['has fewer records', (bytes: Buffer) => gzipSync(gunzipSync(bytes).subarray(0, -3)), /`.*1-0\.gz` is damaged: it has 0 of 1 records/],
])('a file that %s is told, though its SHA-256 is right', async (_, damage, message) => {
  const dir = fresh()
  const writer = await ArchiveWriter.open(dir, ORIGIN)
  await writer.add('telemetry', 1, record(0, Buffer.from('abc')))
  await writer.reached('telemetry', [0, 1])
  await writer.commit()
  await writer.close()
  const [file] = writer.manifest.files as [RecordFile, ...RecordFile[]]
  const bytes = damage(readFileSync(join(dir, file.path)))
  writeFileSync(join(dir, file.path), bytes)
  await writeManifest(dir, { ...writer.manifest, files: [{ ...file, bytes: bytes.length, sha256: sha256(bytes) }] })
  await expect(records(dir, 1)).rejects.toThrow(message)
})

test('a manifest can name no file outside of its folder', async () => {
  const dir = fresh()
  const writer = await ArchiveWriter.open(dir, ORIGIN)
  await writer.commit()
  await writer.close()
  mkdirSync(join(dir, 'contexts'))
  await writeManifest(dir, { ...writer.manifest, contexts: [{ path: 'contexts/../../x', bytes: 0, sha256: '0'.repeat(64), kind: 'context', hash: 'h' }] })
  await expect(ArchiveReader.open(dir)).rejects.toMatchObject({ code: 'bad-state', message: expect.stringContaining('`contexts.0.path`') as string })
})

test.each<[string, Partial<Origin>, RegExp]>([
  ['another cluster', { cluster: 'd' }, /is an archive of the Kafka cluster `c`, and this is `d`/],
  ['other topics', { topics: { telemetry: 'q.telemetry', marks: 'q.marks' } }, /is an archive of `p.telemetry` and `p.marks`, not of `q.telemetry`/],
  ['another number of partitions', { partitions: 3 }, /is an archive of 2 partitions of `p.telemetry`, which has 3 by now/],
])('nothing of %s is added to an archive', async (_, other, message) => {
  const dir = fresh()
  const writer = await ArchiveWriter.open(dir, ORIGIN)
  await writer.commit()
  await writer.close()
  await expect(ArchiveWriter.open(dir, { ...ORIGIN, ...other })).rejects.toThrow(message)
  // Whoever was refused does not keep the folder.
  await (await ArchiveWriter.open(dir, ORIGIN)).close()
  expect(readdirSync(dir)).toEqual(['archive.json'])
})
