import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LearnersFirst } from './learners-first.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Something that is done when it is told. */
function held(): { promise: Promise<void>; done: () => void; fail: (e: Error) => void } {
  let [done, fail]: [() => void, (e: Error) => void] = [() => undefined, () => undefined]
  const promise = new Promise<void>((resolve, reject) => ([done, fail] = [resolve, reject]))
  return { promise, done, fail }
}

/** Whether a resource task's turn has come. */
function turnOf(order: LearnersFirst): { isCome: boolean } {
  const turn = { isCome: false }
  void order.resource().then(() => (turn.isCome = true))
  return turn
}

test('resource tasks wait for the learner tasks that come with them, also for one that comes meanwhile and for one that fails', async () => {
  const order = new LearnersFirst(true)
  const [first, second] = [held(), held()]
  const turn = turnOf(order)
  await vi.advanceTimersByTimeAsync(500)
  void order.learner(first.promise)
  await vi.advanceTimersByTimeAsync(5000)
  const failing = order.learner(second.promise)
  first.done()
  await vi.advanceTimersByTimeAsync(5000)
  expect(turn.isCome).toBe(false)
  second.fail(new Error('not at present'))
  await expect(failing).rejects.toThrow('not at present')
  // They catch up first.
  await vi.advanceTimersByTimeAsync(4999)
  expect(turn.isCome).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(turn.isCome).toBe(true)
  expect(vi.getTimerCount()).toBe(0)
})

test('they do not wait where no learner task comes, or comes to be loaded, or none can come', async () => {
  const order = new LearnersFirst(true)
  const early = turnOf(order)
  await vi.advanceTimersByTimeAsync(1000)
  expect(early.isCome).toBe(true)
  void order.learner(held().promise)
  const late = turnOf(order)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(late.isCome).toBe(false)
  await vi.advanceTimersByTimeAsync(6000)
  expect(late.isCome).toBe(true)
  const alone = turnOf(new LearnersFirst(false))
  await vi.advanceTimersByTimeAsync(0)
  expect(alone.isCome).toBe(true)
})

test('they do not keep a process from leaving', async () => {
  const order = new LearnersFirst(true)
  void order.learner(held().promise)
  const [early, late] = [turnOf(order), turnOf(order)]
  await vi.advanceTimersByTimeAsync(2000)
  order.leave()
  await vi.advanceTimersByTimeAsync(0)
  expect([early.isCome, late.isCome, vi.getTimerCount()]).toEqual([true, true, 0])
  const then = turnOf(order)
  await vi.advanceTimersByTimeAsync(0)
  expect(then.isCome).toBe(true)
})
