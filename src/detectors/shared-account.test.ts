import { expect, test } from 'vitest'
import { at, drive } from '../testing/drive.ts'
import { sharedAccount } from './shared-account.ts'

const seen = (time: string, learner: string, account = 'acc', platform = 'p1') => at(time, 'logged-in', learner, undefined, { account, platform })

test('two learners who use one account in turn', () => {
  const d = drive(sharedAccount).feed(seen('08:00:00', 'A'), seen('09:00:00', 'B'), seen('10:00:00', 'A'), seen('11:00:00', 'B'), seen('12:00:00', 'A'))
  const warnings = d.mark('2026-03-04T00:00:00').warnings()
  expect(warnings.map((w) => w.episode)).toEqual(['ongoing', 'ended'])
  expect(warnings[1]).toMatchObject({
    subject: { kind: 'account', platform: 'p1', id: 'acc' }, learners: [{ id: 'A' }, { id: 'B' }], begin: '2026-03-02T08:00:00.000Z',
    end: '2026-03-02T12:00:00.000Z', facts: { changes: 4, learners: ['A', 'B'] },
  })
  expect(warnings[1]?.summary.en).toBe('2 learners (A, B) used account acc, which changed hands 4 times (limit 1)')
})

test.each([
  ['a slip', [seen('08:00:00', 'A'), seen('09:00:00', 'B'), seen('10:00:00', 'A'), seen('11:00:00', 'A')]],
  ['an account that was passed on for good', [seen('08:00:00', 'A'), seen('09:00:00', 'A'), seen('10:00:00', 'B'), seen('11:00:00', 'B'), seen('12:00:00', 'B')]],
  ['accounts of the same name on two platforms', [
    seen('08:00:00', 'A'), seen('09:00:00', 'B', 'acc', 'p2'), seen('10:00:00', 'A'), seen('11:00:00', 'B', 'acc', 'p2'),
  ]],
  ['one learner with two accounts', [seen('08:00:00', 'A'), seen('09:00:00', 'A', 'acc2'), seen('10:00:00', 'A'), seen('11:00:00', 'A', 'acc2')]],
])('not %s', (_, events) => {
  expect(drive(sharedAccount).feed(...events).latest()).toEqual([])
})
