import { expect, test } from 'vitest'
import { judge, parseBudget } from './budget.ts'
import type { Comparison } from './compare.ts'
import { rate, type Rates } from './labels.ts'

const comparison = { added: 5, removed: 2, changed: 0, learners: { before: 9, after: 10, newly: 3, noLonger: 2 } } as Comparison
const rates: Rates = { precision: rate(19, 20), recall: rate(0, 0), falseAlarms: undefined }

test.each([
  ['added<5', false, '5'], ['added<=5', true, '5'], [' removed == 2 ', true, '2'], ['changed>0', false, '0'], ['learners<6', true, '5'],
  ['precision>=95%', true, '95 %'], ['precision>0.95', false, '95 %'],
])('%s', (text, kept, is) => {
  expect(judge([parseBudget(text)], comparison, rates)).toEqual([{ budget: text.trim(), kept, is }])
})

test('what cannot be judged is not kept to', () => {
  expect(judge([parseBudget('recall>=0%')], comparison, rates)).toEqual([{ budget: 'recall>=0%', kept: false, is: 'not evaluable' }])
  expect(judge([parseBudget('precision>=0')], comparison, undefined)).toEqual([{ budget: 'precision>=0', kept: false, is: 'not evaluable' }])
})

test('a log on which nothing can be judged keeps to nothing', () => {
  expect(judge([parseBudget('added<50')], comparison, rates, 'there is no event in the log')).toEqual([{ budget: 'added<50', kept: false, is: 'not evaluable: there is no event in the log' }])
})

test.each([
  ['added', 'is no limit; write it like `added<50`'], ['added<many', 'is no limit'], ['added=5', 'is no limit'], ['added<-5', 'is no limit'],
  ['warnings<5', 'limits `warnings`; there are `added`, `removed`'], ['added<5%', 'limits a count'], ['precision>95', 'limits a share; write it like `0.95` or `95%`'],
])('%s: %s', (text, message) => {
  expect(() => parseBudget(text)).toThrow(message)
})
