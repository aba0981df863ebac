import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { ArchiveReader } from '../io/archive/reader.ts'
import type { Manifest, RecordFile } from '../io/archive/manifest.ts'
import type { KafkaClient } from '../io/kafka/client.ts'
import { createTopics } from '../io/kafka/topics.ts'
import { writeModel } from '../io/models.ts'
import { openContext, type OpenContext } from '../pipeline/context.ts'
import { ArchiveFeed } from '../pipeline/evidence/archive-feed.ts'
import { makeEvidence, packEvidence } from '../pipeline/evidence/make.ts'
import { verifyBundle } from '../pipeline/evidence/verify.ts'
import { archive, type ArchiveOptions, type ArchiveReport } from '../pipeline/kafka/archive.ts'
import type { Summary } from '../pipeline/summary.ts'
import { SMALL_GEO, outputsOf, summaryOf } from '../testing/cli.ts'
import { duplicated, fivePlatforms } from '../testing/five-platforms.ts'
import { makeRealm, type Realm } from '../testing/realm.ts'
import { RecordedLog } from '../testing/recorded-log.ts'
import { replayLog } from '../testing/replay-log.ts'
import { RULES, temporary } from '../testing/runs.ts'
import { START_MS, useKafka } from '../testing/services.ts'
import { clockworkModel } from '../testing/tiny-model.ts'
import type { Warning } from '../warnings/warning.ts'
import { runOverArchive, type ArchiveRunCommand } from './run-archive.ts'
import { VERSION } from './version.ts'

const brokers = useKafka()
const root = temporary()
const CATALOGUE = JSON.stringify({ platforms: [{ id: 'normal', global: ['learner'] }, { id: 'silent', global: ['learner'], heartbeat: '15s' }] })
const OVERLAY = `
- rule: parallel-chapters
  params: { overlap: 90s }
`
// One in 211 comes eleven minutes late.
const arrivals = duplicated(fivePlatforms(5, 3), 3).map((a, i) => (i % 211 === 210 ? { ...a, at: a.at + 11 * 60_000 } : a)).sort((a, b) => a.at - b.at)
const ODD = [Buffer.from([0x7b, 0xff, 0xfe]), Buffer.from('{"id":\n'), Buffer.from(' '), Buffer.alloc(0), null, Buffer.from('{"id":"f","time":"2099-01-01T00:00:00Z","action":"attended","platform":"normal","learner":"L00"}')]

async function makeOne(partitions = 3): Promise<Realm> {
  const made = await makeRealm(root, brokers(), { name: 'archive-', partitions: { telemetry: partitions, sightings: 1, warnings: 1 }, more: () => ({ catalogue: 'catalogue.yaml' }) })
  writeFileSync(join(made.cwd, 'catalogue.yaml'), CATALOGUE)
  await createTopics(made.client)
  return made
}

const contextOf = (cwd: string, rules: string[], version = VERSION): Promise<OpenContext> => openContext({ rules, catalogue: join(cwd, 'catalogue.yaml'), geo: SMALL_GEO.slice(1), version })
/** As the commands do, in this process. */
const archiveTo = ({ client, prefix, cwd }: Realm, dir: string, more: Partial<ArchiveOptions> = {}): Promise<ArchiveReport> => archive({ client, group: prefix, to: join(cwd, dir), sources: { catalogue: join(cwd, 'catalogue.yaml') }, ...more })
const runOver = async ({ cwd }: Realm, dir: string, more: Partial<ArchiveRunCommand> = {}): Promise<Summary> =>
  (await runOverArchive({ archive: join(cwd, dir), output: join(cwd, 'out'), geo: SMALL_GEO.slice(1), partitions: 1, quiet: true, ...more })).summary
const manifestOf = (dir: string): Manifest => JSON.parse(readFileSync(join(dir, 'archive.json'), 'utf8')) as Manifest

