import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { detectors } from '../detectors/index.ts'
import { listModels } from '../io/models.ts'
import { readRuleSources } from '../io/texts.ts'
import { SHIPPED_MODELS } from '../pipeline/models.ts'
import { RULES } from '../testing/root.ts'
import { loadRules } from './load.ts'
import { rulesJsonSchema } from './json-schema.ts'

const bundle = loadRules(await readRuleSources([RULES]), { detectors, models: await listModels(SHIPPED_MODELS) })
const schema = rulesJsonSchema(bundle, detectors) as { definitions: Record<string, { anyOf: { properties: Record<string, object> }[] }>; items: { properties: Record<string, { description?: string }> } }
// Strict: a keyword that there is not is refused. That `if` names no type and that a key is required which stands in another branch is meant.
const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false, strictRequired: false })
const validate = ajv.addKeyword('patternErrorMessage').compile(schema)

function errors(yaml: string): string[] {
  validate(parse(yaml))
  return [...new Set((validate.errors ?? []).filter((e) => !['if', 'anyOf'].includes(e.keyword)).map((e) => `${e.instancePath} ${e.keyword}`))]
}

test.each(readdirSync(RULES).filter((f) => f.endsWith('.yaml')))('%s fits', (file) => {
  expect(errors(readFileSync(join(RULES, file), 'utf8'))).toEqual([])
})

const rule = '- { rule: a, title: A, description: A., detector: parallel-chapters, severity: low, response: review'

test.each([
  ['a rule', `${rule} }`],
  ['parameters', `${rule}, params: { overlap: 1m30s, concurrency: 1.5 } }`],
  ['parameters taken from below', `${rule}, params: { overlap: } }`],
  ['an overlay', '- rule: parallel-chapters\n  params: { overlap: 60s }\n  exempt: []\n  override: { exempt: append }'],
  ['an overlay that takes something away', '- rule: parallel-chapters\n  prompt:\n  next:\n  params:'],
  ['lists and conditions', '- lists: { demo: [t-17, t-18] }\n- conditions: { office: ip == null }\n  lists: { more: [] }\n  override: { lists.more: append }'],
  ['an overlay of a rule of another site', '- rule: ours\n  params: { anything: 1 }'],
])('%s fits', (_, yaml) => {
  expect(errors(yaml)).toEqual([])
})

test.each([
  ['no list', 'rule: a', [' type']],
  ['a list that is none', '- lists: { demo: t-17 }', ['/0/lists/demo type']],
  ['a list in a rule', '- rule: parallel-chapters\n  lists: { demo: [a] }', ['/0 not']],
  ['an item of nothing', '- title: A', ['/0 required']],
  ['a slip in a key', `${rule}, tilte: x }`, ['/0 additionalProperties']],
  ['a slip in a detector', rule.replace('parallel-chapters', 'paralel-chapters') + ' }', ['/0/detector enum']],
  ['a slip in a severity', rule.replace('low', 'lwo') + ' }', ['/0/severity enum']],
  ['a slip in a parameter', `${rule}, params: { overlp: 30s } }`, ['/0/params additionalProperties', '/0/params type']],
  ['a rule of its own without what its detector must be told', rule.replace('parallel-chapters', 'threshold') + ', params: { window: 1m } }', ['/0/params required']],
  ['no duration', `${rule}, params: { overlap: 30 } }`, ['/0/params/overlap type', '/0/params type']],
  ['an unknown unit', `${rule}, params: { overlap: 30sec } }`, ['/0/params/overlap pattern', '/0/params/overlap type', '/0/params type']],
  ['a number out of its range', `${rule}, params: { concurrency: 0.5 } }`, ['/0/params/concurrency minimum', '/0/params/concurrency type', '/0/params type']],
  ['a parameter of another detector', `${rule}, params: { answer: 30s } }`, ['/0/params additionalProperties', '/0/params type']],
  ['no title', rule.replace('title: A, ', '') + ' }', ['/0 required']],
  ['a wrong parameter in an overlay', '- rule: parallel-chapters\n  params: { overlap: long }', ['/0/params/overlap pattern', '/0/params/overlap type', '/0/params type']],
  ['a test without events', `${rule}, tests: [{ it: x, expect: [] }] }`, ['/0/tests/0 required', '/0/tests type']],
  ['an exemption without a reason', `${rule}, exempt: [{ platform: p, from: 2026-01-01, until: 2026-01-02, by: x }] }`, ['/0/exempt/0 required', '/0/exempt type']],
])('%s is refused', (_, yaml, expected) => {
  expect(errors(yaml)).toEqual(expected)
})

test('every parameter says what it is for and what it is without', () => {
  const params = detectors.flatMap((d) => {
    const { properties = {} } = z.toJSONSchema(d.params as z.ZodObject, { io: 'input', unrepresentable: 'any' })
    return Object.entries(schema.definitions[d.name]?.anyOf[0]?.properties ?? {}).map(([name, of]) => ({ name: `${d.name}.${name}`, of, written: properties[name] as object }))
  })
  expect(params.length).toBeGreaterThan(80)
  expect(params.filter(({ of, written }) => !('description' in of) || 'default' in of !== 'default' in written).map((p) => p.name)).toEqual([])
})
