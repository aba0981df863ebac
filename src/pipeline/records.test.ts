import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { addInterval, covered, type Intervals } from '../base/intervals.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { writeSimulation } from '../cli/simulate.ts'
import type { LearningRecord } from '../records/record.ts'
import type { Truth } from '../simulate/truth.ts'
import { seeded } from '../testing/five-platforms.ts'
import { run, shippedContext, temporary, writeLog } from '../testing/runs.ts'

/** Positions are measured within some hundredths of a second. */
const MEASURED = 0.1
const dir = temporary()
let truth: Truth
let lines: string[]
let runOf: (lines: readonly string[]) => Promise<LearningRecord[]>

/** Intervals in media seconds by platform, learner and chapter. */
type Watched = Map<string, Intervals>

function watchedOf(of: Iterable<{ key: string; watched: readonly (readonly [number, number])[] }>): Watched {
  const all: Watched = new Map()
  for (const { key, watched } of of) {
    let list = all.get(key)
    if (list === undefined) all.set(key, (list = []))
    for (const [from, to] of watched) addInterval(list, from, to, Infinity)
  }
  return all
}

const keyOf = (...ids: string[]) => ids.join(' ')
const recorded = (records: readonly LearningRecord[]) => watchedOf(records.map((r) => ({ key: keyOf(r.platform, r.learner, r.chapter), watched: r.watched })))
const wasWatched = () => watchedOf(truth.learners.flatMap(({ platform, learner, watched = {} }) => Object.entries(watched).map(([chapter, list]) => ({ key: keyOf(platform, learner, chapter), watched: list }))))
const union = (list: Intervals = []) => covered(list, 0, Infinity)

/** By how many seconds the records differ from the truth, chapter by chapter of each learner. */
function errors(records: readonly LearningRecord[]): number[] {
  const proven = recorded(records)
  return [...wasWatched()].map(([key, list]) => union(proven.get(key)) - union(list))
}

const credit = (records: readonly LearningRecord[]) => records.reduce((sum, r) => sum + Math.round(r.credited * 1000), 0)

beforeAll(async () => {
  truth = await writeSimulation({ learners: 60, days: 7, seed: 77, watched: true }, dir)
  lines = gunzipSync(readFileSync(join(dir, 'telemetry.ndjson.gz'))).toString().split('\n').filter(Boolean)
  const context = { ...await shippedContext(), catalogue: new Catalogue(catalogueSchema.parse(parse(readFileSync(join(dir, 'catalogue.yaml'), 'utf8')))) }
  let n = 0
  runOf = async (given) => {
    const { records } = await run(dir, { logs: [writeLog(dir, `log-${n++}.ndjson`, given)], context })
    const latest = new Map<string, LearningRecord>()
    for (const line of records.split('\n').filter(Boolean)) {
      const record = JSON.parse(line) as LearningRecord
      latest.set(record.id, record)
    }
    return [...latest.values()]
  }
})

describe('a simulated week of 60 learners', () => {
  test('what the records prove is what was watched, to the second, of every learner', async () => {
    const records = await runOf(lines)
    const off = errors(records)
    expect(truth.learners.filter((l) => l.watched !== undefined).length).toBeGreaterThanOrEqual(55)
    expect(off.length).toBeGreaterThan(1000)
    // Whole seconds, which one platform rounds down to: the fraction of a second at the end of what was watched.
    expect(off.filter((e) => Math.abs(e) > 1 + MEASURED)).toEqual([])
    expect(off.filter((e) => e > MEASURED)).toEqual([])
    for (const r of records) expect(r.credited, r.id).toBeLessThanOrEqual(Math.min(r.wallClock, r.coverage.missing?.includes('no positions') ? Infinity : r.union + 0.001))
  })

  test('with a tenth of the heartbeats lost it is never more, and little less', async () => {
    const random = seeded(5)
    const off = errors(await runOf(lines.filter((l) => !l.includes('"action":"heartbeat"') || random() >= 0.1)))
    expect(off.filter((e) => e > MEASURED)).toEqual([])
    const all = [...wasWatched().values()].reduce((sum, list) => sum + union(list), 0)
    const lost = -off.reduce((sum, e) => sum + e, 0) / all
    expect(lost).toBeGreaterThan(0)
    expect(lost).toBeLessThan(0.001)
  })

  test('the credit of one learner at one time is of one chapter only', async () => {
    const records = await runOf(lines)
    for (const who of new Set(records.map((r) => keyOf(r.platform, r.learner)))) {
      const own = records.filter((r) => keyOf(r.platform, r.learner) === who)
      const clock: Intervals = []
      for (const r of own) addInterval(clock, Date.parse(r.begin) / 1000, Date.parse(r.end) / 1000, Infinity)
      expect(credit(own) / 1000, who).toBeLessThanOrEqual(union(clock) + 0.001)
    }
  })

  test('shuffled within the lateness and sent twice: the same sum, and the same records', async () => {
    const random = seeded(9)
    const inTime = lines.filter((l) => !isLate(l))
    const twice = inTime.flatMap((l) => (random() < 0.05 ? [l, l] : [l]))
    const order = twice.map((line) => ({ line, at: Date.parse((JSON.parse(line) as { received: string }).received) + random() * 20_000 })).sort((a, b) => a.at - b.at).map((x) => x.line)
    expect(order).not.toEqual(twice)
    const [whole, other] = [await runOf(inTime), await runOf(order)]
    expect(credit(other)).toBe(credit(whole))
    expect(other).toEqual(whole)
  })
})

/** Whether it comes so late that a shuffle within the lateness makes it too late. */
function isLate(line: string): boolean {
  const { time, received } = JSON.parse(line) as { time: string; received: string }
  return Date.parse(received) - Date.parse(time) > 30_000
}
