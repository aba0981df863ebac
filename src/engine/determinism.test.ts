import { beforeAll, describe, expect, test } from 'vitest'
import { SECOND } from '../base/time.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { detectors } from '../detectors/index.ts'
import { ruleOf } from '../testing/drive.ts'
import { ruleForEach } from '../testing/examples.ts'
import { duplicated, eventOf, fivePlatforms, seeded, shuffled, type Arrival } from '../testing/five-platforms.ts'
import { Restarting } from '../testing/restarting.ts'
import { beats, crowd } from '../testing/tiny-detectors.ts'
import { testModels } from '../testing/tiny-model.ts'

const models = await testModels()
const catalogue = new Catalogue(catalogueSchema.parse({ platforms: [{ id: 'normal', global: ['learner'] }, { id: 'silent', global: ['learner'], heartbeat: '15s' }] }))
// Every detector there is with its defaults, and small ones whose timers fire all the time.
const rules = [...ruleForEach(detectors), ruleOf(beats, { quiet: '20s', every: 40 }), ruleOf(crowd, { most: 2 }, { prompt: { en: '{learners} on one address' } })]

interface How {
  partitions?: number
  markEvery?: number
  /** Stops and starts at one in so many marks, now and then over another number of partitions. */
  restartEvery?: number
  seed?: number
}

async function run(arrivals: readonly Arrival[], stamped: boolean, how: How = {}): Promise<{ texts: string[]; late: string[] }> {
  const random = seeded(how.seed ?? 1)
  const r = new Restarting({ rules, catalogue, models, context: 'test', records: true, partitions: how.partitions })
  for (const [i, a] of arrivals.entries()) {
    r.observe(eventOf(a, stamped))
    if ((i + 1) % (how.markEvery ?? 1000) !== 0) continue
    r.machine.mark()
    if (how.restartEvery !== undefined && random() * how.restartEvery < 1) await r.restart({ partitions: 1 + Math.floor(random() * 4) })
  }
  return { texts: r.end(), late: r.late.map((l) => `${l.event.platform} ${l.event.id} ${l.watermark}`).sort() }
}

const arrivals = fivePlatforms(11, 5)

describe.each([
  ['with `received`', true],
  ['without `received`', false],
])('five platforms %s: the same outputs in the same order', (_, stamped) => {
  let golden: string[]

  beforeAll(async () => {
    const { texts, late } = await run(arrivals, stamped)
    golden = texts
    expect(late).toEqual([])
    // The log must be worth comparing.
    const by = new Set(golden.map((t) => (JSON.parse(t) as { value: { detector?: string } }).value.detector ?? (JSON.parse(t) as { kind: string }).kind))
    expect([...by]).toEqual(expect.arrayContaining(['beats', 'crowd', 'prompt', 'record', 'parallel-chapters', 'shared-account', 'face-check', 'match', 'threshold', 'sequence', 'absence']))
    expect(golden.length).toBeGreaterThan(500)
  })

  const same = async (how: How, other: readonly Arrival[] = arrivals) => {
    const { texts } = await run(other, stamped, how)
    expect(texts.find((t, i) => t !== golden[i])).toBeUndefined()
    expect(texts.length).toBe(golden.length)
  }

  test.each([2, 4, 7])('split over %i partitions', (partitions) => same({ partitions }))
  test.each([7, 100, 10_000])('marks every %i records', (markEvery) => same({ markEvery }))
  test.each([1, 2, 3])('shuffled within the lateness, seed %i', (seed) => same({ markEvery: 100 }, shuffled(arrivals, seed, 50 * SECOND)))
  test.each([1, 2])('one in a hundred sent twice, seed %i', (seed) => same({ markEvery: 100 }, duplicated(arrivals, seed)))
  test.each([1, 2, 3])('stopped and started at random marks, seed %i', (seed) => same({ markEvery: 100, restartEvery: 6, seed, partitions: seed }, duplicated(arrivals, seed)))
})

describe('where some of it comes minutes too late, marks decide what; over the same marks', () => {
  const random = seeded(5)
  const tardy = duplicated(arrivals, 5).map((a) => (random() < 0.03 ? { ...a, at: a.at + random() * 300 * SECOND } : a)).sort((a, b) => a.at - b.at)
  const golden = run(tardy, true, { markEvery: 50 })

  test('there is something to compare', async () => {
    const { texts, late } = await golden
    expect(late.length).toBeGreaterThan(100)
    expect(texts.filter((t) => t.includes('"state":"partial"')).length).toBeGreaterThan(50)
  })

  test('several partitions make no difference', async () => expect(await run(tardy, true, { markEvery: 50, partitions: 4 })).toEqual(await golden))
  test.each([1, 2])('nor does stopping and starting, seed %i', async (seed) => expect(await run(tardy, true, { markEvery: 50, restartEvery: 8, seed })).toEqual(await golden))
})
