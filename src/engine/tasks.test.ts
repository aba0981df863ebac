import { beforeAll, describe, expect, test } from 'vitest'
import { DAY, HOUR, MINUTE } from '../base/time.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { detectors } from '../detectors/index.ts'
import { ruleOf } from '../testing/drive.ts'
import { ruleForEach } from '../testing/examples.ts'
import { duplicated, fivePlatforms, seeded } from '../testing/five-platforms.ts'
import { Fleet, stamped } from '../testing/fleet.ts'
import { beats, crowd } from '../testing/tiny-detectors.ts'
import { testModels } from '../testing/tiny-model.ts'
import { Machine } from './machine.ts'
import type { Output } from './output.ts'

const catalogue = new Catalogue(catalogueSchema.parse({ platforms: [{ id: 'normal', global: ['learner'] }, { id: 'silent', global: ['learner'], heartbeat: '15s' }] }))
const rules = [...ruleForEach(detectors), ruleOf(beats, { quiet: '20s', every: 40 }), ruleOf(crowd, { most: 2 })]
const setup = { rules, catalogue, models: await testModels(), context: 'test' }

const MARK_EVERY = 700
// Events that come twice, and some so late that they are late.
const arrivals = [...duplicated(fivePlatforms(5, 5), 3)].map((a, i) => (i % 211 === 210 ? { ...a, at: a.at + 11 * 60_000 } : a)).sort((a, b) => a.at - b.at)

describe('tasks over partitions give what one machine gives', () => {
  let golden: string[]
  const late: string[] = []

  beforeAll(() => {
    const outputs: Output[] = []
    const machine = new Machine({ ...setup, records: true, output: (o) => outputs.push(o), late: (l) => late.push(`${l.event.platform} ${l.event.id} ${l.watermark}`) })
    arrivals.forEach((a, i) => {
      machine.observe(stamped(a))
      if (i % MARK_EVERY === MARK_EVERY - 1) machine.mark()
    })
    machine.end()
    golden = outputs.map((o) => JSON.stringify(o))
    expect(golden.length).toBeGreaterThan(200)
    expect(late.length).toBeGreaterThan(20)
  })

  test.each([[1, 1, 0], [3, 2, 0], [4, 5, 0], [1, 1, 3], [4, 3, 3]])('%i learner and %i resource tasks, each taken over at one in %i marks', async (learners, resources, every) => {
    const random = seeded(7)
    const fleet = new Fleet(setup, learners, resources, true)
    for (const [i, a] of arrivals.entries()) {
      fleet.observe(stamped(a))
      if (i % MARK_EVERY !== MARK_EVERY - 1) continue
      fleet.mark()
      if (every > 0 && random() * every < 1) await fleet.restart()
    }
    expect(fleet.end()).toEqual(golden)
    expect(fleet.late.sort()).toEqual(late.slice().sort())
    if (every > 0) expect([fleet.again > 100, fleet.readAgain > 10]).toEqual([true, true])
  })
})

test('what is past every horizon costs a task no memory, and the next snapshot leaves it out', async () => {
  const given = [...ruleForEach(detectors), ruleOf(beats, { quiet: '20s', every: 40 })].filter((r) => r.detector.horizon !== 'class')
  const fleet = new Fleet({ ...setup, rules: given }, 2, 2)
  const keys = () => [
    fleet.learners.reduce((n, t) => n + [...t.stage.parts.values()].reduce((m, p) => m + p.learners.size, 0), 0),
    fleet.resources.reduce((n, t) => n + [...t.stage.entries()].length, 0),
  ]
  const first = arrivals.filter((a) => a.at < (arrivals[0] as { at: number }).at + 20 * MINUTE)
  for (const a of first) fleet.observe(stamped(a))
  fleet.mark()
  const last = (first.at(-1) as { at: number }).at
  fleet.passTo(last + HOUR)
  const before = keys()
  expect(Math.min(...before)).toBeGreaterThan(5)
  await fleet.restart()
  expect(keys()).toEqual(before)
  // Some states live for a month.
  fleet.passTo(last + 31 * DAY)
  fleet.passTo(last + 32 * DAY)
  expect(keys()).toEqual([0, 0])
  await fleet.restart()
  expect(keys()).toEqual([0, 0])
})
