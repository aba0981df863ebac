import { expect, test } from 'vitest'
import { ReplayPosition, type Choice } from './replay-position.ts'

const ALL: Choice = { reasons: [], sources: [] }
const dates: Choice = { reasons: ['bad-date'], sources: [] }
const lms: Choice = { reasons: [], sources: ['lms'] }
const date = { reason: 'bad-date', topic: 'lms' } as const
const future = { reason: 'future', topic: 'lms' } as const
const other = { reason: 'future', topic: 'other' } as const

const kept = (position: ReplayPosition, start = 0): ReplayPosition => ReplayPosition.of({ offset: position.offset, metadata: position.metadata }, start)
const done = (position: ReplayPosition, offset: number): boolean[] => [date, future, other].map((reject) => position.isDone(offset, reject))

test('what was chosen by reason or source is done, the rest is not, and a whole replay ends that', () => {
  const position = ReplayPosition.of(undefined, 5)
  expect([position.offset, position.metadata, done(position, 4), done(position, 5)]).toEqual([5, '', [true, true, true], [false, false, false]])
  position.advance(dates, 20)
  expect([done(kept(position), 19), done(kept(position), 20), position.offset]).toEqual([[true, false, false], [false, false, false], 5])
  position.advance(lms, 10)
  expect([done(kept(position), 9), done(kept(position), 10)]).toEqual([[true, true, false], [true, false, false]])
  position.advance(ALL, 15)
  expect([position.offset, done(kept(position), 14), done(kept(position), 15)]).toEqual([15, [true, true, true], [true, false, false]])
  position.advance(ALL, 25)
  expect(position.metadata).toBe('')
})

test('the same choice in another order is one, and never goes back', () => {
  const position = ReplayPosition.of(undefined, 0)
  position.advance({ reasons: ['future', 'bad-date'], sources: [] }, 9)
  position.advance({ reasons: ['bad-date', 'future', 'bad-date'], sources: [] }, 7)
  expect(JSON.parse(position.metadata)).toEqual([{ r: ['bad-date', 'future'], s: [], to: 9 }])
})

test('a reason and a source choose what is both', () => {
  const position = ReplayPosition.of(undefined, 0)
  position.advance({ reasons: ['future'], sources: ['lms'] }, 9)
  expect(done(position, 3)).toEqual([false, true, false])
})

test('what the log has forgotten is forgotten', () => {
  const position = ReplayPosition.of(undefined, 0)
  position.advance(dates, 20)
  expect(kept(position, 20).metadata).toBe('')
  expect(kept(position, 19).metadata).not.toBe('')
})

test('more choices than fit are told before anything is lost, and what is not ours is refused', () => {
  const position = ReplayPosition.of(undefined, 0)
  expect(() => { for (let n = 0; n < 1000; n++) position.advance({ reasons: [], sources: [`topic-${n}`] }, 5) }).toThrow('too many different choices')
  for (const metadata of ['x', '{}', '[{"r":[]}]']) expect(() => ReplayPosition.of({ offset: 0, metadata }, 0)).toThrow('is not of Invigil')
})
