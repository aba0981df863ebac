import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { ENCODINGS, textReader, type Encoding } from '../telemetry/encoding.ts'
import { encoded } from '../testing/encoded.ts'
import { lookAt } from './look.ts'
import type { Position, RecordReader } from './record-reader.ts'

const dir = mkdtempSync(join(tmpdir(), 'invigil-'))
afterAll(() => rmSync(dir, { recursive: true }))

let files = 0
function file(content: string | Uint8Array): string {
  const path = join(dir, `f${files++}`)
  writeFileSync(path, content)
  return path
}

interface Told {
  text: string | undefined
  here: Position
  after: Position
}

async function readAll({ reader, encoding }: { reader: RecordReader; encoding: Encoding }): Promise<Told[]> {
  const told: Told[] = []
  const text = textReader(encoding)
  do while (reader.next()) told.push({ text: text(reader.bytes.subarray(reader.start, reader.end)), here: reader.here(), after: reader.after() })
  while (await reader.fill())
  await reader.close()
  return told
}

async function readTable(path: string, encoding: Encoding | undefined, from?: Position): Promise<{ header: string; told: Told[] }> {
  const looked = await lookAt(path, encoding)
  let header = ''
  const opened = await looked.open({ kind: 'table', delimiter: looked.delimiter(undefined), header: (record, written) => (header = textReader(written)(record) ?? '?') }, { from })
  const told = await readAll(opened)
  return { header, told }
}

const readJson = async (path: string, encoding?: Encoding, from?: Position) => readAll(await (await lookAt(path, encoding)).open({ kind: 'json', holder: 'statements' }, { from }))

const WORDS: Partial<Record<Encoding, string>> = { gb2312: '学员课程', big5: '學員功蓋許', shift_jis: '表示能力ソ', 'euc-jp': '表示能力', 'euc-kr': '학습자', 'windows-1250': 'žák', 'windows-1251': 'ученик', 'windows-1252': 'élève' }

describe.each(ENCODINGS)('%s', (encoding) => {
  const word = WORDS[encoding] ?? '学员乗匼'
  const written = (text: string) => encoded(text, encoding)

  test('a table, from its beginning and from each of its rows', async () => {
    const rows = [`"${word},\n${word}",1`, `${word},2`, `"""${word}""",3`]
    const path = file(written([`${word}-a,b`, ...rows].join('\r\n')))
    const { header, told } = await readTable(path, encoding)
    expect([header, ...told.map((t) => t.text)]).toEqual([`${word}-a,b`, ...rows])
    for (const [i, t] of told.entries()) {
      expect(await readTable(path, encoding, t.here)).toEqual({ header, told: told.slice(i) })
      expect(await readTable(path, encoding, t.after)).toEqual({ header, told: told.slice(i + 1) })
    }
  })

  test('JSON, in lines and over many', async () => {
    const records = [0, 1, 2].map((n) => ({ [word]: `${word}]}"\\`, n }))
    const lines = file(written(records.map((r) => JSON.stringify(r)).join('\n')))
    expect((await readJson(lines, encoding)).map((t) => JSON.parse(t.text ?? '') as unknown)).toEqual(records)
    const document = file(written(JSON.stringify({ statements: records, more: word }, null, 2)))
    const told = await readJson(document, encoding)
    expect(told.map((t) => JSON.parse(t.text ?? '') as unknown)).toEqual(records)
    for (const [i, t] of told.entries()) expect(await readJson(document, encoding, t.here)).toEqual(told.slice(i))
  })
})

test('GB18030 has all characters, those of four bytes too', async () => {
  const smile = Buffer.from([0x94, 0x39, 0xfc, 0x36])
  expect(await readTable(file(Buffer.concat([smile, Buffer.from(',b\n"'), smile, Buffer.from('\n",2')])), 'gb18030')).toMatchObject({ header: '😀,b', told: [{ text: '"😀\n",2' }] })
})

test('bytes that are not of the encoding spoil their record, and no other', async () => {
  const good = Buffer.from('a,b\r\n1,2\r\n')
  const { told } = await readTable(file(Buffer.concat([good, Buffer.from([0x31, 0xff, 0x80, 0x2c, 0x33, 0x0d, 0x0a]), Buffer.from('4,5')])), 'gb18030')
  expect(told.map((t) => t.text)).toEqual(['1,2', undefined, '4,5'])
  const wide = Buffer.concat([Buffer.from('\uFEFF{"a":1}\n{"a":"', 'utf16le'), Buffer.from([0x00, 0xd8]), Buffer.from('"}\n{"a":3}', 'utf16le')])
  expect((await readJson(file(wide))).map((t) => t.text)).toEqual(['{"a":1}', undefined, '{"a":3}'])
})

test('a mark tells UTF-16, whatever was said, and gzip is unpacked first', async () => {
  const path = file(gzipSync(Buffer.from('\uFEFF列,b\n"1\n",2', 'utf16le')))
  expect(await readTable(path, 'gb18030')).toMatchObject({ header: '列,b', told: [{ text: '"1\n",2' }] })
})

test('UTF-8 with a mark', async () => {
  expect(await readTable(file('\uFEFF"列\n1";b\n"x";2'), undefined)).toMatchObject({ header: '\uFEFF"列\n1";b', told: [{ text: '"x";2' }] })
})

test('an empty table, and one of a header alone', async () => {
  expect(await readTable(file(''), undefined)).toEqual({ header: '', told: [] })
  expect(await readTable(file('a,b'), undefined)).toEqual({ header: 'a,b', told: [] })
  expect(await readTable(file('\n\na,b\n'), undefined)).toMatchObject({ header: 'a,b', told: [{ text: '' }, { text: '' }] })
})

describe('what is followed', () => {
  test('a table without its header yet must be told its delimiter', async () => {
    const path = file('a;b')
    const looked = await lookAt(path, undefined)
    expect(() => looked.delimiter(undefined, true)).toThrow('has no row with the names of its columns yet')
    expect(looked.delimiter(';', true)).toBe(';')
  })

  test.each(['utf-8', 'utf-16le'] as const)('a table in %s grows by bytes', async (encoding) => {
    const content = Buffer.from('列,b\n"张\n三",2\nx,3\n', encoding === 'utf-8' ? 'utf8' : 'utf16le')
    const path = file('')
    const looked = await lookAt(path, encoding)
    const headers: string[] = []
    const { reader } = await looked.open({ kind: 'table', delimiter: ',', header: (r) => headers.push(r.toString()) }, { follow: true })
    const rows: string[] = []
    for (const byte of content) {
      appendFileSync(path, Buffer.from([byte]))
      while (await reader.fill()) while (reader.next()) rows.push(reader.bytes.toString('utf8', reader.start, reader.end))
    }
    await reader.close()
    expect([headers, rows]).toEqual([['列,b'], ['"张\n三",2', 'x,3']])
  })
})
