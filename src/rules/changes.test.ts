import { expect, test } from 'vitest'
import { sampleDetectors } from '../testing/sample-rules.ts'
import { changesBetween, writeChanges } from './changes.ts'
import { loadRules } from './load.ts'

const rule = (id: string, more: object = {}) => ({ rule: id, title: id, description: id, detector: 'many-plays', severity: 'low', response: 'review', ...more })
const load = (...rules: object[]) => loadRules([{ dir: 'd', files: [{ path: 'd/a.yaml', text: JSON.stringify(rules) }] }], { detectors: sampleDetectors })

test('says of each rule what becomes of it', () => {
  const before = load(rule('a'), rule('b'), rule('c'), rule('d'), rule('e'), rule('same', { onEdit: 'reset' }))
  const after = load(rule('f'), rule('e', { severity: 'high', onEdit: 'reset' }), rule('d', { detector: 'busy-address' }), rule('c', { params: { most: 3 } }), rule('b'), rule('same', { onEdit: 'reset', description: 'other words' }))
  const changes = changesBetween(before.rules, after.rules)
  expect(changes).toEqual({ added: ['f'], removed: ['a'], kept: ['c'], reset: ['d', 'e'], unchanged: ['b', 'same'] })
  expect(writeChanges(changes)).toBe('added f; removed a; changed c (state kept), d (state begins anew), e (state begins anew); 2 unchanged')
  expect(writeChanges(changesBetween(before.rules, before.rules))).toBe('6 unchanged')
})

test('`onEdit` is part of the rule, where it says anything; another word is told', () => {
  const [plain, kept, reset] = [{}, { onEdit: 'keep' }, { onEdit: 'reset' }].map((more) => load(rule('a', more)))
  expect(kept?.hash).toBe(plain?.hash)
  expect(reset?.hash).not.toBe(plain?.hash)
  expect([plain, reset].map((b) => b?.rules[0]?.onEdit)).toEqual(['keep', 'reset'])
  expect(() => load(rule('a', { onEdit: 'restart' }))).toThrow(expect.objectContaining({ problems: [expect.objectContaining({ message: '`onEdit` cannot be `restart`', line: 1 })] }))
})