/** All records in an archive, whatever files they lie in. */
async function contentOf(dir: string): Promise<string[]> {
  const reader = await ArchiveReader.open(dir)
  const all: string[] = []
  for (const [topic, partition] of [['telemetry', 0], ['telemetry', 1], ['telemetry', 2], ['marks', 0]] as const) {
    await reader.records(topic, partition).readTo(Infinity, ({ offset, stamp, isNull, bytes, start, end }) => void all.push(`${topic}/${partition} ${offset} ${stamp} ${isNull ? 'null' : bytes.toString('base64', start, end)}`))
  }
  return all
}

let realm: Realm
let log: RecordedLog
/** Written in three goes while the log grew, and in one when it was whole. */
let inThree = ''
let inOne = ''

beforeAll(async () => {
  realm = await makeOne()
  mkdirSync(join(realm.cwd, 'own'))
  writeFileSync(join(realm.cwd, 'own', 'rules.yaml'), OVERLAY)
  inThree = join(realm.cwd, 'in-three')
  inOne = join(realm.cwd, 'in-one')
  const [first, second] = [await contextOf(realm.cwd, [RULES]), await contextOf(realm.cwd, [RULES, join(realm.cwd, 'own')])]
  log = await RecordedLog.open(realm.client, first)
  const part = Math.ceil(arrivals.length / 3)
  for (let n = 0; n < 3; n++) {
    await log.send(arrivals.slice(n * part, (n + 1) * part), 300)
    await log.raw(ODD.map((value, i) => ({ key: i === 0 ? null : `k${i}`, value, partition: i % 3 })))
    if (n === 1) await log.change(second)
    if (n === 2) await log.mark()
    // Small files, so that each go has several.
    await archiveTo(realm, 'in-three', { mostBytes: 300_000 })
  }
  await log.raw([{ key: 'uncovered', value: Buffer.from('{}'), partition: 0 }])
  for (const dir of ['in-three', 'in-one']) await archiveTo(realm, dir)
  return () => log.close()
}, START_MS + 60_000)

test('a run over the archive gives what one machine gives over the log, byte for byte, in whatever number of tasks', { timeout: 60_000 }, async () => {
  const contexts = new Map((await Promise.all([[RULES], [RULES, join(realm.cwd, 'own')]].map((rules) => contextOf(realm.cwd, rules)))).map((c) => [c.hash, c]))
  const golden = await replayLog(realm.client, async (hash) => {
    const { bundle, catalogue, models } = contexts.get(hash) as OpenContext
    return { rules: bundle.rules, catalogue, models, context: hash }
  })
  expect(golden.contexts).toBe(2)
  expect(golden.warnings.length).toBeGreaterThan(50)
  // There are rejects, so that the exit code is 2.
  const { code, err } = await realm.shell(`run ${SMALL_GEO.join(' ')} --archive in-three --output out3 --partitions 3`).ended
  expect([code, err]).toEqual([2, ''])
  await runOver(realm, 'in-one', { output: join(realm.cwd, 'out1') })
  const lines = readFileSync(join(realm.cwd, 'out1', 'warnings.ndjson'), 'utf8').trimEnd().split('\n')
  expect(lines.toSorted()).toEqual(golden.warnings)
  const order = lines.map((l) => JSON.parse(l) as { raised: string; id: string; revision: number }).map((w) => `${w.raised} ${w.id} ${String(w.revision).padStart(9, '0')}`)
  expect(order).toEqual(order.toSorted())
  expect(outputsOf(join(realm.cwd, 'out3'))).toEqual(outputsOf(join(realm.cwd, 'out1')))

  const [one, three] = [1, 3].map((n) => summaryOf(join(realm.cwd, `out${n}`))) as [Summary, Summary]
  expect({ ...three, log: { ...three.log, files: [] } }).toEqual({ ...one, log: { ...one.log, files: [] } })
  expect(one.archive).toMatchObject({ partitions: 3, marks: golden.marks, contexts: [{ from: 1 }, { hash: one.context.hash }] })
  // The record that no mark covers has not been judged.
  expect(one.log.lines).toBe(log.records - 1)
  expect(one.log.rejected).toEqual({ 'bad-utf8': 3, 'bad-json': 12, future: 3 })
  expect(one.log.late).toBeGreaterThan(10)
  expect(one.log.duplicates).toBeGreaterThan(10)
  const rejects = readFileSync(join(realm.cwd, 'out1', 'rejects.ndjson'), 'utf8').trimEnd().split('\n').map((l) => JSON.parse(l) as { reason: string; base64?: string; text?: string; length: number; topic: string; stamp?: string })
  expect(rejects.filter((r) => r.reason === 'bad-utf8')[0]).toMatchObject({ base64: (ODD[0] as Buffer).toString('base64'), length: 3, topic: realm.client.topic('telemetry') })
  expect(rejects.filter((r) => r.reason === 'future')[0]).toMatchObject({ text: String(ODD[5]), stamp: expect.stringMatching(/^20/) as string })
})

