import { expect, test } from 'vitest'
import { unjudgedKey } from '../engine/runtime.ts'
import { at, drive } from '../testing/drive.ts'
import { twoAccounts } from './two-accounts.ts'

const use = (time: string, account: string, learner = 'L1') => at(time, 'played', learner, 'c1', { account })

test('an account that comes back after another was used', () => {
  const given = [use('08:00:00', 'a'), use('08:10:00', 'a'), use('09:00:00', 'b'), use('09:10:00', 'b'), use('10:00:00', 'a')]
  const d = drive(twoAccounts).feed(...given).mark('2026-03-04T00:00:00')
  expect(d.warnings().map((w) => w.episode)).toEqual(['ongoing', 'ended'])
  expect(d.latest()[0]).toMatchObject({
    begin: '2026-03-02T09:00:00.000Z', end: '2026-03-02T10:00:00.000Z', facts: { accounts: ['a', 'b'], changes: 2, hours: 1 }, evidence: { count: 3 },
    summary: { en: 'one learner used 2 accounts in turn (a, b), changing 2 times in 1 h (limit: one account)' },
  })
})

test('days apart', () => {
  const given = [
    use('08:00:00', 'a'), use('08:01:00', 'a'), use('2026-03-05T08:00:00', 'b'), use('2026-03-05T08:01:00', 'b'), use('2026-03-09T08:00:00', 'a'),
  ]
  expect(drive(twoAccounts).feed(...given).latest().map((w) => w.facts.accounts)).toEqual([['a', 'b']])
})

test.each([
  ['an account that was renamed', [use('08:00:00', 'a'), use('08:10:00', 'a'), use('09:00:00', 'b'), use('09:10:00', 'b'), use('10:00:00', 'b')]],
  ['one wrong record', [use('08:00:00', 'a'), use('08:10:00', 'a'), use('08:20:00', 'b'), use('08:30:00', 'a'), use('08:40:00', 'a')]],
  ['one name in two spellings', ['Li', 'li', 'Li', 'li ', 'Li'].map((a, i) => use(`08:0${i}:00`, a))],
  ['two learners of one account each', [use('08:00:00', 'a'), use('08:01:00', 'b', 'L2'), use('08:02:00', 'a'), use('08:03:00', 'b', 'L2')]],
])('no warning: %s', (_, given) => {
  expect(drive(twoAccounts).feed(...given).mark('2026-03-05T00:00:00').warnings()).toEqual([])
})

test('where learner and account are one to one, nothing can be judged', () => {
  const d = drive(twoAccounts).feed(use('08:00:00', 'L1'), use('08:10:00', 'L1'))
  expect(d.warnings()).toEqual([])
  expect(d.machine.unjudged()).toEqual({ [unjudgedKey('two-accounts', 'p1', 'learner and account are one to one')]: 1 })
})
