import { describe, expect, test } from 'vitest'
import { number, rare, record, ref, series } from '../base/record.ts'
import { MINUTE, SECOND, formatTime } from '../base/time.ts'
import type { AnyDetector } from '../engine/detector.ts'
import { Entry } from '../engine/entry.ts'
import { layoutOf, RowReader } from '../engine/layout.ts'
import type { Scorer } from '../engine/ports.ts'
import { Table } from '../engine/table.ts'
import { activity, activityFields, FEATURES, observe, readFeatures } from '../models/features/index.ts'
import { openScorer } from '../models/runtime/scorer.ts'
import type { Event } from '../telemetry/event.ts'
import { advancePlayback, playback } from '../telemetry/playback.ts'
import { at, drive, instant, ruleOf, type Drive, type Fields } from '../testing/drive.ts'
import { rowBytes } from '../testing/row-bytes.ts'
import { testModels, tinyModel } from '../testing/tiny-model.ts'
import type { Warning } from '../warnings/warning.ts'
import { brushingModel } from './brushing-model.ts'

// It knows only whether beats come as by clockwork: what a trained one knows is tested where it is trained.
const models = await testModels()
const features = FEATURES.map((f) => f.name)

/** Beats every `step` seconds for so many minutes, and 3 s off now and then where `uneven`. */
function playing(from: string, minutes: number, { uneven = false, step = 15, learner = 'L1', ...fields }: Fields & { uneven?: boolean; step?: number; learner?: string } = {}): Event[] {
  const begin = instant(from)
  const count = (minutes * 60) / step
  return Array.from({ length: count + 1 }, (_, i) => at(formatTime(begin + i * step * SECOND + (uneven && i % 2 === 1 ? 3 * SECOND : 0)), i === 0 ? 'played' : 'heartbeat', learner, 'c1', fields))
}

function run(events: readonly Event[], params: Record<string, unknown> = {}, until = '23:00:00'): Drive {
  return drive(brushingModel, params, { models }).feed(...events).mark(until)
}

const brief = (warnings: readonly Warning[]) => warnings.map((w) => [w.episode, w.begin.slice(11, 19), w.end.slice(11, 19), w.raised.slice(11, 19)])

test('a program is one warning: as soon as it is judged, and once more when the sitting is over', () => {
  const warnings = run([at('07:59:50', 'logged-in', 'L1'), ...playing('08:00:00', 60, { class: 'k1', course: 'a' })]).warnings()
  expect(warnings.map((w) => w.episode)).toEqual(['ongoing', 'ended'])
  const [first, last] = warnings as [Warning, Warning]
  expect(first).toMatchObject({ severity: 'medium', begin: '2026-03-02T07:59:50.000Z', class: 'k1', course: 'a', chapters: ['c1'], disputed: [], evidence: { count: expect.any(Number) } })
  // Between 10 and 20 minutes watched, at the learner's own second of the ten minutes.
  expect(Date.parse(first.raised) - instant('08:00:00')).toBeGreaterThanOrEqual(10 * MINUTE)
  expect(Date.parse(first.raised) - instant('08:00:00')).toBeLessThanOrEqual(20 * MINUTE)
  expect(Date.parse(first.raised) % (30 * SECOND)).toBe(0)
  expect(last).toMatchObject({ end: '2026-03-02T09:00:00.000Z', raised: '2026-03-02T09:30:00.000Z', evidence: { count: 242 } })
  expect(last.evidence.events).toHaveLength(20)
})

test('the warning names what speaks most for it, in words of both languages', () => {
  const [w] = run(playing('08:00:00', 30)).latest()
  expect(w?.facts).toEqual({ score: 0.998, minutes: expect.any(Number) })
  expect(w?.reasons).toEqual([{ feature: 'gap-same', value: 1, usual: [-1, 1], weight: 8 }])
  const said = FEATURES.find((f) => f.name === 'gap-same')?.tell(1, [-1, 1])
  expect(w?.summary.en).toBe(`a model takes it for a program: score 0.998 (limit 0.99) after ${String(w?.facts.minutes)} min of playback; ${said?.en ?? ''}`)
  expect(w?.summary.zh).toContain(`得分 0.998（上限 0.99），依据 ${String(w?.facts.minutes)} 分钟的播放；${said?.zh ?? ''}`)
})

test('no single cause is told as none', () => {
  const explain: typeof brushingModel.explain = (...given) => brushingModel.explain(...given)
  const facts = { score: 1, minutes: 12 }
  const params = brushingModel.params.parse({})
  expect(explain(facts, params, [])).toEqual({
    en: 'a model takes it for a program: score 1 (limit 0.99) after 12 min of playback; no single cause stands out',
    zh: '模型判断为程序播放：得分 1（上限 0.99），依据 12 分钟的播放；没有突出的单一原因',
  })
})