test('the evidence for warnings over Kafka verifies: through late records, records that came twice and a change of context', { timeout: 120_000 }, async () => {
  const lines = readFileSync(join(realm.cwd, 'out1', 'warnings.ndjson'), 'utf8').trimEnd().split('\n')
  const warnings = lines.map((l) => JSON.parse(l) as Warning)
  const ids = new Set(warnings.map((w) => [w.rule, warnings.findLast((x) => x.rule === w.rule)?.id as string] as const).map(([, id]) => id))
  // One that goes on from one context into the next.
  const across = warnings.find((w) => warnings.some((x) => x.id === w.id && x.context !== w.context))
  if (across) ids.add(across.id)
  const catalogue = await contextOf(realm.cwd, [RULES])
  const feed = await ArchiveFeed.open({ archive: inOne, local: catalogue, geo: SMALL_GEO.slice(1), version: VERSION })
  const made = await makeEvidence(feed, [...ids], { version: VERSION })
  expect(made.length).toBeGreaterThan(5)
  for (const { evidence } of made) {
    expect([...evidence.revisions].sort()).toEqual(lines.filter((l) => (JSON.parse(l) as Warning).id === evidence.about.warning).sort())
    expect(await verifyBundle(packEvidence(evidence), { version: VERSION })).toMatchObject({ rule: evidence.about.rule, verified: true, differences: [] })
  }
  expect(made.some(({ evidence }) => evidence.contexts.length === 2)).toBe(true)
  const { code, out } = await realm.shell(`explain ${[...ids][0]} --archive in-one --catalogue catalogue.yaml ${SMALL_GEO.join(' ')}`).ended
  expect([code, out]).toEqual([0, expect.stringContaining(`warning ${[...ids][0]}`)])
})

test('several goes archive what one does: every record once, as it was', { timeout: 60_000 }, async () => {
  const content = await contentOf(inThree)
  expect(content).toEqual(await contentOf(inOne))
  expect(content.filter((r) => r.startsWith('telemetry')).length).toBe(log.records)
  expect(content.filter((r) => r.endsWith(' null')).length).toBe(3)
  const [three, one] = [manifestOf(inThree), manifestOf(inOne)]
  expect({ ...three, files: [] }).toEqual({ ...one, files: [] })
  expect([three.files.length > 15, one.files.length, three.contexts.filter((c) => c.kind !== 'model').length]).toEqual([true, 4, 3])
  // Nothing new: the same archive again.
  const { code, out } = await realm.shell('archive --to in-one --json').ended
  expect([code, JSON.parse(out)]).toMatchObject([0, { telemetry: 0, marks: 0, mark: one.mark, lacking: [] }])
  expect(manifestOf(inOne)).toEqual(one)
  expect(readdirSync(inOne).toSorted()).toEqual(['archive.json', 'contexts', 'marks', 'telemetry'])
})

