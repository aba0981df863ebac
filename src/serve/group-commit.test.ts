import { expect, test } from 'vitest'
import { GroupCommit } from './group-commit.ts'

test('what comes while a write is under way goes out with the next one, in its order', async () => {
  const batches: number[][] = []
  const gates: (() => void)[] = []
  const commits = new GroupCommit<number>((items) => {
    batches.push([...items])
    return new Promise((done) => gates.push(done))
  })
  const done: number[] = []
  const add = (n: number): Promise<void> => commits.add(n, 10).then(() => void done.push(n))
  const all = [add(1), add(2)]
  await Promise.resolve()
  await Promise.resolve()
  all.push(add(3), add(4))
  expect(batches).toEqual([[1, 2]])
  expect(commits.backlog).toBe(40)
  gates[0]?.()
  await Promise.all(all.slice(0, 2))
  expect(done).toEqual([1, 2])
  expect(batches).toEqual([[1, 2], [3, 4]])
  gates[1]?.()
  await commits.settle()
  await Promise.all(all)
  expect(commits.backlog).toBe(0)
})

test('where a write fails, none of its batch counts as written, and the next batch is tried', async () => {
  let writes = 0
  const commits = new GroupCommit<string>(() => (++writes === 1 ? Promise.reject(new Error('full')) : Promise.resolve()))
  const first = await Promise.allSettled([commits.add('a', 1), commits.add('b', 1)])
  expect(first.map((r) => r.status)).toEqual(['rejected', 'rejected'])
  await commits.add('c', 1)
  expect(commits.backlog).toBe(0)
})
