import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { findArticle, loadRegulations } from './regulations.ts'

const path = 'rules/regulations/yunnan.yaml'
const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

test('the shipped regulation is whole, in both languages', () => {
  const problems: never[] = []
  const yunnan = loadRegulations([[{ path, text }]], problems).get('yunnan')
  expect(problems).toEqual([])
  expect(yunnan?.articles.map((a) => a.id)).toEqual([
    'content-3', 'supervision-1', 'supervision-2', 'supervision-3', 'investigation-1', 'investigation-2', 'investigation-3',
  ])
  for (const { en, zh } of yunnan?.articles ?? []) {
    expect(en).toMatch(/^[\x20-\x7e]+\.$/)
    expect(zh).toMatch(/^[\p{Script=Han}IP0-9，。、（）]+。$/u)
  }
  expect(yunnan?.note?.en).toContain('summary')
})

test('what a basis may name', () => {
  const known = loadRegulations([[{ path, text }]], [])
  expect(findArticle('yunnan/supervision-2', known)).toEqual({ regulation: 'yunnan', article: 'supervision-2' })
  expect(findArticle('yunnan', known)).toEqual({ message: '`yunnan` is not written as `regulation/article`' })
  expect(findArticle('yunan/supervision-2', known)).toEqual({ message: 'unknown regulation `yunan`', mend: 'did you mean `yunnan`?' })
  expect(findArticle('eu/a-1', known)).toEqual({ message: 'unknown regulation `eu`', mend: 'put it into `regulations/eu.yaml`' })
  expect(findArticle('yunnan/supervision-22', known)).toEqual({ message: 'regulation `yunnan` has no article `supervision-22`', mend: 'did you mean `supervision-2`?' })
})
