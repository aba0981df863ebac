import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { sha256 } from '../../base/hash.ts'
import { unpackZip } from '../../io/zip.ts'
import { cases, contextOf, linesOf, type Fixture } from '../../testing/fixtures.ts'
import { feedOf, VERSION } from '../../testing/evidence.ts'
import { run, temporary, writeLog } from '../../testing/runs.ts'
import type { Warning } from '../../warnings/warning.ts'
import type { Evidence } from './evidence.ts'
import { makeEvidence, packEvidence, type Made } from './make.ts'
import { writePage } from './page.ts'
import { pseudonymise } from './pseudonyms.ts'
import { storyOf } from './story.ts'
import { verifyBundle } from './verify.ts'

const dir = temporary()
const secret = Buffer.from('a secret that is long enough')
const catalogue = join(dir, 'catalogue.yaml')
let lockstep: Warning
let plain: Evidence
let made: Made

beforeAll(async () => {
  // Somebody else of the class, whose name is in all that the platform writes.
  writeFileSync(catalogue, JSON.stringify({ platforms: [{ id: 'p1' }], classes: [{ id: 'k1', platform: 'p1', teachers: ['bystander-account'], learners: ['L1', 'bystander', 'L2', 'L3', 'absent'] }] }))
  const { log } = cases().find((c) => c.name === 'lockstep') as Fixture
  const lines = linesOf(log)
  const { time, class: klass } = JSON.parse(lines[0] as string) as { time: string; class?: string }
  const events = [0, 1, 2, 3].map((n) => JSON.stringify({ id: `bystander/${n}`, time, action: 'heartbeat', platform: 'p1', learner: 'bystander', account: 'bystander-account', class: klass ?? 'k1', chapter: 'c1', position: n, ip: '14.204.1.1' }))
  const input = writeLog(dir, 'class.ndjson', [lines[0] as string, ...events, ...lines.slice(1)])
  const context = await contextOf({ catalogue })
  const { warnings } = await run(dir, { logs: [input], context })
  lockstep = warnings.findLast((w) => w.rule === 'lockstep') as Warning
  const feed = await feedOf(input, context)
  made = (await makeEvidence(feed, [lockstep.id], { version: VERSION, secret }))[0] as Made
  plain = ((await makeEvidence(feed, [lockstep.id], { version: VERSION }))[0] as Made).evidence
})

const everythingIn = (bundle: Uint8Array): string => [...unpackZip(bundle).values()].map((bytes) => Buffer.from(bytes).toString('utf8')).join('\n')

test('the warning comes out of records of people whose names are not told', async () => {
  const { evidence, keptNames } = made
  expect(keptNames).toBe(false)
  const bundle = packEvidence(evidence)
  expect(await verifyBundle(bundle, { version: VERSION })).toMatchObject({ verified: true, warning: lockstep.id, events: plain.events.length })
  const [hidden, ...more] = evidence.about.learners.filter((l) => l.pseudonym)
  expect([hidden?.events, more]).toEqual([4, []])
  expect(evidence.about.learners.filter((l) => !l.pseudonym).map((l) => l.id)).toEqual(lockstep.learners.map((l) => l.id))
  expect(everythingIn(packEvidence(plain))).toContain('bystander')
  expect(everythingIn(bundle)).not.toMatch(/bystander|absent/)
  // What is said of one person is still of one person.
  expect(evidence.others.map((line) => (JSON.parse(line) as { id: string; learner: string; account: string }))).toEqual([1, 2, 3, 4].map((n) => expect.objectContaining({ id: `~${n}`, learner: hidden?.id }) as unknown))
})

test('one secret gives one pseudonym, another one another', () => {
  const name = (of: Buffer) => pseudonymise(plain, of).about.learners.find((l) => l.pseudonym)?.id
  expect(name(secret)).toMatch(/^~[0-9a-f]{16}$/)
  expect(name(secret)).toBe(made.evidence.about.learners.find((l) => l.pseudonym)?.id)
  expect(name(Buffer.from('another that is long enough, too'))).not.toBe(name(secret))
})

test('the page about it does not name them either', async () => {
  const page = writePage(await storyOf(made.evidence), { bundle: packEvidence(made.evidence) })
  expect(page).toContain('L1')
  expect(page).not.toContain('bystander')
})

test('where ids decide what comes first, names are kept and that is told', async () => {
  // A band of photos keeps the latest 32: of 33 learners checked at one instant, names decide whose photo goes.
  const check = (time: string, learner: string, photo: string) => JSON.stringify({ id: `${learner}-1`, time, action: 'face-checked', platform: 'p1', learner, challenge: 'c', outcome: 'passed', photo })
  const photo = `abcd${sha256('z').slice(0, 12)}`
  const others = Array.from({ length: 32 }, (_, i) => check('2026-03-02T08:00:00Z', `a${i + 10}`, `abcd${sha256(`${i}`).slice(0, 12)}`))
  const log = writeLog(dir, 'photos.ndjson', [...others, check('2026-03-02T08:00:00Z', 'z1', photo), check('2026-03-02T08:01:00Z', 'z2', photo)])
  const { warnings } = await run(dir, { logs: [log] })
  const [first] = warnings
  expect(first).toMatchObject({ rule: 'shared-photo', learners: [{ id: 'z1' }, { id: 'z2' }] })
  const [one] = await makeEvidence(await feedOf(log, await contextOf({ catalogue: undefined })), [first?.id as string], { version: VERSION, secret })
  expect(one?.keptNames).toBe(true)
  expect(one?.evidence.about.learners.map((l) => l.id)).toHaveLength(34)
  expect(one?.evidence.about.learners.some((l) => l.pseudonym)).toBe(false)
})
