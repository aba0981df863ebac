import { expect, test } from 'vitest'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { lockstep } from '../detectors/lockstep.ts'
import { unregisteredClass } from '../detectors/unregistered-class.ts'
import { at, ruleOf } from '../testing/drive.ts'
import { ACTIONS } from '../telemetry/event.ts'
import { Coverage, missingFor } from './coverage.ts'

test.each([
  ['lockstep', lockstep, ['L1'], []],
  ['lockstep', lockstep, [], ['no event carries `class`']],
  // Whose class a roster tells is in one that is registered: of the others nothing is known.
  ['unregistered-class', unregisteredClass, ['L1'], ['no event carries `class`']],
])('where no event names its class, %s needs a roster that does, if any', (_, detector, learners, missing) => {
  const coverage = new Coverage()
  coverage.see(ACTIONS.indexOf('played'), at('08:00:00', 'played', 'L1', 'c1'))
  const catalogue = new Catalogue(catalogueSchema.parse({ classes: [{ id: 'k1', platform: 'p1', learners }, { id: 'k1', platform: 'p2', learners: ['M1'] }] }))
  expect(missingFor(ruleOf(detector), 'p1', coverage.seen, catalogue)).toEqual(missing)
})
