import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { register } from 'prom-client'
import { expect, onTestFinished, test } from 'vitest'
import { REJECT_REASONS } from '../telemetry/rejects.ts'
import { parseExposition, type Sample } from '../testing/exposition.ts'
import { LABELS, METRICS, MOST_VALUES, OTHER, PREFIX, declarationOf, writeTables, type MetricName } from './metric-table.ts'
import { Metrics, type Meter } from './metrics.ts'

const NOW = Date.UTC(2026, 2, 2, 8)

function open(now: () => number = () => NOW): Metrics {
  const metrics = new Metrics(now)
  onTestFinished(() => metrics.close())
  return metrics
}

async function read(metrics: Metrics, name: string): Promise<Sample[]> {
  return parseExposition(await metrics.text()).samples.filter((s) => s.name === PREFIX + name)
}

const byLabel = (samples: Sample[]) => Object.fromEntries(samples.map((s) => [Object.values(s.labels).join(' '), s.value]))
const platforms = (n: number, value: (i: number) => number = () => 1) => Array.from({ length: n }, (_, i) => [`p${i}`, value(i)] as const)

test('everything that is declared is there, with its help and type, and nothing else of ours', async () => {
  const { types, helps } = parseExposition(await open().text())
  const ours = Object.fromEntries([...types].filter(([name]) => name.startsWith(PREFIX)))
  expect(ours).toEqual(Object.fromEntries(Object.entries(METRICS).map(([name, { type }]) => [PREFIX + name, type])))
  for (const [name, { help }] of Object.entries(METRICS)) expect(helps.get(PREFIX + name)).toBe(help)
  expect([...types.keys()]).toEqual(expect.arrayContaining(['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_heap_size_used_bytes']))
  expect([...types.keys()].filter((name) => !/^(invigil|process|nodejs)_/.test(name) || name.includes('lag_seconds'))).toEqual([])
})

test('names and units are as Prometheus wants them', () => {
  for (const name of Object.keys(METRICS) as MetricName[]) {
    expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/)
    const { type, age, buckets } = declarationOf(name)
    expect(name.endsWith('_total'), name).toBe(type === 'counter')
    if (age) expect(name).toMatch(/_seconds$/)
    expect(buckets !== undefined, name).toBe(type === 'histogram')
    expect([...(buckets ?? [])].sort((a, b) => a - b)).toEqual(buckets ?? [])
  }
})

test('no global registry is touched, and two processes in one do not meet', async () => {
  const [one, two] = [open(), open()]
  one.count('events_handled_total', 3)
  expect(await read(two, 'events_handled_total')).toMatchObject([{ value: 0 }])
  expect(await read(one, 'events_handled_total')).toMatchObject([{ value: 3 }])
  expect(register.getMetricsAsArray()).toEqual([])
})

test('counters count', async () => {
  const metrics = open()
  metrics.count('events_read_total', 5, { platform: 'p1' })
  metrics.count('events_read_total', 2, { platform: 'p2' })
  metrics.count('events_read_total', 1000, { platform: 'p1' })
  metrics.count('warnings_total', 1, { rule: 'shared-ip', severity: 'high' })
  metrics.count('warnings_total', 2, { rule: 'shared-ip', severity: 'low' })
  expect(byLabel(await read(metrics, 'events_read_total'))).toEqual({ p1: 1005, p2: 2 })
  expect(byLabel(await read(metrics, 'warnings_total'))).toEqual({ 'shared-ip high': 1, 'shared-ip low': 2 })
})

test('what a closed label can be is there from 0 on', async () => {
  const metrics = open()
  metrics.count('records_rejected_total', 4, { reason: 'bad-json' })
  const rejected = byLabel(await read(metrics, 'records_rejected_total'))
  expect(Object.keys(rejected).sort()).toEqual(Object.keys(REJECT_REASONS).sort())
  expect(rejected).toMatchObject({ 'bad-json': 4, future: 0 })
  expect(byLabel(await read(metrics, 'commits_total'))).toEqual({ committed: 0, failed: 0 })
})