test('one that is killed in the middle leaves an archive that the next goes on with', { timeout: 60_000 }, async () => {
  const dir = join(realm.cwd, 'killed')
  let wasCut = 0
  for (const delay of [0, 60]) {
    const { child, ended } = realm.shell('archive --to killed')
    const files = (): string[] => (existsSync(dir) ? readdirSync(dir, { recursive: true, encoding: 'utf8' }) : [])
    while (!files().some((f) => f.endsWith('.part')) && child.exitCode === null) await sleep(2)
    await sleep(delay)
    child.kill('SIGKILL')
    if ((await ended).signal === 'SIGKILL') wasCut++
    if (existsSync(join(dir, 'archive.json'))) await ArchiveReader.open(dir)
  }
  expect(wasCut).toBeGreaterThan(0)
  const { code, err } = await realm.shell('archive --to killed').ended
  expect([code, err]).toEqual([0, ''])
  expect(await contentOf(dir)).toEqual(await contentOf(inOne))
})

/** The client, which does something after so many calls of its admin. */
function after(calls: number, client: KafkaClient, what: () => Promise<void>): KafkaClient {
  const withAdmin: KafkaClient['withAdmin'] = async (use, doing) => {
    const result = await client.withAdmin(use, doing)
    if (--calls === 0) await what()
    return result
  }
  return Object.create(client, { withAdmin: { value: withAdmin } }) as KafkaClient
}

test('of a long log, what is in whole files is kept though the archiving fails', { timeout: 60_000 }, async () => {
  // Each commit asks for the beginning of the log.
  const client = after(8, realm.client, () => Promise.reject(new Error('the network is gone')))
  await expect(archiveTo(realm, 'failed', { client, mostBytes: 200_000, commitEvery: 0 })).rejects.toThrow('the network is gone')
  const { manifest } = await ArchiveReader.open(join(realm.cwd, 'failed'))
  expect([manifest.files.length > 2, manifest.mark, manifest.reached.marks]).toEqual([true, 0, 0])
  const { telemetry } = await archiveTo(realm, 'failed')
  expect([telemetry > 0, telemetry < log.records]).toEqual([true, true])
  expect(await contentOf(join(realm.cwd, 'failed'))).toEqual(await contentOf(inOne))
})

test('files that are damaged or missing are told by name, all at once, before anything is judged', async () => {
  const dir = join(realm.cwd, 'damaged')
  cpSync(inOne, dir, { recursive: true })
  const [first, second] = manifestOf(inOne).files as [RecordFile, RecordFile, ...RecordFile[]]
  const bytes = readFileSync(join(inOne, first.path))
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1
  writeFileSync(join(dir, first.path), bytes)
  rmSync(join(dir, second.path))
  const { code, err } = await realm.shell('run --archive damaged --output out-damaged').ended
  expect([code, err.split('\n')]).toEqual([2, [
    'invigil: 2 files of the archive are missing or damaged; restore from a copy',
    `  damaged/${first.path}: its SHA-256 is not the one that it was written with`,
    `  damaged/${second.path}: it is missing`,
    '',
  ]])
  expect(existsSync(join(realm.cwd, 'out-damaged'))).toBe(false)
  writeFileSync(join(dir, 'archive.json'), '{"format":1')
  await expect(runOver(realm, 'damaged')).rejects.toMatchObject({ code: 'bad-state', message: `\`${join(dir, 'archive.json')}\` is damaged: it is not JSON; restore it from a copy` })
})

