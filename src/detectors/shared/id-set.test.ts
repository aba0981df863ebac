import { expect, test } from 'vitest'
import { hasId, withId } from './id-set.ts'

test('has what was added, and nothing else', () => {
  let set = ''
  for (let i = 0; i < 300; i += 3) set = withId(set, `chapter-${i}`)
  expect(set).toHaveLength(500)
  for (let i = 0; i < 300; i++) expect(hasId(set, `chapter-${i}`)).toBe(i % 3 === 0)
})

test('adding twice changes nothing', () => {
  expect(withId(withId('', 'c1'), 'c1')).toBe(withId('', 'c1'))
})