test('histograms hold what was observed', async () => {
  const metrics = open()
  for (const seconds of [0.014, 0.028, 0.345]) metrics.observe('commit_duration_seconds', seconds)
  expect((await read(metrics, 'commit_duration_seconds_count'))[0]?.value).toBe(3)
  expect((await read(metrics, 'commit_duration_seconds_sum'))[0]?.value).toBeCloseTo(0.387)
  expect(byLabel(await read(metrics, 'commit_duration_seconds_bucket'))).toMatchObject({ '0.01': 0, '0.02': 1, '0.05': 2, '0.5': 3, '+Inf': 3 })
})

test('an age grows with the clock, without being told again', async () => {
  let now = NOW
  const metrics = open(() => now)
  metrics.showAll('watermark_age_seconds', [['p1', NOW - 60_000], ['ahead', NOW + 2_500]])
  metrics.show('replay_reach_seconds', NOW - 86_400_000)
  expect(byLabel(await read(metrics, 'watermark_age_seconds'))).toEqual({ p1: 60, ahead: -2.5 })
  now += 5_000
  expect(byLabel(await read(metrics, 'watermark_age_seconds'))).toEqual({ p1: 65, ahead: 2.5 })
  expect((await read(metrics, 'replay_reach_seconds'))[0]?.value).toBe(86_405)
})

test('a gauge shows nothing where nothing is known, and no more what has gone', async () => {
  const metrics = open()
  expect(await read(metrics, 'replay_reach_seconds')).toEqual([])
  metrics.show('replay_reach_seconds', -Infinity)
  expect(await read(metrics, 'replay_reach_seconds')).toEqual([])
  metrics.showAll('lag_records', [['learner-0', 10], ['learner-1', 20]])
  expect(byLabel(await read(metrics, 'lag_records'))).toEqual({ 'learner-0': 10, 'learner-1': 20 })
  metrics.showAll('lag_records', [['learner-1', 5], ['learner-2', Number.NaN]])
  expect(byLabel(await read(metrics, 'lag_records'))).toEqual({ 'learner-1': 5 })
  metrics.showAll('context_info', [['a1', 1]])
  metrics.showAll('context_info', [['b2', 1]])
  expect(await read(metrics, 'context_info')).toMatchObject([{ labels: { context: 'b2' }, value: 1 }])
})

test('many platforms are bounded in a counter, and none is lost from the sum', async () => {
  const metrics = open()
  for (const [platform] of [...platforms(10_000), ...platforms(10_000)]) metrics.count('events_read_total', 1, { platform })
  const shown = byLabel(await read(metrics, 'events_read_total'))
  expect(Object.keys(shown)).toHaveLength(MOST_VALUES + 1)
  expect(shown).toMatchObject({ p0: 2, [`p${MOST_VALUES - 1}`]: 2, [OTHER]: 2 * (10_000 - MOST_VALUES) })
})

test('many rules are bounded, each with its severities', async () => {
  const metrics = open()
  for (let i = 0; i < 1000; i++) for (const severity of ['low', 'critical'] as const) metrics.count('warnings_total', 1, { rule: `r${i}`, severity })
  const shown = await read(metrics, 'warnings_total')
  expect(new Set(shown.map((s) => s.labels.rule)).size).toBe(MOST_VALUES + 1)
  expect(shown.filter((s) => s.labels.rule === OTHER).map((s) => s.value)).toEqual([800, 800])
})

test('many platforms are bounded in a gauge: the rest is summed, or as old as the oldest', async () => {
  const metrics = open()
  metrics.showAll('lag_records', platforms(1000, (i) => i))
  const lag = byLabel(await read(metrics, 'lag_records'))
  expect(Object.keys(lag)).toHaveLength(MOST_VALUES + 1)
  expect(Object.values(lag).reduce((a, b) => a + b)).toBe((1000 * 999) / 2)
  metrics.showAll('watermark_age_seconds', platforms(1000, (i) => NOW - i * 1000))
  const ages = byLabel(await read(metrics, 'watermark_age_seconds'))
  expect(Object.keys(ages)).toHaveLength(MOST_VALUES + 1)
  expect(ages).toMatchObject({ p7: 7, [OTHER]: 999 })
})

test('a series that was shown keeps its place as long as it is there', async () => {
  const metrics = open()
  metrics.showAll('lag_records', platforms(MOST_VALUES))
  metrics.showAll('lag_records', [...platforms(500).slice(MOST_VALUES), ...platforms(10)])
  const lag = byLabel(await read(metrics, 'lag_records'))
  expect(lag).toMatchObject({ p0: 1, p9: 1, [OTHER]: 310 - MOST_VALUES })
  expect(Object.keys(lag)).toHaveLength(MOST_VALUES + 1)
})

