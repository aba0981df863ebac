import { execFileSync, spawn } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { openBytes, type Bytes } from './bytes.ts'

const dir = mkdtempSync(join(tmpdir(), 'invigil-'))
afterAll(() => rmSync(dir, { recursive: true }))

let files = 0
function file(content: string | Uint8Array): string {
  const path = join(dir, `f${files++}`)
  writeFileSync(path, content)
  return path
}

async function readAll(bytes: Bytes): Promise<string> {
  const into = Buffer.alloc(7)
  let text = ''
  for (let n = await bytes.read(into, 2); n > 0; n = await bytes.read(into, 2)) text += into.toString('latin1', 2, 2 + n)
  return text
}

const text = Array.from({ length: 1000 }, (_, i) => `line ${i}\n`).join('')

describe.each([
  ['a file', () => file(text)],
  ['a compressed file', () => file(gzipSync(text))],
  ['compressed files one after the other in one', () => file(Buffer.concat([gzipSync(text.slice(0, 4000)), gzipSync(text.slice(4000))]))],
])('%s', (_, make) => {
  test('is read whole, and from any offset of its uncompressed bytes', async () => {
    const path = make()
    for (const offset of [0, 1, 5000, text.length - 1, text.length]) {
      const bytes = await openBytes(path, offset)
      expect(await readAll(bytes)).toBe(text.slice(offset))
      expect(bytes.fault).toBeUndefined()
      const { read, size } = bytes.progress()
      expect(read).toBe(size)
      await bytes.close()
    }
  })
})

test('an offset beyond the end says that the log is shorter than it was', async () => {
  await expect(openBytes(file(gzipSync('abc')), 4)).rejects.toMatchObject({ code: 'bad-state' })
  await expect(openBytes(file('abc'), 4)).rejects.toMatchObject({ code: 'bad-state' })
})

test('a file that grows is read on; one that became shorter is not the same file', async () => {
  const path = file('one\n')
  const bytes = await openBytes(path, 0, { follow: true })
  expect(await readAll(bytes)).toBe('one\n')
  appendFileSync(path, 'two\n')
  expect(await readAll(bytes)).toBe('two\n')
  truncateSync(path, 3)
  expect(await readAll(bytes)).toBe('')
  expect(bytes.fault).toMatchObject({ code: 'bad-input' })
  appendFileSync(path, 'something else, and longer\n')
  expect(await readAll(bytes)).toBe('')
  await bytes.close()
})

test('compressed data that is cut off or damaged: what came before it counts, and the fault says what to do', async () => {
  const whole = gzipSync(Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7919) % 251)))
  const cut = await openBytes(file(whole.subarray(0, whole.length - 20)), 0)
  expect((await readAll(cut)).length).toBeGreaterThan(0)
  expect(cut.fault).toMatchObject({ code: 'bad-input', message: expect.stringContaining('ends in the middle') as string })
  expect(await cut.read(Buffer.alloc(8), 0)).toBe(0)
  const damaged = Buffer.from(whole)
  damaged.fill(0xff, 200, 400)
  const bad = await openBytes(file(damaged), 0)
  await readAll(bad)
  expect(bad.fault).toMatchObject({ code: 'bad-input', message: expect.stringContaining('damaged') as string })
})

test('what is not there, or is a directory, is said to be so', async () => {
  await expect(openBytes(join(dir, 'none'), 0)).rejects.toMatchObject({ code: 'not-found' })
  mkdirSync(join(dir, 'folder'))
  await expect(openBytes(join(dir, 'folder'), 0)).rejects.toMatchObject({ code: 'bad-input' })
})

test('an empty file is empty', async () => {
  expect(await readAll(await openBytes(file(''), 0))).toBe('')
})

test.skipIf(process.platform === 'win32')('a pipe with a name is read as it comes', async () => {
  const path = join(dir, 'pipe')
  execFileSync('mkfifo', [path])
  spawn('sh', ['-c', '(printf "one\\n"; printf "two\\n") > "$0"', path], { stdio: 'ignore' })
  const bytes = await openBytes(path, 2)
  expect(await readAll(bytes)).toBe('e\ntwo\n')
  await bytes.close()
})
