import { fc } from '../testing/fuzz.ts'
import { describe, expect, test } from 'vitest'
import type { Bytes } from './bytes.ts'
import { FramedReader } from './framed.ts'
import { CsvFraming, JsonFraming, type Framing } from './framing.ts'
import type { Position } from './record-reader.ts'

const MIB = 1 << 20

/** Bytes that come in pieces of given sizes, over and over, and more of them when it is told. */
class Pieces implements Bytes {
  readonly name = 'log'
  readonly fault = undefined
  private content: Buffer
  private readonly sizes: readonly number[]
  private at: number
  private n = 0

  constructor(content: Buffer | string, sizes: readonly number[] = [1 << 20], at = 0) {
    this.content = Buffer.from(content)
    this.sizes = sizes
    this.at = at
  }

  grow(more: string): void {
    this.content = Buffer.concat([this.content, Buffer.from(more)])
  }

  read(into: Buffer, at: number): Promise<number> {
    const size = Math.max(1, this.sizes[this.n++ % this.sizes.length] as number)
    const n = this.content.copy(into, at, this.at, Math.min(this.content.length, this.at + size))
    this.at += n
    return Promise.resolve(n)
  }

  progress = () => ({ read: this.at, size: this.content.length })
  close = () => Promise.resolve()
}

interface Told {
  text: string
  long?: number
  line: number
  here: Position
  after: Position
}

const csv = (): Framing => new CsvFraming(',')
const json = (from?: Position): Framing => new JsonFraming('statements', from?.inside)

async function drain(reader: FramedReader): Promise<Told[]> {
  const told: Told[] = []
  for (;;) {
    while (reader.next()) {
      const { overlong, line } = reader
      const text = overlong ? overlong.head.toString('utf8', 0, 5) : reader.bytes.toString('utf8', reader.start, reader.end)
      told.push({ text, ...(overlong ? { long: overlong.length } : {}), line, here: reader.here(), after: reader.after() })
    }
    if (!(await reader.fill())) return told
  }
}

function read(content: Buffer | string, framing: (from?: Position) => Framing, { sizes, from }: { sizes?: readonly number[]; from?: Position } = {}): Promise<Told[]> {
  return drain(new FramedReader(new Pieces(content, sizes, from?.offset), framing(from), { from }))
}

const texts = async (content: string, framing: () => Framing) => (await read(content, framing)).map((t) => t.text)

test.each([
  ['nothing', '', []],
  ['rows', 'a,b\n1,2\n', ['a,b', '1,2']],
  ['a last row without a break', 'a\nb', ['a', 'b']],
  ['CRLF', 'a\r\n"b\r\nc",d\r\n', ['a', '"b\r\nc",d']],
  ['blank rows', '\na\n\n', ['', 'a', '']],
  ['breaks in quotes, and quotes in them', '"a\nb","""\n""",c\nd', ['"a\nb","""\n""",c', 'd']],
  ['quotes that open nothing', 'a 5" b,c\nd"\ne', ['a 5" b,c', 'd"', 'e']],
  ['a mark before a quote', '\uFEFF"a\nb",c\nd', ['\uFEFF"a\nb",c', 'd']],
  ['a quote that is not closed: its line, and then the rest', 'a\n"b\nc\nd', ['a', '"b', 'c', 'd']],
])('CSV: %s', async (_, content, expected) => {
  expect(await texts(content, csv)).toEqual(expected)
})

const [one, two] = ['{\n  "a": "]}\\"",\n  "b": [1, {"statements": [2]}]\n}', '{"c":"\u4e2d"}']
test.each([
  ['nothing', '', []],
  ['a list', `[\n${one},\n${two}\n]\n`, [one, two]],
  ['an empty list', '[]', []],
  ['objects in a row', `${one}\n\n${two}${two}`, [one, two, two]],
  ['what an object holds, with what stands around it', `{"x": {"y": [1]}, "statements" : [${one}, ${two}], "more": "/s?a=}", "n": {"z": []}}\n`, [one, two]],
  ['several of these', `{"statements":[${two}],"more":""}{"statements":[]}[${one}]${two}`, [two, one, two]],
  ['a list of another name belongs to its object', `{"data":[${two}]}`, [`{"data":[${two}]}`]],
  ['what is no object', `[1, "a,]", ${two}, null]\nhello world\n${two}`, ['1', '"a,]"', two, 'null', 'hello world', two]],
  ['an object that is cut off', `[${two}, {"a": [`, [two, '{"a": [']],
  ['a mark', `\uFEFF[${two}]`, [two]],
  ['a text that is not closed costs its line', `[\n{"a": "x},\n${two}]`, ['{"a": "x},', two]],
  ['what is not closed behind a list that an object holds', `{"statements":[${two}],"more":`, [two, '],"more":']],
])('JSON: %s', async (_, content, expected) => {
  expect(await texts(content, json)).toEqual(expected)
})

