import { expect, test } from 'vitest'
import { Claims, columnOf, readClaim, type Claim, type ClaimRow } from './claims.ts'

const OF = { hour: 2700, platform: undefined }
const read = (row: ClaimRow, of = OF): unknown => {
  const claim = readClaim(row, of)
  return 'reason' in claim ? claim.reason : claim
}

test.each([
  ['platform', 'platform'], [' Platform ', 'platform'], ['学员', 'learner'], ['学时', 'hours'], ['日期', 'date'], ['score', undefined],
])('the column `%s` means %s', (name, column) => expect(columnOf(name)).toBe(column))

test('a class hour is as long as is said', () => {
  expect(read({ platform: 'p', learner: ' L1 ', chapter: 'c1', hours: '1.5' })).toEqual({ platform: 'p', learner: 'L1', class: undefined, course: undefined, chapter: 'c1', seconds: 4050, date: undefined })
  expect(read({ platform: 'p', learner: 'L1', hours: '1' }, { ...OF, hour: 3600 })).toMatchObject({ seconds: 3600 })
  expect(read({ learner: 'L1', seconds: '90' }, { hour: 2700, platform: 'all' } as never)).toMatchObject({ platform: 'all', seconds: 90 })
})

test.each<[string, ClaimRow, string]>([
  ['no platform', { learner: 'L1', hours: '1' }, 'no-platform'],
  ['no learner', { platform: 'p', learner: ' ', hours: '1' }, 'no-learner'],
  ['an id that a spreadsheet has shortened', { platform: 'p', learner: '5.30102E+17', hours: '1' }, 'shortened-id'],
  ['no time', { platform: 'p', learner: 'L1', hours: '' }, 'no-time'],
  ['a comma', { platform: 'p', learner: 'L1', hours: '1,5' }, 'bad-hours'],
  ['less than nothing', { platform: 'p', learner: 'L1', hours: '-1' }, 'bad-hours'],
  ['words', { platform: 'p', learner: 'L1', seconds: 'many' }, 'bad-seconds'],
  ['no number', { platform: 'p', learner: 'L1', seconds: 'NaN' }, 'bad-seconds'],
  ['two times that differ', { platform: 'p', learner: 'L1', hours: '1', seconds: '3600' }, 'hours-and-seconds'],
  ['a day that no calendar has', { platform: 'p', learner: 'L1', hours: '1', date: '2026-02-30' }, 'bad-date'],
  ['a date in another order', { platform: 'p', learner: 'L1', hours: '1', date: '03/02/2026' }, 'bad-date'],
  ['a name without end', { platform: 'p', learner: 'L'.repeat(1025), hours: '1' }, 'bad-row'],
])('%s is refused', (_, row, reason) => expect(read(row)).toBe(reason))

test.each(['2026-03-02', '2026/3/2', '2026.03.02', '2026年3月2日', '2026-03-02 08:00:00', '2026-03-02T08:00:00+08:00'])('the day of `%s`', (date) => {
  expect(read({ platform: 'p', learner: 'L1', hours: '1', date })).toMatchObject({ date: '2026-03-02' })
})

test('ids that a list of ours has marked', () => {
  expect(read({ platform: 'p', learner: "'530102199001011234", chapter: "'1-2", class: "'tis", hours: '1' })).toMatchObject({ learner: '530102199001011234', chapter: '1-2', class: "'tis" })
})

test('hours and seconds that say the same, but for rounding', () => {
  expect(read({ platform: 'p', learner: 'L1', hours: '0.33', seconds: '900' })).toMatchObject({ seconds: 900 })
})

test('claims of one level are added up, a row that says the same again counts once, and days beyond the records are kept apart', () => {
  const claims = new Claims(({ date }) => date !== '2025-01-01')
  const claim: Claim = { platform: 'p', learner: 'L1', class: 'k', course: undefined, chapter: 'c1', seconds: 100, date: '2026-03-02' }
  claims.add(claim, 2)
  claims.add({ ...claim }, 3)
  claims.add({ ...claim, date: '2026-03-03' }, 4)
  claims.add({ ...claim, date: '2025-01-01' }, 5)
  claims.add({ ...claim, chapter: undefined }, 6)
  claims.add({ ...claim, learner: 'L2' }, 7)
  const repeated: number[] = []
  expect(claims.units('p\u0000L1', (line) => repeated.push(line))).toEqual([
    { class: 'k', course: undefined, chapter: 'c1', seconds: 300, outside: 100 },
    { class: 'k', course: undefined, chapter: undefined, seconds: 100, outside: 0 },
  ])
  expect(repeated).toEqual([3])
  expect(claims.units('p\u0000nobody', (line) => repeated.push(line))).toEqual([])
})
