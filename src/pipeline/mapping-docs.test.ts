import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { mappingSchema } from '../telemetry/mapping/schema.ts'
import { canonicalOf } from '../testing/decoded.ts'
import { encoded } from '../testing/encoded.ts'
import { ROOT } from '../testing/root.ts'
import { temporary } from '../testing/runs.ts'
import { tallyLogs } from './check/read.ts'
import { openMapping } from './mapping.ts'

const dir = temporary()
const page = readFileSync(join(ROOT, 'docs/mapping.md'), 'utf8')
const blocks = [...page.matchAll(/^```(?:yaml|csv|json) ([\w.]+)\n([^]*?)^```$/gm)].map(([, name = '', text = '']) => ({ name, text }))

/** Each example: the files before an outcome, and the outcome. */
const examples = blocks.flatMap(({ name, text }, n) => {
  if (name !== 'outcome') return []
  const from = blocks.slice(0, n).findLastIndex((b) => b.name === 'outcome') + 1
  return [{ title: page.slice(0, page.indexOf(blocks[from]?.text ?? '')).match(/^##? (.*)$/gm)?.at(-1) ?? '', files: blocks.slice(from, n), outcome: text.trim().split('\n').map((l) => JSON.parse(l) as unknown) }]
})

describe('docs/mapping.md', () => {
  test.each(examples)('$title', async ({ title, files, outcome }) => {
    const folder = join(dir, title.replaceAll(/\W/g, ''))
    mkdirSync(folder)
    const encoding = /encoding: gb18030/.test(files[0]?.text ?? '') ? 'gb18030' : 'utf-8'
    for (const { name, text } of files) writeFileSync(join(folder, name), name === 'log.csv' ? encoded(text, encoding) : text)
    const log = files.find(({ name }) => name.startsWith('log.'))?.name ?? ''
    const path = join(folder, 'invigil.mapping.yaml')
    const out: unknown[] = []
    await tallyLogs({ logs: [join(folder, log)], format: 'mapping', details: { mapping: await openMapping(path) } }, {
      event: (e) => {
        out.push(canonicalOf(e))
        return 'taken'
      },
      reject: ({ reason, message }) => out.push({ reject: reason, message }),
      ignored: (verb) => out.push({ ignored: verb }),
      blank: () => undefined, passed: () => undefined,
    })
    expect(out).toEqual(outcome)
  })

  test('has examples, and every key', () => {
    expect(examples).toHaveLength(3)
    const keys = new Set<string>()
    const walk = (schema: { properties?: Record<string, object>; additionalProperties?: object; items?: object; anyOf?: object[] }): void => {
      for (const [key, part] of Object.entries(schema.properties ?? {})) {
        keys.add(key)
        walk(part)
      }
      for (const part of [schema.additionalProperties, schema.items, ...(schema.anyOf ?? [])]) if (typeof part === 'object') walk(part)
    }
    const schema = z.toJSONSchema(mappingSchema, { io: 'input' }) as Parameters<typeof walk>[0] & { properties: Record<string, object> }
    walk({ properties: Object.fromEntries(Object.entries(schema.properties).filter(([k]) => k !== 'fields' && k !== 'events')) })
    for (const key of ['from', 'text', 'constant', 'join', 'pattern', 'map', 'ignore', 'unit', 'format', 'timeZone', ...keys]) expect([key, new RegExp(`\`${key}[\`: ]|^ *${key}:|[ {]${key}: `, 'm').test(page)]).toEqual([key, true])
  })
})