test('records that retention deleted before they were archived are told, never jumped over', { timeout: 60_000 }, async () => {
  const made = await makeOne()
  const { client, cwd, shell } = made
  const short = await RecordedLog.open(client, await contextOf(cwd, [RULES]))
  await short.send(arrivals.slice(0, 900), 300)
  const { reached } = (await archiveTo(made, 'kept')).manifest
  await short.send(arrivals.slice(900, 1800), 300)
  await short.close()
  const to = (reached.telemetry[1] as number) + 10
  const topic = client.topic('telemetry')
  const before = manifestOf(join(cwd, 'kept'))
  const forget = (): Promise<void> => client.withAdmin(async (admin) => {
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 1, offset: String(to) }] })
  })
  // Just when it has looked where the log begins: a reader would go on behind what is deleted without a word.
  await expect(archiveTo(made, 'kept', { client: after(3, client, forget) })).rejects.toMatchObject({ code: 'bad-state', message: expect.stringContaining(`were deleted while they were archived: partition 1 begins at offset ${to} by now`) as string })
  expect(manifestOf(join(cwd, 'kept'))).toEqual(before)

  const refused = await shell('archive --to kept').ended
  expect([refused.code, refused.err]).toEqual([2, `invigil: \`${topic}\` lacks the offsets ${to - 10} to ${to - 1} of partition 1: they were deleted before they were archived; \`--accept-gap\` archives what is left, from which warnings cannot be repeated\n`])
  expect(manifestOf(join(cwd, 'kept'))).toEqual(before)
  // What it has can be run over as ever.
  expect((await runOver(made, 'kept')).log.lines).toBe(900)
  await expect(archiveTo(made, 'anew')).rejects.toMatchObject({ message: expect.stringContaining(`lacks the offsets 0 to ${to - 1} of partition 1: the log no longer has its beginning`) as string })

  const accepted = await shell('archive --to kept --accept-gap').ended
  expect([accepted.code, accepted.out]).toEqual([0, expect.stringContaining(`it lacks the offsets ${to - 10} to ${to - 1} of partition 1 of \`${topic}\``) as string])
  await expect(runOver(made, 'kept')).rejects.toMatchObject({ message: expect.stringContaining('so that warnings cannot be repeated') as string })
})

test('a folder has one archiver at a time, and is an archive of one log', { timeout: 60_000 }, async () => {
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  writeFileSync(join(inThree, 'lock'), String(other.pid))
  const { code, err } = await realm.shell('archive --to in-three').ended
  other.kill('SIGKILL')
  expect([code, err]).toEqual([2, `invigil: process ${other.pid} is using the archive in \`in-three\`; wait for it, or name another folder with \`--to\` (if that is no run of Invigil, remove \`in-three/lock\`)\n`])
  await expect(archiveTo(await makeOne(), '', { to: inOne })).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining(`is an archive of \`${realm.prefix}telemetry\``) as string })
})

test('empty topics, and a folder that is no archive', { timeout: 60_000 }, async () => {
  const made = await makeOne(1)
  const { shell, cwd } = made
  const { code, out } = await shell('archive --to empty').ended
  expect([code, out]).toEqual([0, 'archived 0 records of telemetry and 0 marks\nempty holds 0 records, the marks up to 0 and 0 contexts, in 0 bytes\n'])
  await expect(runOver(made, 'empty')).rejects.toMatchObject({ code: 'bad-input', message: `there is no mark in \`${join(cwd, 'empty')}\` yet: nothing has been judged` })
  mkdirSync(join(cwd, 'x'))
  await expect(runOver(made, 'x')).rejects.toMatchObject({ code: 'not-found', message: `\`${join(cwd, 'x')}\` is no archive: there is no \`archive.json\` in it; \`invigil archive --to DIR\` makes one` })
  const named = await shell('run empty').ended
  expect([named.code, named.err]).toEqual([2, 'invigil: `empty` is an archive; run over it with `--archive empty`\n'])
  const ended = await shell('run --archive empty --rules shipped').ended
  expect([ended.code, ended.err]).toEqual([2, 'invigil: `--rules` is of no use with `--archive`: its rules, marks and formats are those that were recorded\n'])
})