test('lines count every line break, in records and between them', async () => {
  expect((await read('a\n"b\nc"\nd\n', csv)).map((t) => t.line)).toEqual([1, 2, 4])
  expect((await read(`[\n${one},${two},\n\n${two}]`, json)).map((t) => t.line)).toEqual([2, 5, 7])
})

const csvLog = fc.array(fc.stringMatching(/^[",\n\ra\u4e2d]{0,9}$/), { maxLength: 9 }).map((parts) => parts.join('\n'))
const jsonLog = fc.array(
  fc.oneof(fc.json(), fc.array(fc.dictionary(fc.string(), fc.jsonValue())).map((statements) => JSON.stringify({ statements, more: 'x' }, null, 1)), fc.stringMatching(/^[[\]{},"\\\n1]{0,9}$/)),
  { maxLength: 5 },
).map((parts) => parts.join('\n'))

describe.each([['CSV', csvLog, csv], ['JSON', jsonLog, json]] as const)('laws of %s', (_, log, framing) => {
  test('the pieces that it comes in change nothing', async () => {
    await fc.assert(fc.asyncProperty(log, fc.array(fc.nat(9), { minLength: 1, maxLength: 5 }), async (content, sizes) => {
      expect(await read(content, framing, { sizes })).toEqual(await read(content, framing))
    }))
  })

  test('from every place that it tells, it goes on as if it had not stopped', async () => {
    await fc.assert(fc.asyncProperty(log, async (content) => {
      const all = await read(content, framing)
      for (const [i, told] of all.entries()) {
        expect(await read(content, framing, { from: told.here })).toEqual(all.slice(i))
        expect(await read(content, framing, { from: told.after })).toEqual(all.slice(i + 1))
      }
    }))
  })

  test('records follow each other, and lie where they are said to', async () => {
    await fc.assert(fc.asyncProperty(log, async (content) => {
      const bytes = Buffer.from(content)
      let [before, lines] = [0, 0]
      for (const { text, line, here, after } of await read(content, framing)) {
        expect(here.offset).toBeGreaterThanOrEqual(before)
        expect(bytes.toString('utf8', here.offset, after.offset).startsWith(text)).toBe(true)
        lines += bytes.toString('utf8', before, here.offset).split('\n').length - 1
        expect([line, here.line]).toEqual([lines + 1, lines])
        lines += bytes.toString('utf8', here.offset, after.offset).split('\n').length - 1
        before = after.offset
      }
    }))
  })

  test('one that grows gives the same, and no record before it is whole', async () => {
    await fc.assert(fc.asyncProperty(log, fc.nat(), async (content, at) => {
      const cut = content.length === 0 ? 0 : at % content.length
      const pieces = new Pieces(content.slice(0, cut))
      const reader = new FramedReader(pieces, framing(), { follow: true })
      const first = await drain(reader)
      pieces.grow(content.slice(cut))
      const both = [...first, ...(await drain(reader))]
      const all = await read(content, framing)
      expect(both).toEqual(all.slice(0, both.length))
    }))
  })
})

test('CSV has every field that was written, whatever is in them', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.array(fc.string(), { minLength: 1 })), fc.array(fc.nat(5), { minLength: 1 }), async (rows, sizes) => {
    const written = rows.map((fields) => fields.map((f) => `"${f.replaceAll('"', '""')}"`).join(','))
    expect((await read(written.map((r) => `${r}\n`).join(''), csv, { sizes })).map((t) => t.text)).toEqual(written)
  }))
})

describe('records that are too long', () => {
  const row = (n: number) => 'x'.repeat(n)
  const content = [row(MIB), row(5), row(MIB + 3), row(3 * MIB), 'end'].map((r) => `${r}\r\n`).join('')

  test.each([[[1 << 18]], [[100_003]], [[7, 1 << 18]]])('rows, in pieces of %j bytes', async (sizes) => {
    const told = await read(content, csv, { sizes })
    expect(told.map((t) => t.long ?? t.text.length)).toEqual([MIB, 5, MIB + 3, 3 * MIB, 3])
    expect(told.map((t) => t.line)).toEqual([1, 2, 3, 4, 5])
    for (const [i, t] of told.entries()) expect(await read(content, csv, { from: t.here })).toEqual(told.slice(i))
  })

  test('a quote that was opened by mistake costs its line, not the rest of the log', async () => {
    const lines = ['a', '"b,1', ...Array.from({ length: 3 }, (_, i) => `${i}${row(MIB - 9)}`), 'end']
    for (const sizes of [[1 << 18], [65_537]]) expect((await read(lines.join('\n'), csv, { sizes })).map((t) => t.text.slice(0, 4))).toEqual(lines.map((l) => l.slice(0, 4)))
  })

  test('an object in a list', async () => {
    const long = JSON.stringify({ a: row(3 * MIB) })
    const told = await read(`[\n${two},\n${long},\n${two}]`, json)
    expect(told.map((t) => [t.text, t.long, t.line])).toEqual([[two, undefined, 2], ['{"a":', long.length, 3], [two, undefined, 4]])
    expect(await read(`[\n${two},\n${long},\n${two}]`, json, { from: told[0]?.after })).toEqual(told.slice(1))
  })

  test('one that never ends', async () => {
    expect((await read(`a\n${row(2 * MIB + 5)}`, csv)).map((t) => t.long)).toEqual([undefined, 2 * MIB + 5])
  })
})

describe('a document with a mistake in one record', () => {
  const records = Array.from({ length: 8 }, (_, i) => ({ id: i, list: [1, { deep: ['x', '[{"\\'] }], more: { a: { b: '}' } } }))
  const forms: [string, string][] = [
    ['a list over many lines', JSON.stringify(records, null, 2)],
    ['an object that holds it', JSON.stringify({ statements: records, more: 'x' }, null, 2)],
    ['a list with a record a line', `[\n${records.map((r) => JSON.stringify(r)).join(',\n')}\n]`],
    ['records in a row', records.map((r) => JSON.stringify(r, null, 1)).join('\n')],
  ]

  test.each(forms)('%s: whatever is missing, the others are there, but for the next one at most', async (_, content) => {
    const from = content.indexOf('"id"', content.indexOf('2,', content.indexOf('"id"') + 20))
    const begin = content.lastIndexOf('{', content.search(/"id": ?3/))
    const end = content.lastIndexOf('{', content.search(/"id": ?4/))
    expect(from).toBeGreaterThan(0)
    const idOf = (text: string): unknown => {
      try {
        return (JSON.parse(text) as { id?: number } | null)?.id
      } catch {
        return undefined
      }
    }
    for (let at = begin; at < end; at++) {
      const broken = content.slice(0, at) + content.slice(at + 1)
      const told = await read(broken, json)
      const ids = told.map((t) => idOf(t.text)).filter((id) => typeof id === 'number')
      expect([at, ids]).toEqual([at, expect.arrayContaining([0, 1, 2, 5, 6, 7])])
      for (const [i, t] of told.entries()) expect(await read(broken, json, { from: t.here })).toEqual(told.slice(i))
    }
  })
})

test('what an object holds is read on without the object', async () => {
  const content = JSON.stringify({ statements: Array.from({ length: 100_000 }, (_, i) => ({ id: i, text: 'x'.repeat(90) })), more: 'y' }, null, 2)
  const told = await read(content, json, { sizes: [1 << 18] })
  expect(told).toHaveLength(100_000)
  expect(JSON.parse(told[99_999]?.text ?? '')).toMatchObject({ id: 99_999 })
  expect((await read(content, json, { from: told[50_000]?.here }))[0]).toEqual(told[50_000])
})

test('the header is told apart, and no record', async () => {
  const headers: string[] = []
  const reader = new FramedReader(new Pieces('\n"a\nb",c\n1,2\n', [3]), csv(), { header: (r) => headers.push(r.toString()) })
  expect((await drain(reader)).map((t) => [t.text, t.line])).toEqual([['', 1], ['1,2', 4]])
  expect(headers).toEqual(['"a\nb",c'])
})

test.each<[string, string, string, () => Framing]>([
  ['a quote that nothing closes in each row of a table', 'x","', 'x","\n', csv],
  ['an object that is not closed in each line of a list', '{"a":{"b":1}', ' {"a":{"b":1}\n', () => json()],
])('%s costs its line, and no more time than reading it', async (_, text, line, framing) => {
  const lines = 400_000
  const began = performance.now()
  const told = await read(line.repeat(lines), framing, { sizes: [65_536] })
  expect(performance.now() - began).toBeLessThan(10_000)
  expect(new Set(told.map((t) => t.text.trim()))).toEqual(new Set([text]))
  expect([told.length, told[0]?.line, told.at(-1)?.line]).toEqual([lines, 1, lines])
})

test('an object where none can stand begins the next record, wherever it lies', async () => {
  expect((await texts('[{"a": 1 {"b": [1, {"c": {}}, {}], "d": "{"}, {"e": 1,\n{"f": 1}]', json)).map((t) => t.trimEnd())).toEqual(['{"a": 1', '{"b": [1, {"c": {}}, {}], "d": "{"}', '{"e": 1,', '{"f": 1}'])
})
