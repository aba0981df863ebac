import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SMALL_GEO } from '../../testing/cli.ts'
import { duplicated, fivePlatforms, toLines } from '../../testing/five-platforms.ts'
import { feedOf, VERSION } from '../../testing/evidence.ts'
import { RULES, temporary, writeLog } from '../../testing/runs.ts'
import type { Warning } from '../../warnings/warning.ts'
import { openContext, type OpenContext } from '../context.ts'
import { runLocal } from '../local.ts'
import { makeEvidence, packEvidence } from './make.ts'
import { storyOf } from './story.ts'
import { verifyBundle } from './verify.ts'

const dir = temporary()
const geo = SMALL_GEO.slice(1)

function contextWith(name: string, overlay: readonly object[]): Promise<OpenContext> {
  mkdirSync(join(dir, name))
  writeFileSync(join(dir, name, 'rules.yaml'), JSON.stringify(overlay))
  return openContext({ rules: [RULES, join(dir, name)], geo, version: VERSION })
}

const linesOf = (output: string, file: string): string[] => readFileSync(join(output, file), 'utf8').split('\n').filter((l) => l !== '')

async function expectEvidence(lines: readonly string[], feed: Awaited<ReturnType<typeof feedOf>>): Promise<number> {
  const warnings = lines.map((l) => JSON.parse(l) as Warning)
  const made = await makeEvidence(feed, [...new Set(warnings.map((w) => w.id))], { version: VERSION })
  for (const { evidence } of made) {
    expect(evidence.revisions).toEqual(lines.filter((l) => (JSON.parse(l) as Warning).id === evidence.about.warning))
    expect(await verifyBundle(packEvidence(evidence), { version: VERSION })).toMatchObject({ verified: true, differences: [] })
    expect((await storyOf(evidence)).rule.title).not.toBe('')
  }
  return made.filter(({ evidence }) => evidence.contexts.length > 1).length
}

test('warnings of live rules and of rules in the shadow have evidence, where both are in force', { timeout: 120_000 }, async () => {
  const context = await contextWith('shadow', [{ rule: 'parallel-chapters', mode: 'shadow' }])
  const log = writeLog(dir, 'shadow.ndjson', toLines(fivePlatforms(7, 3), true).slice(0, 5000))
  const output = join(dir, 'out-shadow')
  await runLocal({ logs: [log], format: 'canonical', context, output })
  const [live, shadow] = ['warnings.ndjson', 'shadow.ndjson'].map((file) => linesOf(output, file)) as [string[], string[]]
  expect([live.length > 5, shadow.length > 2]).toEqual([true, true])
  expect((JSON.parse(live[0] as string) as Warning).context).not.toBe(context.hash)
  const feed = await feedOf(log, context)
  await expectEvidence(live, feed)
  await expectEvidence(shadow, feed)
})

test('warnings of a run whose rules changed on the way have evidence, by what its state folder tells of it', { timeout: 120_000 }, async () => {
  const first = await contextWith('first', [])
  const second = await contextWith('second', [{ rule: 'parallel-chapters', params: { overlap: '90s' }, onEdit: 'reset' }, { rule: 'hang-up', severity: 'low' }])
  const lines = toLines(duplicated(fivePlatforms(8, 3), 8), true)
  const log = writeLog(dir, 'growing.ndjson', lines.slice(0, 4321))
  const [output, state] = [join(dir, 'out'), join(dir, 'state')]
  const run = (context: OpenContext, markEvery: number) => runLocal({ logs: [log], format: 'canonical', context, output, state, markEvery })
  await run(first, 500)
  appendFileSync(log, lines.slice(4321).map((l) => `${l}\n`).join(''))
  await run(second, 300)
  const written = linesOf(output, 'warnings.ndjson')
  expect(new Set(written.map((l) => (JSON.parse(l) as Warning).context)).size).toBe(2)
  // Some began under one and ended under the other.
  expect(await expectEvidence(written, await feedOf(log, second, { replay: state }))).toBeGreaterThan(2)
  writeFileSync(join(dir, 'short.ndjson'), `${lines.slice(0, 1000).join('\n')}\n`)
  const short = await feedOf(join(dir, 'short.ndjson'), second, { replay: state })
  await expect(makeEvidence(short, ['0123456789abcdef'], { version: VERSION })).rejects.toMatchObject({ code: 'bad-state', message: expect.stringContaining('the log is shorter than `marks.ndjson` tells') })
})