test('a context of another version, and a catalogue and GeoIP database that are not at hand, are told', { timeout: 60_000 }, async () => {
  const made = await makeOne(1)
  const { client, cwd, shell } = made
  const context = await contextOf(cwd, [RULES], '0.0.9')
  const { catalogue } = context.parts
  const old = await RecordedLog.open(client, context)
  await old.send(arrivals.slice(0, 300), 300)
  // A platform wrote this one into the telemetry itself: its place is not said, and it comes late.
  await old.raw([{ key: null, partition: 0, value: Buffer.from('{"id":"x","time":"2026-03-01T00:00:00Z","action":"attended","platform":"normal","learner":"L00","ip":"14.204.64.228"}') }])
  await old.mark()
  await old.close()
  writeFileSync(join(cwd, 'catalogue.yaml'), '{ platforms: [] }')
  const lacking = await shell('archive --to old').ended
  expect([lacking.code, lacking.err]).toEqual([2, expect.stringContaining(`the context \`${context.hash}\` needs the catalogue \`${catalogue}\`, which is not at hand`) as string])
  expect(manifestOf(join(cwd, 'old')).mark).toBe(2)
  await expect(runOver(made, 'old')).rejects.toMatchObject({ message: 'the archive cannot be run over as it was', problems: [
    { message: `the context \`${context.hash}\` is of version 0.0.9 of Invigil, this is ${VERSION}: the warnings may be others`, mend: 'run that version, or give `--accept-version`' },
    { message: `the context \`${context.hash}\` needs the catalogue \`${catalogue}\`, which is not the local one; put it there as \`${join(cwd, 'old', 'contexts', `${catalogue}.yaml`)}\``, mend: 'or name it with `--catalogue`' },
  ] })
  writeFileSync(join(cwd, 'catalogue.yaml'), CATALOGUE)
  expect(await runOver(made, 'old', { catalogue: join(cwd, 'catalogue.yaml'), acceptVersion: true })).toMatchObject({ state: 'finished' })
  // Once it is at hand it is archived, and need not be named any more.
  expect((await archiveTo(made, 'old')).lacking).toEqual([])
  expect(await runOver(made, 'old', { acceptVersion: true })).toMatchObject({ state: 'finished', context: { hash: context.hash, version: '0.0.9' }, log: { late: 1 } })
  const geo = [(SMALL_GEO[1] as string).replace('ipv4', 'ipv6')]
  await expect(runOver(made, 'old', { acceptVersion: true, geo })).rejects.toMatchObject({ code: 'usage', message: expect.stringMatching(/^the event `x` of `normal` .* does not say where its address is, and the context `.*` has other GeoIP databases/) as string })
})

test('models are archived with the contexts that name them', { timeout: 60_000 }, async () => {
  const made = await makeOne(1)
  const { client, cwd, shell } = made
  const folder = await writeModel(join(cwd, 'models', 'brushing'), await clockworkModel())
  const context = await openContext({
    rules: [RULES], catalogue: join(cwd, 'catalogue.yaml'), geo: SMALL_GEO.slice(1), models: join(cwd, 'models'), backend: 'cpu', version: VERSION,
  })
  const log = await RecordedLog.open(client, context)
  await log.send(arrivals.slice(0, 300), 300)
  await log.mark()
  await log.close()
  const lacking = await shell('archive --to modelled').ended
  expect([lacking.code, lacking.err]).toEqual([2, expect.stringContaining(`the context \`${context.hash}\` needs the model \`brushing\` of hash \`${folder.hash}\`, which is not at hand`) as string])
  await expect(runOver(made, 'modelled')).rejects.toMatchObject({ problems: [{ message: expect.stringContaining(`put the model's folder there as \`${join(cwd, 'modelled', 'contexts', folder.hash)}\``) as string, mend: 'or name it with `--models`' }] })
  expect((await archiveTo(made, 'modelled', { sources: { catalogue: join(cwd, 'catalogue.yaml'), models: join(cwd, 'models') } })).lacking).toEqual([])
  expect(manifestOf(join(cwd, 'modelled')).contexts.filter((c) => c.kind === 'model').map((c) => c.path)).toEqual(
    ['calibration.json', 'card.md', 'model.json', 'scaler.json', 'weights.bin'].map((file) => `contexts/${folder.hash}/${file}`))
  expect(await runOver(made, 'modelled')).toMatchObject({ state: 'finished', context: { hash: context.hash, models: { brushing: folder.hash }, backend: 'cpu' } })
})
