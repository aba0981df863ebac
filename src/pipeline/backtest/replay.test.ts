import { expect, test } from 'vitest'
import { readRuleSources } from '../../io/texts.ts'
import { fivePlatforms, toLines } from '../../testing/five-platforms.ts'
import { RULES, run, temporary, writeLog } from '../../testing/runs.ts'
import { contextUnder, openSurroundings } from '../context.ts'
import { replay } from './replay.ts'
import { planPasses } from './variant.ts'

const dir = temporary()

test('every line of several logs is accounted for as in a run', async () => {
  const lines = toLines(fivePlatforms(3, 2), true).slice(0, 3000)
  const future = JSON.stringify({ ...(JSON.parse(lines[5] as string) as object), id: 'future', time: '2026-03-02T09:00:00Z', received: '2026-03-02T08:00:00Z' })
  const odd = ['', '{oops', '{"id":"x"}', future, lines[7] as string]
  const logs = [writeLog(dir, 'one.ndjson', [...lines.filter((_, i) => i % 2 === 0), ...odd]), writeLog(dir, 'two.ndjson', lines.filter((_, i) => i % 2 === 1))]
  const surroundings = await openSurroundings({ version: 'test' })
  const context = await contextUnder(await readRuleSources([RULES]), surroundings)
  let bytes = ''
  const { accounts, span, problems } = await replay({
    logs, format: 'canonical', surroundings, passes: planPasses([{ name: 'today', context }]), output: (_, warning) => (bytes += `${JSON.stringify(warning)}\n`),
  })
  const alone = await run(dir, { logs, context })
  const { files: _files, first, last, duplicates: _duplicates, ...log } = alone.summary.log
  const { rules: _rules, shadow: _shadow, prompts: _prompts, records: _records, ...counts } = accounts
  expect(counts).toEqual(log)
  expect(counts).toMatchObject({ blank: 1, rejected: { future: 1 } })
  expect(Object.keys(counts.rejected)).toHaveLength(3)
  expect([new Date(span.first).toISOString(), new Date(span.last).toISOString(), problems]).toEqual([first, last, []])
  expect(bytes === alone.bytes && bytes.length > 1000).toBe(true)
})
