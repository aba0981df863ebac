import { expect, test } from 'vitest'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { ruleOf } from '../testing/drive.ts'
import { fivePlatforms } from '../testing/five-platforms.ts'
import { Fleet, stamped } from '../testing/fleet.ts'
import { beats, crowd } from '../testing/tiny-detectors.ts'
import type { Warning } from '../warnings/warning.ts'
import type { RaisedAt, Setup } from './runtime.ts'

test('who traces warnings is told of each with the key that it was raised at, also of those whose rule is gone', () => {
  const told: { warning: Warning; at: RaisedAt }[] = []
  const first: Setup = {
    catalogue: new Catalogue(catalogueSchema.parse({})), context: 'first', rules: [ruleOf(beats, { every: 40 }), ruleOf(crowd, { most: 2 })],
    trace: (warning, at) => told.push({ warning, at }),
  }
  const fleet = new Fleet(first, 1, 1)
  const arrivals = fivePlatforms(5, 4)
  const HALF = Math.floor(arrivals.length / 1000) * 500 - 1
  for (const [i, a] of arrivals.entries()) {
    fleet.observe(stamped(a))
    if (i % 500 === 499) fleet.mark()
    if (i === HALF) fleet.renew({ ...first, context: 'second', rules: [ruleOf(crowd, { most: 2 })] })
  }
  const learners = told.filter((t) => t.at.stage === 'learner')
  const resources = told.filter((t) => t.at.stage === 'resource')
  expect([learners.length > 10, resources.length > 2]).toEqual([true, true])
  for (const { warning, at } of learners) expect(at).toEqual({ stage: 'learner', platform: warning.subject.platform, key: warning.subject.id })
  for (const { warning, at } of resources) expect([warning.rule, at.key]).toEqual(['crowd', `${warning.subject.kind}/${at.platform}/${warning.subject.id}`])
  expect(learners.filter((t) => t.warning.context === 'second' && t.warning.episode === 'ended').length).toBeGreaterThan(1)
})
