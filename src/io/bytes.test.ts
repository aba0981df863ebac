import { execFileSync, spawn } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { seeded } from '../testing/five-platforms.ts'
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

describe('of compressed data that breaks off', () => {
  // Text that does not compress to nothing, so that there are many pieces.
  const random = seeded(9)
  const long = Array.from({ length: 20_000 }, (_, i) => `{"n":${i},"x":${random()}}\n`).join('')
  const zipped = gzipSync(long)
  const readOf = async (content: Uint8Array) => {
    const bytes = await openBytes(file(content), 0)
    const into = Buffer.alloc(1 << 16)
    let read = ''
    for (let n = await bytes.read(into, 0); n > 0; n = await bytes.read(into, 0)) read += into.toString('latin1', 0, n)
    await bytes.close()
    return { read, fault: bytes.fault?.message }
  }

  test.each([
    ['plain text behind it', Buffer.from('{"n":1}\n'.repeat(9)), /damaged gzip/],
    ['half a header behind it', zipped.subarray(0, 5), /ends in the middle/],
    ['a broken member behind it', Buffer.concat([zipped.subarray(0, 10), Buffer.alloc(99, 0xff)]), /damaged gzip/],
    ['another member behind zeros', Buffer.concat([Buffer.alloc(600), zipped]), /something behind its end/],
  ])('all of the whole member is there: %s', async (_, tail, message) => {
    const { read, fault } = await readOf(Buffer.concat([zipped, tail]))
    expect(read === long).toBe(true)
    expect(fault).toMatch(message)
  })

  test('zeros behind it, as on a tape, are nothing', async () => {
    const { read, fault } = await readOf(Buffer.concat([zipped, Buffer.alloc(70_000)]))
    expect([read === long, fault]).toEqual([true, undefined])
  })

  test('a cut takes no more than what was cut off', async () => {
    for (const cut of [1, 8, 9, 100, 20_000]) {
      const { read, fault } = await readOf(zipped.subarray(0, zipped.length - cut))
      expect(long.startsWith(read)).toBe(true)
      // The last 8 bytes are a checksum and a length.
      if (cut <= 8) expect(read.length).toBe(long.length)
      else expect(read.length).toBeGreaterThan(long.length - 4 * cut - 400)
      expect(fault).toMatch(/ends in the middle/)
    }
  })

  test('a checksum that does not fit is told, and takes nothing', async () => {
    const wrong = Buffer.from(zipped)
    wrong.writeUInt32LE(1, wrong.length - 8)
    const { read, fault } = await readOf(wrong)
    expect([read === long, fault]).toEqual([true, expect.stringMatching(/damaged gzip \(incorrect data check\)/)])
  })
})

test.each([
  ['a zip archive', [0x50, 0x4b, 3, 4]],
  ['compressed with zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['written in UTF-16', [0xff, 0xfe, 0x7b, 0]],
])('a file that is %s is said to be so', async (what, magic) => {
  await expect(openBytes(file(Buffer.from([...magic, 0, 0, 0, 0, 0])), 0)).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining(what) as string })
})

test('only a plain file can be followed', async () => {
  await expect(openBytes(file(gzipSync('a\n')), 0, { follow: true })).rejects.toMatchObject({ code: 'usage' })
})

test('a reader that is closed while it waits for more is let go', async () => {
  const path = join(dir, 'idle')
  execFileSync('mkfifo', [path])
  const writer = spawn('sh', ['-c', 'exec 3> "$0"; printf "some bytes" >&3; read x', path], { stdio: ['pipe', 'ignore', 'ignore'] })
  const bytes = await openBytes(path, 0)
  expect(await bytes.read(Buffer.alloc(64), 0)).toBe(10)
  const waiting = bytes.read(Buffer.alloc(64), 0)
  await bytes.close()
  expect(await waiting).toBe(0)
  writer.stdin?.end()
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
