import { appendFileSync, existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { detectors } from '../detectors/index.ts'
import type { OpenContext } from '../pipeline/context.ts'
import { runLocal } from '../pipeline/local.ts'
import type { LocalOptions } from '../pipeline/options.ts'
import type { Summary } from '../pipeline/summary.ts'
import { recordSchema } from '../records/record.ts'
import { promptSchema, warningSchema, type Warning } from '../warnings/warning.ts'
import { cases, contextOf, day, linesOf, textOf, withoutContext, type Fixture } from './fixtures.ts'
import { RULES, ROOT, shippedContext, temporary, writeLog } from './runs.ts'

/** What a run wrote. */
interface Written {
  summary: Summary
  warnings: string
  prompts: string
  records: string
}

/** Another parallelism, and marks at other places. */
const SPLIT = { partitions: 3, markEvery: 7 }

test('every detector that the shipped rules use has a case that explains it, and every case a detector', async () => {
  const { bundle } = await shippedContext()
  const used = new Set(bundle.rules.map((r) => r.detector.name))
  expect(cases().map((c) => c.name)).toEqual(detectors.map((d) => d.name).filter((name) => used.has(name)))
  for (const { dir, name } of cases()) {
    const readme = readFileSync(join(dir, 'README.md'), 'utf8').trim().split('\n')
    expect([name, readme[0]]).toEqual([name, `# ${name}`])
    expect(readme.length, `${name}/README.md`).toBeLessThanOrEqual(6)
  }
})

test('the GeoIP database that the goldens were made with is installed', async () => {
  const { geo } = await shippedContext()
  expect(geo.databases.every((d) => d.covers.includes('city')), 'install the optional dependencies, too').toBe(true)
})

describe.each(cases())('case $name', (fixture) => {
  const runs = runsOf(fixture)

  test('gives the golden warnings', async () => {
    const { warnings } = await runs.whole()
    expect(withoutContext(warnings)).toBe(textOf(fixture.golden))
  })

  test('is of its detector alone, warns once, and ends', async () => {
    const warnings = parse((await runs.whole()).warnings)
    expect(new Set(warnings.map((w) => w.detector))).toEqual(new Set([fixture.name]))
    expect(new Set(warnings.map((w) => w.id)).size).toBe(1)
    expect(warnings.at(-1)?.episode).toBe('ended')
  })

  test('keeps to the contracts', async () => expectContracts(await runs.whole()))
  test('stopped in the middle and taken up again: the same bytes', () => runs.expectRestartable())

  test('split over tasks, with marks elsewhere: the same bytes', async () => {
    const whole = await runs.whole()
    // What is late is late against the mark before (in a file: every 1,000 records), so there the marks must stay.
    const split = whole.summary.log.late > 0 ? { partitions: SPLIT.partitions } : SPLIT
    expectSame(await runs.run(split), whole)
  })
})

describe('the simulated day', () => {
  const runs = runsOf(day)

  test('gives the golden warnings', async () => {
    const { warnings } = await runs.whole()
    expect(withoutContext(warnings) === textOf(day.golden)).toBe(true)
  })

  test('keeps to the contracts', async () => expectContracts(await runs.whole()))

  test('no line is lost, and its rules warn in every way that a day can hold', async () => {
    const { summary, warnings } = await runs.whole()
    expect(summary.records).toBeGreaterThan(500)
    expect(summary.log).toMatchObject({ lines: linesOf(day.log).length, events: summary.log.lines, rejected: {}, ignored: {}, blank: 0 })
    const rules = new Set(parse(warnings).map((w) => w.rule))
    expect([...rules].sort()).toEqual([
      'brushing-model', 'brushing-rhythm', 'chapter-skip', 'face-check', 'foreign-ip', 'hang-up', 'impossible-travel', 'lockstep', 'other-province', 'over-credit',
      'parallel-chapters', 'seek-ahead', 'shared-device', 'shared-ip', 'shared-photo',
    ])
  })

  test('two runs give the same bytes, context and all', async () => {
    expectSame(await runs.run({}), await runs.whole())
  })

  test('split over tasks: the same bytes', async () => {
    expectSame(await runs.run({ partitions: SPLIT.partitions }), await runs.whole())
  })

  test('stopped in the middle and taken up again: the same bytes', () => runs.expectRestartable())

  test('without what comes late, marks elsewhere: the same bytes', async () => {
    const inTime = writeLog(runs.dir, 'in-time.ndjson', linesOf(day.log).filter((l) => !isLate(l)))
    const whole = await runs.run({ logs: [inTime] })
    expect(whole.summary.log.late).toBe(0)
    expect(whole.summary.warnings.total).toBeGreaterThan(100)
    expectSame(await runs.run({ logs: [inTime], ...SPLIT }), whole)
  })
})

test('`npm start` runs the day', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  const words = (scripts.start as string).split(' ')
  expect(words.filter((w) => w.startsWith('fixtures/') && existsSync(join(ROOT, w)))).toEqual(['fixtures/day/telemetry.ndjson.gz', 'fixtures/day/catalogue.yaml'])
  expect(existsSync(RULES)).toBe(true)
})

