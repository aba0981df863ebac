import { expect, test } from 'vitest'
import { countIgnored, newAccounts } from './accounts.ts'

test('verbs are counted whatever they are called', () => {
  const accounts = newAccounts()
  for (const verb of ['voided', '__proto__', 'constructor', 'voided', 'toString']) countIgnored(accounts, verb)
  expect(JSON.parse(JSON.stringify(accounts.ignored))).toEqual({ voided: 2, other: 3 })
})

test('so many different verbs do not pile up', () => {
  const accounts = newAccounts()
  for (let n = 0; n < 3000; n++) countIgnored(accounts, `verb ${n}`)
  countIgnored(accounts, 'verb 7')
  expect(Object.keys(accounts.ignored)).toHaveLength(1001)
  expect(accounts.ignored['verb 7']).toBe(2)
  expect(Object.values(accounts.ignored).reduce((a, b) => a + b)).toBe(3001)
})