test.each<[string, Event[], Record<string, unknown>?]>([
  ['who beats as a browser does', playing('08:00:00', 120, { uneven: true })],
  ['by less than ten minutes', playing('08:00:00', 9)],
  ['by less than was asked for', playing('08:00:00', 55), { least: 60 }],
  ['below the threshold', playing('08:00:00', 60), { threshold: 0.999 }],
  ['who only logs in', Array.from({ length: 50 }, (_, i) => at(formatTime(instant('08:00:00') + i * MINUTE), 'logged-in', 'L1'))],
])('nobody is warned of %s', (_, events, params) => {
  expect(run(events, params).warnings()).toEqual([])
})

describe('an episode', () => {
  test('ends by the end of the sitting, and the next sitting begins another', () => {
    const d = run([...playing('08:00:00', 30), ...playing('12:00:00', 30)])
    expect(brief(d.latest())).toEqual([['ended', '08:00:00', '08:30:00', '09:00:00'], ['ended', '12:00:00', '12:30:00', '13:00:00']])
    expect(new Set(d.warnings().map((w) => w.id)).size).toBe(2)
  })

  test('ends half an hour after the last judgement against it, and another may follow in the same sitting', () => {
    // Five hours of a person between two programs.
    const d = run([...playing('08:00:00', 30), ...playing('08:30:10', 300, { uneven: true }), ...playing('13:31:00', 540, { step: 5 })], { threshold: 0.9, end: '30m' }, '2026-03-03T08:00:00')
    const [first, second] = d.latest()
    expect(first?.episode).toBe('ended')
    expect(Date.parse(first?.raised as string) - Date.parse(first?.end as string)).toBeGreaterThanOrEqual(30 * MINUTE)
    expect(Date.parse(first?.raised as string)).toBeLessThan(instant('13:00:00'))
    expect(Date.parse(second?.begin as string)).toBe(Date.parse(first?.end as string) + 1)
    expect(d.latest()).toHaveLength(2)
  })

  test('goes on below the threshold for as long as `end` says', () => {
    const events = [...playing('08:00:00', 30), ...playing('08:30:10', 100, { uneven: true })]
    const ended = (end: string) => Date.parse(run(events, { threshold: 0.9, end }).latest()[0]?.raised as string)
    expect(ended('20m')).toBeLessThan(ended('50m'))
    // The sitting ends half an hour after 10:10:10, and is looked at 20 s later.
    expect(ended('10h')).toBe(instant('10:40:30'))
  })
})

test('the highest score is told, with its reasons', () => {
  const [first, last] = run([...playing('08:00:00', 20), ...playing('08:20:10', 30, { uneven: true })], { threshold: 0.5, end: '5h' }).warnings()
  expect(last?.facts.score).toBe(first?.facts.score)
})

test('a learner is judged every ten minutes while active, and once at the end, at a time of its own', () => {
  const asked: number[] = []
  const real = models.get('brushing') as Scorer
  const scorer: Scorer = { width: real.width, reasons: (row) => real.reasons(row), score: (rows, count) => (asked.push(count), real.score(rows, count)) }
  const judge = (events: readonly Event[]) => {
    asked.length = 0
    drive(brushingModel, { least: 0 }, { models: new Map([['brushing', scorer]]) }).feed(...events).mark('20:00:00').warnings()
    return asked.reduce((n, c) => n + c, 0)
  }
  expect(judge(playing('08:00:00', 60, { uneven: true }))).toBeGreaterThanOrEqual(7)
  expect(judge(playing('08:00:00', 60, { uneven: true }))).toBeLessThanOrEqual(8)
  // A silence of 20 minutes is no end, and nothing is learnt in it.
  expect(judge([...playing('08:00:00', 5, { uneven: true }), ...playing('08:25:00', 5, { uneven: true })])).toBeLessThanOrEqual(4)
  const many = Array.from({ length: 120 }, (_, i) => `L${i}`)
  judge(many.flatMap((learner) => playing('08:00:00', 30, { uneven: true, learner })))
  expect(asked.slice(0, 20).reduce((n, c) => n + c, 0)).toBe(120)
  expect(Math.max(...asked.slice(0, 20))).toBeLessThan(15)
})

