import { beforeAll, describe, expect, test } from 'vitest'
import { SECOND } from '../base/time.ts'
import { duplicated, fivePlatforms, shuffled, toLines } from '../testing/five-platforms.ts'
import { run, temporary, writeLog } from '../testing/runs.ts'

const arrivals = fivePlatforms(11)

function withoutModels(bytes: string): string {
  return bytes.split('\n').filter((l) => !l.includes('"detector":"brushing-model"')).join('\n')
}

describe.each([
  ['with `received`', true],
  ['without `received`', false],
])('five platforms %s: the same bytes', (_, stamped) => {
  const dir = temporary()
  let log: string
  let golden: string
  let records: string

  beforeAll(async () => {
    log = writeLog(dir, 'log.ndjson', toLines(arrivals, stamped))
    const { warnings, bytes, summary, records: all } = await run(dir, { logs: [log] })
    golden = bytes
    records = all
    expect(summary.records).toBeGreaterThan(200)
    expect(summary.log.late).toBe(0)
    // The log must be worth comparing: warnings that timers closed, and warnings of the resource stage.
    const resource = warnings.filter((w) => w.subject.kind !== 'learner')
    expect(warnings.filter((w) => w.episode === 'ended' && w.raised > w.end).length).toBeGreaterThanOrEqual(100)
    expect(resource.length).toBeGreaterThanOrEqual(50)
  })

  const same = async (options: object, lines?: string[], of = (bytes: string) => bytes) => {
    const logs = [lines === undefined ? log : writeLog(dir, `log-${Math.random()}.ndjson`, lines)]
    const { bytes, records: again } = await run(dir, { logs, ...options })
    expect(of(bytes) === of(golden)).toBe(true)
    expect(again === records).toBe(true)
  }

  test('without learning records, which change nothing else', async () => {
    const { bytes, records: none } = await run(dir, { logs: [log], records: false })
    expect([bytes === golden, none]).toEqual([true, ''])
  })

  test.each([2, 4, 7])('split over %i partitions', (partitions) => same({ partitions }))
  test.each([100, 10_000])('marks every %i records', (markEvery) => same({ markEvery }))
  // What arrives later says so in `received`, by which a model knows uploads and delays: those are other events then.
  test.each([1, 2, 3])('shuffled within the lateness, seed %i', (seed) => same({}, toLines(shuffled(arrivals, seed, 50 * SECOND), stamped), stamped ? withoutModels : undefined))
  test.each([1, 2, 3])('shuffled with their `received` as it was, seed %i', (seed) => {
    const line = new Map(toLines(arrivals, stamped).map((l, i) => [arrivals[i]?.wire, l]))
    return same({}, shuffled(arrivals, seed, 50 * SECOND).map(({ wire }) => line.get(wire) as string))
  })
  test.each([1, 2])('one in a hundred sent twice, seed %i', (seed) => same({}, toLines(duplicated(arrivals, seed), stamped)))
})
