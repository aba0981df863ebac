import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporary } from '../testing/runs.ts'
import { DurableLines } from './durable-lines.ts'

const dir = temporary()
const read = (path: string) => readFileSync(path, 'utf8')

test('lines are there for whoever opens it next; half a line does not count', () => {
  const path = join(dir, 'one')
  const first = DurableLines.open(path)
  expect(first.lines).toEqual([])
  first.file.append('日')
  first.file.append('b')
  first.file.close()
  appendFileSync(path, 'half')
  const second = DurableLines.open(path)
  expect(second.lines).toEqual(['日', 'b'])
  second.file.append('c')
  second.file.close()
  expect(read(path)).toBe('日\nb\nc\n')
})

test('goes on after some of its lines, at the beginning or later', () => {
  const path = join(dir, 'two')
  writeFileSync(path, '日\nb\nc\nd\n')
  const { file, lines } = DurableLines.open(path, 3)
  expect(lines).toEqual(['日', 'b', 'c'])
  file.cut(1)
  file.append('e')
  file.close()
  expect(read(path)).toBe('日\ne\n')
})