/** Runs of one fixture, each into a folder of its own. */
function runsOf(fixture: Fixture) {
  const dir = temporary()
  let context: OpenContext
  let first: Promise<Written> | undefined
  beforeAll(async () => {
    context = await contextOf(fixture)
  })

  async function run(options: Partial<LocalOptions>): Promise<Written> {
    const output = options.output ?? mkdtempSync(join(dir, 'out-'))
    const summary = await runLocal({ logs: [fixture.log], format: 'canonical', context, ...options, output })
    const read = (name: string) => readFileSync(join(output, name), 'utf8')
    return { summary, warnings: read('warnings.ndjson'), prompts: read('prompts.ndjson'), records: read('records.ndjson') }
  }

  const whole = (): Promise<Written> => (first ??= run({}))

  /** A run that ends after half of the log, in the middle of a mark, and one that goes on from its state. */
  async function expectRestartable(): Promise<void> {
    const lines = linesOf(fixture.log)
    const half = Math.ceil(lines.length / 2)
    const log = writeLog(dir, 'growing.ndjson', lines.slice(0, half))
    const options = { logs: [log], output: join(dir, 'out-growing'), state: join(dir, 'state') }
    expect((await run(options)).summary.log.lines).toBe(half)
    appendFileSync(log, lines.slice(half).map((l) => `${l}\n`).join(''))
    let resumed: { records: number } | undefined
    const written = await run({ ...options, watch: { resumed: (from) => (resumed = from) } })
    expect(resumed?.records).toBe(half)
    expectSame(written, await whole())
  }

  return { dir, run, whole, expectRestartable }
}

function expectSame(is: Written, should: Written): void {
  // Compared as a whole: a difference of megabytes helps nobody.
  expect([is.warnings === should.warnings, is.prompts === should.prompts, is.records === should.records]).toEqual([true, true, true])
}

function expectContracts({ warnings, prompts, records }: Written): void {
  for (const line of warnings.split('\n').filter(Boolean)) warningSchema.parse(JSON.parse(line))
  for (const line of prompts.split('\n').filter(Boolean)) promptSchema.parse(JSON.parse(line))
  for (const line of records.split('\n').filter(Boolean)) {
    const record = recordSchema.parse(JSON.parse(line))
    expect(record.credited, record.id).toBeLessThanOrEqual(record.wallClock)
  }
}

function parse(warnings: string): Warning[] {
  return warnings.split('\n').filter(Boolean).map((l) => JSON.parse(l) as Warning)
}

/** Whether the platform got a record later than its lateness of a minute allows. */
function isLate(line: string): boolean {
  const { time, received } = JSON.parse(line) as { time: string; received: string }
  return Date.parse(received) - Date.parse(time) > 55_000
}
