import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MINUTE } from '../../base/time.ts'
import { SMALL_GEO } from '../../testing/cli.ts'
import { duplicated, fivePlatforms, shuffled, toLines } from '../../testing/five-platforms.ts'
import { feedOf, VERSION } from '../../testing/evidence.ts'
import { run, RULES, temporary, writeLog } from '../../testing/runs.ts'
import type { Warning } from '../../warnings/warning.ts'
import { openContext } from '../context.ts'
import { makeEvidence } from './make.ts'

const dir = temporary()
const catalogue = join(dir, 'catalogue.yaml')
writeFileSync(catalogue, JSON.stringify({ platforms: [{ id: 'normal', global: ['learner'], lateness: '10s' }, { id: 'silent', global: ['learner'], heartbeat: '15s' }] }))

// Out of order, one in 37 twelve minutes late, and some twice: with small marks there is much that evidence leaves out, and much that hangs on them.
test.each([[1, 3], [2, 50]])('every warning of a log comes out of the marks that its evidence keeps (seed %i, a mark every %i lines)', { timeout: 300_000 }, async (seed, markEvery) => {
  const arrivals = duplicated(shuffled(fivePlatforms(seed, 3), seed, 5000), seed)
    .map((a, i) => (i % 37 === 36 ? { ...a, at: a.at + 12 * MINUTE } : a)).sort((a, b) => a.at - b.at)
  // The second is cut off where much is still going on.
  const log = writeLog(dir, `${seed}.ndjson`, seed === 1 ? toLines(arrivals, true) : toLines(arrivals, false).slice(0, 5000))
  const context = await openContext({ rules: [RULES], catalogue, geo: SMALL_GEO.slice(1), version: VERSION })
  const { warnings, bytes, summary } = await run(dir, { logs: [log], context, markEvery })
  expect([summary.log.late > 100, summary.log.duplicates > 10]).toEqual([true, true])
  const ids = [...new Set(warnings.map((w) => w.id))]
  expect(ids.length).toBeGreaterThan(20)
  if (seed !== 1) expect(summary.warnings.byRule['parallel-chapters']?.ongoing).toBeGreaterThan(0)
  // Judging its own evidence is a part of making it.
  const made = await makeEvidence(await feedOf(log, context, { markEvery }), ids, { version: VERSION })
  const lines = bytes.split('\n').filter((l) => l !== '')
  for (const { evidence } of made) expect(evidence.revisions).toEqual(lines.filter((l) => (JSON.parse(l) as Warning).id === evidence.about.warning))
  const marks = Math.ceil(summary.log.lines / markEvery)
  expect(made.some(({ evidence }) => evidence.about.marks < marks)).toBe(true)
  expect(made.some(({ evidence }) => evidence.revisions.some((r) => (JSON.parse(r) as Warning).coverage.state === 'partial'))).toBe(true)
})