test('whatever a platform is called, the scrape can be read', async () => {
  const metrics = open()
  const names = ['a"b', 'a\\b', 'a\nb', 'a} 1\nevil 1', '__proto__', 'constructor', '云学', '\ud800', '\udbff', 'x'.repeat(1000), 'x'.repeat(1001), OTHER, '']
  for (const platform of names) metrics.count('events_read_total', 1, { platform })
  metrics.showAll('watermark_age_seconds', names.map((n) => [n, NOW] as const))
  const counted = await read(metrics, 'events_read_total')
  expect(counted.reduce((n, s) => n + s.value, 0)).toBe(names.length)
  const labels = counted.map((s) => s.labels.platform)
  expect(labels).toEqual(expect.arrayContaining(['a"b', 'a\\b', 'a\nb', 'a} 1\nevil 1', '__proto__', '云学', '\ufffd', `${'x'.repeat(99)}…`]))
  expect((await read(metrics, 'watermark_age_seconds')).map((s) => s.labels.platform)).toEqual(labels)
})

test('a blocked event loop is seen, and an idle one has hardly any delay', async () => {
  let now = NOW
  const metrics = open(() => now)
  await new Promise((done) => setTimeout(done, 30))
  const until = performance.now() + 300
  while (performance.now() < until);
  const longest = async () => byLabel(await read(metrics, 'event_loop_delay_seconds'))['1']
  // The delay is noted by the loop's own timer in its next turn.
  await expect.poll(longest, { interval: 5, timeout: 10_000 }).toBeGreaterThan(0.25)
  expect(Object.keys(byLabel(await read(metrics, 'event_loop_delay_seconds'))).sort()).toEqual(['0.5', '0.9', '0.99', '1'])
  // Another scrape soon after, by whomever, does not hide it.
  expect(await longest()).toBeGreaterThan(0.25)
  await expect.poll(() => {
    now += 10_000
    return longest()
  }, { interval: 50, timeout: 10_000 }).toBeLessThan(0.25)
})

test('numbers that cannot be are refused, not passed on', () => {
  const metrics = open()
  for (const wrong of [-1, Number.NaN, Infinity]) {
    expect(() => metrics.count('events_handled_total', wrong)).toThrow('the counter events_handled_total cannot go up by')
    expect(() => metrics.observe('snapshot_bytes', wrong)).toThrow('the histogram snapshot_bytes cannot hold')
  }
})

test('the types of the port follow the declaration', () => {
  const check = (meter: Meter) => {
    // @ts-expect-error a label is missing
    meter.count('events_read_total', 1)
    // @ts-expect-error this counter has no label
    meter.count('events_handled_total', 1, { platform: 'p1' })
    // @ts-expect-error a learner is no label
    meter.count('events_read_total', 1, { learner: 'L1' })
    // @ts-expect-error no such reason
    meter.count('records_rejected_total', 1, { reason: 'whatever' })
    // @ts-expect-error this gauge has a label
    meter.show('lag_records', 1)
    // @ts-expect-error measured by the metrics themselves
    meter.showAll('event_loop_delay_seconds', [])
  }
  expect(check).toBeTypeOf('function')
})

test('only what is bounded and no learner is a label', () => {
  expect(Object.keys(LABELS).sort()).toEqual([...new Set(Object.values(METRICS).flatMap((m): readonly string[] => m.labels))].sort())
  expect(Object.keys(LABELS)).not.toEqual(expect.arrayContaining([expect.stringMatching(/learner|account|device|ip|session/)]))
  for (const name of Object.keys(METRICS) as MetricName[]) if (declarationOf(name).type === 'gauge') expect(declarationOf(name).labels.length, name).toBeLessThan(2)
})

// `vitest run src/io/metrics.test.ts -u` writes the tables anew.
test('docs/metrics.md has the tables of the declaration', async () => {
  const path = fileURLToPath(new URL('../../docs/metrics.md', import.meta.url))
  const text = readFileSync(path, 'utf8')
  const start = text.indexOf('| metric |')
  expect(start).toBeGreaterThan(0)
  await expect(text.slice(0, start) + writeTables()).toMatchFileSnapshot(path)
})
