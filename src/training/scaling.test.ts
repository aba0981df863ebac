import { expect, test } from 'vitest'
import { FEATURES } from '../models/features/index.ts'
import { INNOCENT } from './scaling.ts'

test('what has innocent causes are features', () => {
  const names = FEATURES.map((f) => f.name)
  expect([...INNOCENT].filter((name) => !names.includes(name))).toEqual([])
})