test('a row is what the features say, over lessons and sittings', () => {
  const lesson = (from: string, chapter: string) => {
    const begin = instant(from)
    return Array.from({ length: 42 }, (_, i) => at(formatTime(begin + i * 14 * SECOND), i === 0 ? 'played' : i === 41 ? 'completed' : 'heartbeat', 'L1', chapter, { position: i * 14 }))
  }
  const events = ['08', '11', '14', '18'].flatMap((hour, i) => ['00', '10', '20', '30'].flatMap((minute, j) => lesson(`${hour}:${minute}:0${i * 2 + (j % 2)}`, `c${4 * i + j}`)))
  const rows: Float64Array[] = []
  const real = models.get('brushing') as Scorer
  const scorer: Scorer = { width: real.width, reasons: (row) => real.reasons(row), score: (batch, count) => (rows.push(batch.slice(0, real.width)), real.score(batch, count)) }
  drive(brushingModel, {}, { models: new Map([['brushing', scorer]]) }).feed(...events).mark('23:00:00').warnings()
  const [state, player] = [activity.make(), playback.make()]
  const around = { cadence: undefined, rate: undefined, checks: undefined, span: undefined, sends: () => false, lengthOf: () => undefined, minutesEast: () => events[0]?.offset ?? NaN }
  for (const event of events) observe(state, event, { ...around, span: advancePlayback(player, event) })
  const expected = new Float64Array(FEATURES.length)
  readFeatures(state, around, expected, 0)
  expect(rows.at(-1)).toEqual(expected)
  const known = features.filter((_, i) => !Number.isNaN(expected[i]))
  expect(known).toEqual(expect.arrayContaining(['next-length', 'next-spread', 'hour-unusual', 'hour-spread']))
})

test('backends warn alike', async () => {
  const chance = await tinyModel({ features, hidden: 16, seed: 5, bias: 3 })
  const events = [...playing('08:00:00', 90), ...playing('08:00:00', 90, { uneven: true, learner: 'L2' }), ...playing('08:00:05', 90, { step: 30, learner: 'L3', inputs: 1, visible: true, muted: true })]
  const [wasm, cpu] = await Promise.all((['wasm', 'cpu'] as const).map(async (backend) => {
    const models = new Map([['brushing', await openScorer('brushing', chance, { features, backend })]])
    return drive(brushingModel, { threshold: 0.3 }, { models }).feed(...events).mark('12:00:00').warnings()
  }))
  expect(wasm?.length).toBeGreaterThan(0)
  expect(cpu).toEqual(wasm)
})

interface Version {
  table: Table
  entry: Entry
  rules: ReturnType<typeof ruleOf>[]
  state: Record<string, unknown> & { others: { set: (i: number, n: number) => void } }
}

/** State as it was in version 1: chapters beside the one at hand lay among the numbers, and no beat waited. */
function ofVersion1(): AnyDetector {
  const { waiting: _, rate: _rate, waitingBeats: _beats, ...fields } = activityFields
  const state = record({
    ...fields, others: series(15), zone: number(0), due: number(0), class: ref<string>(), course: ref<string>(), first: ref<string>(), count: number(0), since: number(0), episode: rare<object>(),
  })
  return { ...brushingModel, version: 1, migrations: {}, state }
}

test.each([['no other chapter', 0], ['another chapter', 7]])('state of version 1 is read, with %s', (_, first) => {
  const [before, after] = [ofVersion1(), brushingModel as AnyDetector].map((detector) => {
    const table = new Table(1, {}, [detector])
    const entry = new Entry('L', table)
    table.enter(entry)
    return { table, entry, rules: [ruleOf(detector)], state: table.state(0) as Version['state'] }
  }) as [Version, Version]
  const numbers = { latest: 5, at: 5, played: 600, typical: 15_000, count: 40, due: 900, since: 3, zone: 480, photoHigh: 17 }
  Object.assign(before.state, numbers, { tells: true })
  before.state.others.set(0, first)
  const saved = rowBytes(before.table, before.entry)
  const references = { refs: ['k1', 'a', 'e1', 'c1', 's'], rares: undefined }
  const names = before.table.parts[0]?.refs ?? []
  new RowReader(layoutOf(before.table, before.rules), after.table, after.rules).read(after.entry, new DataView(saved.buffer, saved.byteOffset), 0, () => references)
  after.table.enter(after.entry)
  expect(after.state).toMatchObject({ ...numbers, tells: true, waiting: -1, ...Object.fromEntries(names.map((name, i) => [name, references.refs[i]])) })
  expect(after.state.others).toEqual(first === 0 ? undefined : [first, ...Array.from({ length: 14 }, () => 0)])
})
