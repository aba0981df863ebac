import { appendFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { OUTPUTS, OutputFolder } from './output-folder.ts'

const root = mkdtempSync(join(tmpdir(), 'invigil-'))
afterAll(() => rmSync(root, { recursive: true }))

let dirs = 0
const fresh = () => join(root, `out${dirs++}`, 'deep')
const content = (dir: string, name = 'warnings') => readFileSync(join(dir, `${name}.ndjson`), 'utf8')

test('one line a value, in a file each, all there from the beginning', () => {
  const dir = fresh()
  const out = new OutputFolder(dir)
  expect(readdirSync(dir).sort()).toEqual(OUTPUTS.map((o) => `${o}.ndjson`).sort())
  out.write('warnings', { a: 'é\n' })
  out.write('late', [1])
  out.write('warnings', 2)
  expect(out.sync()).toEqual({ ...Object.fromEntries(OUTPUTS.map((o) => [o, 0])), warnings: Buffer.byteLength('{"a":"é\\n"}\n2\n'), late: 4 })
  expect([content(dir), content(dir, 'late')]).toEqual(['{"a":"é\\n"}\n2\n', '[1]\n'])
  out.close()
})

test('a run without lengths begins anew; one with lengths drops what came after them', () => {
  const dir = fresh()
  const first = new OutputFolder(dir)
  first.write('warnings', 'kept')
  const lengths = first.sync()
  first.write('warnings', 'written after the snapshot')
  first.close()
  const again = new OutputFolder(dir, lengths)
  expect(content(dir)).toBe('"kept"\n')
  again.write('warnings', 'new')
  again.close()
  expect(content(dir)).toBe('"kept"\n"new"\n')
  new OutputFolder(dir).close()
  expect(content(dir)).toBe('')
})

test('a file that lost what the state remembers is refused, and not touched', () => {
  const dir = fresh()
  const first = new OutputFolder(dir)
  first.write('warnings', 'kept')
  const lengths = first.sync()
  first.close()
  truncateSync(join(dir, 'warnings.ndjson'), 3)
  expect(() => new OutputFolder(dir, lengths)).toThrow(expect.objectContaining({ code: 'bad-state' }) as Error)
  expect(content(dir)).toBe('"ke')
  rmSync(join(dir, 'warnings.ndjson'))
  expect(() => new OutputFolder(dir, lengths)).toThrow(expect.objectContaining({ code: 'bad-state' }) as Error)
  expect(() => new OutputFolder(dir, { ...lengths, warnings: 0 })).not.toThrow()
})

test('much is written as it comes, and all of it', () => {
  const dir = fresh()
  const out = new OutputFolder(dir)
  const value = 'é'.repeat(999)
  for (let i = 0; i < 500; i++) out.write('rejects', value)
  expect(content(dir, 'rejects').length).toBeGreaterThan(0)
  out.close()
  expect(content(dir, 'rejects')).toBe(`${JSON.stringify(value)}\n`.repeat(500))
})

test('a file that is replaced is replaced whole', () => {
  const dir = fresh()
  const out = new OutputFolder(dir)
  out.replace('summary.json', 'long text')
  out.replace('summary.json', 'short')
  out.close()
  expect(readFileSync(join(dir, 'summary.json'), 'utf8')).toBe('short')
  expect(readdirSync(dir).filter((f) => f.endsWith('.new'))).toEqual([])
})

test('where no folder can be, the user is told', () => {
  const path = join(root, 'file')
  writeFileSync(path, '')
  appendFileSync(path, 'x')
  expect(() => new OutputFolder(path)).toThrow(expect.objectContaining({ code: 'usage' }) as Error)
})

test('what a run reads is not overwritten, by whatever name it goes', () => {
  const dir = fresh()
  new OutputFolder(dir).close()
  writeFileSync(join(dir, 'late.ndjson'), 'to be read')
  symlinkSync(join(dir, 'late.ndjson'), join(root, 'log'))
  for (const input of [join(dir, 'late.ndjson'), join(root, 'log')]) {
    expect(() => new OutputFolder(dir, undefined, ['-', input])).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringContaining(`\`${input}\``) as string }) as Error)
  }
  expect(content(dir, 'late')).toBe('to be read')
})

test('the summary of an earlier run goes when a run begins', () => {
  const dir = fresh()
  const out = new OutputFolder(dir)
  out.replace('summary.json', '{}')
  out.close()
  new OutputFolder(dir).close()
  expect(readdirSync(dir)).not.toContain('summary.json')
})

test.skipIf(!existsSync('/dev/full'))('a full disk is told once, and what else there is to write is written', () => {
  const dir = fresh()
  new OutputFolder(dir).close()
  rmSync(join(dir, 'prompts.ndjson'))
  symlinkSync('/dev/full', join(dir, 'prompts.ndjson'))
  const out = new OutputFolder(dir)
  out.write('late', 1)
  out.write('warnings', 1)
  out.write('prompts', 1)
  expect(() => out.flush()).toThrow(expect.objectContaining({ code: 'disk-full', message: expect.stringContaining('make room and run again') as string }) as Error)
  expect(() => out.close()).not.toThrow()
  expect([content(dir), content(dir, 'late')]).toEqual(['1\n', '1\n'])
})
