import { expect, test } from 'vitest'
import { Room } from './body.ts'

test('who has taken all that one may have leaves room for the others, and gives back what it had in both', () => {
  const all = new Room(100)
  const [one, two] = [new Room(60, all), new Room(60, all)]
  expect([one.take(50), one.take(20), two.take(50), two.isFull, one.isFull]).toEqual([true, false, true, true, true])
  one.give(50)
  expect([two.take(20), two.take(10), one.take(40)]).toEqual([false, true, true])
  one.give(40)
  two.give(60)
  expect(all.take(100)).toBe(true)
})
