import { beforeAll, expect, test } from 'vitest'
import { sha256 } from '../../base/hash.ts'
import { unpackZip } from '../../io/zip.ts'
import { contextOf, day } from '../../testing/fixtures.ts'
import { feedOf, VERSION } from '../../testing/evidence.ts'
import { run, temporary, writeLog } from '../../testing/runs.ts'
import type { Warning } from '../../warnings/warning.ts'
import { makeEvidence, packEvidence, type Made } from './make.ts'
import { storyOf } from './story.ts'
import { verifyBundle } from './verify.ts'
import { writePage } from './page.ts'

const dir = temporary()
const secret = Buffer.from('a secret that is long enough')
let lockstep: Warning
let made: Made

beforeAll(async () => {
  const context = await contextOf(day)
  const { warnings } = await run(dir, { logs: [day.log], context })
  lockstep = warnings.findLast((w) => w.rule === 'lockstep') as Warning
  made = (await makeEvidence(await feedOf(day.log, context), [lockstep.id], { version: VERSION, secret }))[0] as Made
}, 300_000)

test('the warning comes out of records of people whose names are not told', async () => {
  const { evidence, keptNames } = made
  expect(keptNames).toBe(false)
  const bundle = packEvidence(evidence)
  expect(await verifyBundle(bundle, { version: VERSION })).toMatchObject({ verified: true, warning: lockstep.id })
  const named = new Set(lockstep.learners.map((l) => l.id))
  const hidden = evidence.about.learners.filter((l) => l.pseudonym)
  expect(hidden.length).toBeGreaterThan(10)
  expect(evidence.about.learners.filter((l) => !l.pseudonym).map((l) => l.id).sort()).toEqual([...named].sort())
  // Ids of the simulator are a learner's name and a number.
  const everything = [...unpackZip(bundle)].filter(([name]) => !name.startsWith('contexts/')).map(([, bytes]) => Buffer.from(bytes).toString('utf8')).join('\n')
  const told = new Set(everything.match(/JN\d{5}/g))
  expect([...told].filter((id) => !named.has(id))).toEqual([])
})

test('one secret gives one pseudonym, another one another', async () => {
  const context = await contextOf(day)
  const again = async (other: Buffer) => ((await makeEvidence(await feedOf(day.log, context), [lockstep.id], { version: VERSION, secret: other }))[0] as Made).evidence.about.learners.map((l) => l.id)
  const first = made.evidence.about.learners.map((l) => l.id)
  expect(await again(secret)).toEqual(first)
  expect((await again(Buffer.from('another that is long enough, too'))).filter((id) => id.startsWith('~') && first.includes(id))).toEqual([])
}, 300_000)

test('the page about it does not name them either', async () => {
  const page = writePage(await storyOf(made.evidence), { bundle: packEvidence(made.evidence) })
  const named = new Set(lockstep.learners.map((l) => l.id))
  expect([...new Set(page.match(/JN\d{5}/g))].filter((id) => !named.has(id))).toEqual([])
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
