import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { SAMPLES, run, temporary, writeLog } from '../testing/runs.ts'

const EXTENSIONS = 'https://w3id.org/xapi/video/extensions/'

interface Statement {
  id: string
  actor: { account: { name: string } }
  verb: { id: string }
  object: { id: string }
  timestamp: string
  context?: { extensions?: Record<string, unknown> }
  result?: { extensions?: Record<string, number> }
}

/** Playback that a statement and the one before it prove by their positions: found here without the project's own code. */
interface Proven {
  learner: string
  video: string
  from: number
  to: number
}

describe.skipIf(SAMPLES === undefined)('22,000 real xAPI statements (folder INVIGIL_SAMPLES)', () => {
  const dir = temporary()
  const log = join(SAMPLES ?? '', 'fun-mooc-xapi-video', 'statements.day-folded.sorted.jsonl.gz')

  test('every statement is accounted for, nothing is called parallel, and rules of addresses are not evaluable', async () => {
    const { summary, warnings } = await run(dir, { logs: [log], format: 'xapi' })
    const { lines, events, ignored, rejected, blank } = summary.log
    const ignoredCount = Object.values(ignored).reduce((a, b) => a + b, 0)
    const rejectedCount = Object.values(rejected).reduce((a, b) => a + b, 0)
    expect(lines).toBe(22_000)
    expect(events + ignoredCount + rejectedCount + blank).toBe(22_000)
    expect(warnings.filter((w) => w.rule === 'parallel-chapters')).toEqual([])
    for (const rule of ['foreign-ip', 'impossible-travel', 'shared-ip']) {
      const row = summary.coverage.find((c) => c.rule === rule)
      expect([rule, row?.state]).toEqual([rule, 'not evaluable'])
    }
  })

  test('of 50 pairs of learners merged into one who watched two videos at once, at least 45 are found', async () => {
    const statements = gunzipSync(readFileSync(log)).toString().trim().split('\n').map((l) => JSON.parse(l) as Statement)
    const pairs = overlappingPairs(statements).slice(0, 50)
    expect(pairs).toHaveLength(50)
    // A learner may be in several pairs: each pair is an id of its own with copies of both learners' statements.
    const lines = statements.flatMap((s) =>
      pairs.flatMap((pair, i) => (pair.includes(s.actor.account.name) ? [JSON.stringify({ ...s, id: `${i}-${s.id}`, actor: { ...s.actor, account: { ...s.actor.account, name: `pair-${i}` } } })] : [])),
    )
    const { warnings } = await run(dir, { logs: [writeLog(dir, 'merged.ndjson', lines)], format: 'xapi' })
    const found = new Set(warnings.filter((w) => w.rule === 'parallel-chapters').map((w) => w.subject.id))
    expect(found.size).toBeGreaterThanOrEqual(45)
  })
})

const OVERLAP = 35_000
const PAIRS_EACH = 3

/** Pairs of learners, each in at most three, who provably played different videos at the same time for at least 35 s. */
function overlappingPairs(statements: readonly Statement[]): [string, string][] {
  const proven = statements.flatMap(provenBy(new Map())).sort((a, b) => a.from - b.from)
  const pairs = new Map<string, [string, string]>()
  const used = new Map<string, number>()
  const free = (p: Proven) => (used.get(p.learner) ?? 0) < PAIRS_EACH
  for (const [i, a] of proven.entries()) {
    for (const b of proven.slice(i + 1)) {
      if (b.from > a.to - OVERLAP) break
      const key = [a.learner, b.learner].sort().join(' ')
      if (a.learner === b.learner || a.video === b.video || b.to - b.from < OVERLAP || !free(a) || !free(b) || pairs.has(key)) continue
      pairs.set(key, [a.learner, b.learner])
      for (const p of [a, b]) used.set(p.learner, (used.get(p.learner) ?? 0) + 1)
    }
  }
  return [...pairs.values()]
}

function provenBy(open: Map<string, { at: number; position: number }>): (s: Statement) => Proven[] {
  return (s) => {
    const learner = s.actor.account.name
    const key = `${learner} ${s.object.id} ${String(s.context?.extensions?.[`${EXTENSIONS}session-id`])}`
    const at = Date.parse(s.timestamp)
    const position = s.result?.extensions?.[`${EXTENSIONS}time`]
    const verb = s.verb.id.split('/').at(-1)
    const before = open.get(key)
    open.delete(key)
    if (verb === 'played' && position !== undefined) open.set(key, { at, position })
    if (verb !== 'paused' || before === undefined || position === undefined) return []
    const agrees = Math.abs(position - before.position - (at - before.at) / 1000) <= 1
    return agrees ? [{ learner, video: s.object.id, from: before.at, to: at }] : []
  }
}
