import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { canonicalOf, decodeLine } from '../../testing/decoded.ts'
import { ROOT } from '../../testing/root.ts'
import { FORMATS, type Format } from '../decode.ts'
import { eventSchema } from '../event.ts'
import { ADAPTERS, RECOGNISED } from './index.ts'

const page = readFileSync(join(ROOT, 'docs/formats.md'), 'utf8')
const blocks = [...page.matchAll(/^```json (\w+)\n([^]*?)^```$/gm)].map(([, format, json]) => ({ format: format as Format, record: JSON.parse(json ?? '') as Record<string, unknown> }))
const examples = blocks.flatMap(({ format, record }, n) => (format === 'canonical' ? [] : [{ format, record, expected: blocks[n + 1]?.record }]))
const sectionOf = (format: string): string => page.split(/^## /m).find((s) => s.startsWith(`\`${format}\``)) ?? ''

describe('docs/formats.md', () => {
  test.each(FORMATS)('tells of `%s`, and shows it', (format) => {
    expect(page).toContain(`| \`${format}\` |`)
    expect(sectionOf(format)).toContain(`\`\`\`json ${format}\n`)
    expect(sectionOf(format)).toContain('```json canonical\n')
  })

  test.each(examples)('the example of $format gives the event that it says', ({ format, record, expected }) => {
    const out = decodeLine(record, { format, platform: format === 'moodle' ? 'p1' : undefined }).map((o) => ('event' in o ? canonicalOf(o.event) : o))
    // A hash says nothing to a reader.
    const id = format === 'openedx' ? (expect.stringMatching(/^[0-9a-f]{32}$/) as string) : expected?.id
    expect(out).toEqual([{ ...expected, id }])
  })

  test('the canonical examples are canonical', () => {
    for (const { record } of blocks.filter((b) => b.format === 'canonical')) expect(decodeLine(record, { format: 'canonical' })).toEqual([{ event: expect.anything() as unknown }])
    expect(examples.length).toBe(FORMATS.length - 1)
  })

  test.each(Object.entries(ADAPTERS))('the fields of `%s` are those that its messages know', (format, { sources }) => {
    const fields = [...sectionOf(format).matchAll(/^\| ((?:`[a-z]+` ?)+)\|/gm)].flatMap(([, names]) => [...(names ?? '').matchAll(/`([a-z]+)`/g)].map(([, name]) => name))
    for (const field of Object.keys(sources)) expect(fields).toContain(field)
    for (const field of Object.keys(sources)) expect(Object.keys(eventSchema.shape)).toContain(field)
  })
})

test('each adapter is a file, with its test beside it, and is recognised by `auto`', () => {
  const files = readdirSync(import.meta.dirname)
  for (const name of Object.keys(ADAPTERS)) expect(files).toEqual(expect.arrayContaining([`${name}.ts`, `${name}.test.ts`]))
  const plain = files.filter((f) => !f.endsWith('.test.ts') && !['adapter.ts', 'index.ts', 'values.ts', 'canonical.ts'].includes(f)).map((f) => f.slice(0, -3))
  expect(plain.sort()).toEqual(Object.keys(ADAPTERS).sort())
  expect(RECOGNISED.slice(1)).toEqual(Object.values(ADAPTERS))
})
