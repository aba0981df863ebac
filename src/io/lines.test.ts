import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { seeded } from '../testing/five-platforms.ts'
import { LineReader } from './lines.ts'

const dir = mkdtempSync(join(tmpdir(), 'invigil-'))
afterAll(() => rmSync(dir, { recursive: true }))
const MIB = 1 << 20

let files = 0
function file(content: string | Uint8Array): string {
  const path = join(dir, `f${files++}`)
  writeFileSync(path, content)
  return path
}

const readers: LineReader[] = []
afterAll(() => Promise.all(readers.map((r) => r.close())))

async function open(...args: Parameters<typeof LineReader.open>): Promise<LineReader> {
  const reader = await LineReader.open(...args)
  readers.push(reader)
  return reader
}

interface Line {
  text: string
  line: number
  offset: number
  next: number
  long?: number
}

function atHand(reader: LineReader): Line {
  const { overlong, line, offset, nextOffset: next } = reader
  const text = reader.bytes.toString('utf8', reader.start, reader.end)
  return overlong ? { text: overlong.head.toString('utf8', 0, 5), line, offset, next, long: overlong.length } : { text, line, offset, next }
}

async function readAll(reader: LineReader): Promise<Line[]> {
  const lines: Line[] = []
  for (;;) {
    while (reader.next()) lines.push(atHand(reader))
    if (!(await reader.fill())) return lines
  }
}

const texts = async (content: string | Uint8Array) => (await readAll(await open(file(content)))).map((l) => l.text)

test.each([
  ['nothing', '', []],
  ['lines', 'a\nb\n', ['a', 'b']],
  ['a last line without a break', 'a\nb', ['a', 'b']],
  ['CRLF, and CR elsewhere', 'a\r\nb\rc\r\n\r\n', ['a', 'b\rc', '']],
  ['blank lines', '\n\na\n\n', ['', '', 'a', '']],
  ['a byte order mark at the start', '\ufeffa\n\ufeffb\n', ['a', '\ufeffb']],
  ['a byte order mark alone', '\ufeff', ['']],
  ['a byte order mark and a break', '\ufeff\r\na', ['', 'a']],
  ['more than ASCII', 'é中\n😀\n', ['é中', '😀']],
])('%s', async (_, content, expected) => {
  expect(await texts(content)).toEqual(expected)
  expect(await texts(gzipSync(content))).toEqual(expected)
})

describe('a log of many megabytes', () => {
  const random = seeded(4)
  const lengths = Array.from({ length: 300 }, () => Math.floor(random() ** 4 * 200_000))
  lengths.push(MIB - 1, MIB, 5, MIB + 1, MIB + 2, MIB + 3, 7, 2 * MIB, 2 * MIB + 3, 3 * MIB, 5 * MIB + 17, 1)
  const content = lengths.map((n, i) => `${String.fromCharCode(97 + (i % 26)).repeat(n)}\n`).join('')
  const path = file(content)

  test('gives every line at its place, or how long it was', async () => {
    const lines = await readAll(await open(path))
    expect(lines.map((l) => l.long ?? l.text.length)).toEqual(lengths)
    let offset = 0
    for (const [i, l] of lines.entries()) {
      expect([l.line, l.offset, l.next]).toEqual([i + 1, offset, offset + (lengths[i] as number) + 1])
      expect(l.text.slice(0, 5)).toBe(content.slice(offset, offset + Math.min(5, lengths[i] as number)))
      // What could be an event is always there in full.
      if ((lengths[i] as number) <= MIB) expect(l.long).toBeUndefined()
      offset = l.next
    }
  })

  test('is read on from any line as if it had been read through', async () => {
    const lines = await readAll(await open(path))
    for (const i of [0, 17, 302, 305, 309, lines.length - 1]) {
      const from = lines[i] as Line
      const rest = await readAll(await open(path, { offset: from.next, line: from.line }))
      expect(rest.map((l) => [l.line, l.offset, l.long ?? l.text.length])).toEqual(lines.slice(i + 1).map((l) => [l.line, l.offset, l.long ?? l.text.length]))
    }
  })
})

test.each([
  ['a long line whose CR ends a piece that is read', MIB - 1, undefined],
  ['one whose line break begins a piece', MIB - 2, undefined],
  ['a line too long, whose CR ends what was let go', 2 * MIB - 1, 2 * MIB - 1],
  ['a line of 10 MB', 10_000_000, 10_000_000],
])('%s: CRLF counts for neither line', async (_, length, long) => {
  const lines = await readAll(await open(file(`${'x'.repeat(length)}\r\nnext\r\n\r\n`)))
  expect(lines.map((l) => [l.line, l.offset, l.next])).toEqual([[1, 0, length + 2], [2, length + 2, length + 8], [3, length + 8, length + 10]])
  expect(lines.map((l) => l.long ?? l.text.length)).toEqual([length, 4, 0])
  expect(lines[0]?.long).toBe(long)
})

test('what follows the last line break is the tail of a log: it may not be whole yet', async () => {
  for (const [content, tails] of [['a\nb\n', [false, false]], ['a\nb', [false, true]], ['x'.repeat(3 * MIB), [true]]] as const) {
    const reader = await open(file(content))
    const seen: boolean[] = []
    while (await reader.fill()) while (reader.next()) seen.push(reader.isTail)
    expect(seen).toEqual(tails)
  }
})

test('a line that is too long and never ends', async () => {
  const lines = await readAll(await open(file(`a\n${'x'.repeat(4 * MIB + 5)}`)))
  expect(lines).toMatchObject([{ text: 'a' }, { text: 'xxxxx', line: 2, offset: 2, next: 4 * MIB + 7, long: 4 * MIB + 5 }])
})

describe('a log that is followed', () => {
  test('has a line once it is whole', async () => {
    const path = file('one\ntw')
    const reader = await open(path, { follow: true })
    expect((await readAll(reader)).map((l) => l.text)).toEqual(['one'])
    expect(reader.nextOffset).toBe(4)
    appendFileSync(path, 'o')
    expect(await readAll(reader)).toEqual([])
    appendFileSync(path, '\nthree\nfo')
    expect((await readAll(reader)).map((l) => [l.text, l.line, l.offset])).toEqual([['two', 2, 4], ['three', 3, 8]])
  })

  test('that is cut short ends: its last words are a line, too', async () => {
    const path = file('one\ntwo\nthr')
    const reader = await open(path, { follow: true })
    await readAll(reader)
    truncateSync(path, 2)
    expect((await readAll(reader)).map((l) => l.text)).toEqual(['thr'])
    expect(reader.fault).toMatchObject({ code: 'bad-input', message: expect.stringContaining('shorter') as string })
    expect(await reader.fill()).toBe(false)
  })

  test('is read on at the beginning of a line, however much of it has come', async () => {
    const path = file(`one\n${'x'.repeat(3 * MIB)}`)
    const reader = await open(path, { follow: true })
    await readAll(reader)
    expect([reader.nextOffset, reader.line]).toEqual([4, 1])
    const again = await open(path, { offset: reader.nextOffset, line: reader.line, follow: true })
    appendFileSync(path, 'yy\nend\n')
    for (const r of [reader, again]) {
      expect((await readAll(r)).map((l) => [l.long ?? l.text, l.line, l.offset])).toEqual([[3 * MIB + 2, 2, 4], ['end', 3, 3 * MIB + 7]])
    }
  })
})
