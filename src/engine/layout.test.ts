import { expect, test } from 'vitest'
import { z } from 'zod'
import { number, record, series, type Series, type Shape } from '../base/record.ts'
import { ruleOf } from '../testing/drive.ts'
import { defineDetector } from './detector.ts'
import { Entry } from './entry.ts'
import { layoutOf, RowReader, rowBytes } from './layout.ts'
import { Table } from './table.ts'

interface Bins {
  n: number
  bins: Series
}

function ruleWith(state: Shape<Bins>, version: number, migrate?: (state: unknown) => unknown) {
  return ruleOf(defineDetector<z.ZodObject, Bins, object>({
    name: 'bins', version, migrations: migrate ? { 1: migrate } : {}, summary: '', stage: 'learner', params: z.object({}), actions: [], needs: [], state,
    onEvent: () => undefined, explain: () => ({ en: '', zh: '' }),
  }))
}

test('a series is saved as its numbers, and migrations get and give it as an array', () => {
  const older = ruleWith(record({ n: number(1), bins: series(2) }), 1)
  const before = new Table(2, {}, [older.detector])
  const saved = new Entry('L', before)
  before.enter(saved)
  const state = before.state(0) as Bins
  state.n = 5
  state.bins.set(0, 6)
  state.bins.set(1, 7)
  const given: unknown[] = []
  const newer = ruleWith(record({ bins: series(3), n: number(1) }), 2, (old) => {
    given.push(old)
    return { n: 50, bins: [...(old as { bins: number[] }).bins, 8] }
  })
  const after = new Table(2, {}, [newer.detector])
  const loaded = new Entry('L', after)
  const reader = new RowReader(layoutOf(before, [older]), after, [newer])
  reader.read(loaded, rowBytes(before, saved), () => ({ refs: [], rares: undefined }))
  after.enter(loaded)
  const { n, bins } = after.state(0) as Bins
  expect(given).toEqual([{ n: 5, bins: [6, 7] }])
  expect([reader.same, n, bins.get(0), bins.get(1), bins.get(2)]).toEqual([false, 50, 6, 7, 8])
})
