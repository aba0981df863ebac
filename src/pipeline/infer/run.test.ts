import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { CatalogueData } from '../../catalogue/catalogue.ts'
import { loadCatalogue } from '../../catalogue/load.ts'
import { MINUTE, parseDuration } from '../../base/time.ts'
import { simulate, type Simulation } from '../../simulate/index.ts'
import type { Truth } from '../../simulate/truth.ts'
import type { WireEvent } from '../../telemetry/event.ts'
import { contextOf } from '../../testing/fixtures.ts'
import { run, SAMPLES, shippedContext, temporary, writeLog } from '../../testing/runs.ts'
import { inferCatalogue, type Inferred } from './run.ts'

const dir = temporary()
const infer = async (log: string, options: object = {}): Promise<Inferred> => inferCatalogue({ logs: [log], format: 'canonical', geo: (await shippedContext()).geo, ...options })

/** What a log does not tell, and a draft therefore lacks or has otherwise; nothing else may differ. */
const UNTOLD = {
  platforms: ['autoplay', 'since'],
  courses: ['title', 'subject'],
  chapters: ['title'],
  classes: ['institution', 'region', 'opens', 'closes', 'hours', 'status', 'connected', 'teachers'],
} as const

describe.each([21, 22])('a simulated world (seed %d)', (seed) => {
  const world: Simulation = simulate({ learners: 120, days: 1, seed })
  const records: WireEvent[] = [...world.records]
  const truth: Truth = world.truth()
  const log = (): string => join(dir, `world-${seed}.ndjson`)
  let inferred: Inferred
  let data: CatalogueData
  beforeAll(async () => {
    writeLog(dir, `world-${seed}.ndjson`, records.map((r) => JSON.stringify(r)))
    inferred = await infer(log())
    data = inferred.catalogue.data
  })

  test('platforms: the cadence of the player, and never a shorter time between face checks than its own', () => {
    expect(data.platforms.map((p) => [p.id, p.heartbeat])).toEqual((world.catalogue.platforms ?? []).map((p) => [p.id, parseDuration(p.heartbeat ?? '')]).sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)))
    for (const p of data.platforms) {
      expect(p.checks).toBeGreaterThanOrEqual(15 * MINUTE)
      expect(p.checks).toBeLessThanOrEqual(18 * MINUTE)
      expect(p.global).toEqual([])
      // Whoever plays at 2x, be it a script, may do so because the player offers it.
      const named = records.flatMap((r) => (r.platform === p.id && r.rate !== undefined ? [r.rate] : []))
      if (named.length > 0) expect([undefined, ...named]).toContain(p.rate)
      for (const untold of UNTOLD.platforms) expect(p[untold]).toBeUndefined()
    }
  })

  test('courses: the chapters that three learners opened, in their order, with their lengths', () => {
    const expected = (world.catalogue.courses ?? []).map((course) => {
      const openers = new Map<string, Set<string>>()
      for (const r of records) if (r.chapter !== undefined && r.course === course.id && r.action !== 'answered' && !r.action.startsWith('face')) (openers.get(r.chapter) ?? openers.set(r.chapter, new Set()).get(r.chapter))?.add(r.learner)
      return { id: course.id, all: course.chapters ?? [], opened: (course.chapters ?? []).filter((c) => (openers.get(c.id)?.size ?? 0) >= 3) }
    }).filter((c) => c.opened.length > 0)
    let [sure, opened] = [0, 0]
    for (const { id, all, opened: three } of expected) {
      const guessed = data.courses.find((c) => c.id === id)?.chapters ?? []
      // All that is told is true: a part of the real course, in its order.
      expect(guessed.map((c) => ({ id: c.id, length: c.length, kind: c.kind }))).toEqual(all.filter((c) => guessed.some((g) => g.id === c.id)).map((c) => ({ id: c.id, length: c.length, kind: 'theory' })))
      sure += guessed.length
      opened += three.length
    }
    expect(sure / opened).toBeGreaterThan(0.85)
  })

  test('classes: who studied in them, of all that name one', () => {
    const studied = new Set(records.filter((r) => r.chapter !== undefined).map((r) => r.learner))
    const named = new Set(records.flatMap((r) => r.class ?? []))
    const expected = (world.catalogue.classes ?? []).filter((c) => named.has(c.id)).map((c) => ({ id: c.id, platform: c.platform, timeZone: 'Asia/Shanghai', learners: (c.learners ?? []).filter((l) => studied.has(l)).sort() }))
    expect(expected.length).toBeGreaterThan(1)
    expect(data.classes.map(({ id, platform, timeZone, learners }) => ({ id, platform, timeZone, learners }))).toEqual(expected.sort((a, b) => (a.id < b.id ? -1 : 1)))
    for (const c of data.classes) for (const untold of UNTOLD.classes) expect(c[untold] ?? []).toEqual([])
    for (const c of data.classes) expect(inferred.text).toContain(`# teachers: [${(world.catalogue.classes ?? []).find((k) => k.id === c.id)?.teachers?.[0]}]`)
  })

  test('by the draft alone no honest learner is accused', async () => {
    const file = join(dir, `draft-${seed}.yaml`)
    writeFileSync(file, inferred.text)
    const { warnings } = await run(dir, { logs: [log()], context: await contextOf({ catalogue: file }) })
    const honest = new Set(truth.learners.filter((l) => l.kind === 'honest').map((l) => `${l.platform}/${l.learner}`))
    const accused = warnings.filter((w) => w.severity !== 'low' && w.episode !== 'withdrawn').flatMap((w) => w.learners.map((l) => `${l.platform}/${l.id}`).filter((l) => honest.has(l)).map((l) => `${w.rule} ${l}`))
    expect(warnings.length).toBeGreaterThan(20)
    expect(accused).toEqual([])
  })

  test('what is commented out can be taken in', () => {
    const all = inferred.text.split('\n').map((line) => line.replace(/^( *)# ((?:- id|length|chapters|opens|teachers|region|checks|lateness|heartbeat|rate|autoplay|since): ?)/, '$1$2')).join('\n').replace(/institution: …/, 'institution: x')
    expect(loadCatalogue(all, 'catalogue.yaml').data.courses.flatMap((c) => c.chapters).length).toBeGreaterThan(data.courses.flatMap((c) => c.chapters).length)
  })

  test('the same log gives the same draft', async () => {
    expect((await infer(log())).text).toBe(inferred.text)
  })
})

test('on platforms that nobody has seen, with rates and players of their own, nobody honest is accused by the draft alone, either', async () => {
  const world = simulate({ learners: 120, days: 1, seed: 104, variety: true })
  const log = writeLog(dir, 'varied.ndjson', [...world.records].map((r) => JSON.stringify(r)))
  const { text, catalogue: { data } } = await infer(log)
  for (const platform of data.platforms) {
    const real = world.catalogue.platforms?.find((p) => p.id === platform.id)
    if (real?.heartbeat !== undefined && platform.heartbeat !== undefined) expect(platform.heartbeat).toBe(parseDuration(real.heartbeat))
    if (platform.checks !== undefined) expect(platform.checks).toBeGreaterThanOrEqual((parseDuration(real?.checks ?? '') ?? Infinity))
  }
  for (const course of data.courses) {
    const real = world.catalogue.courses?.find((c) => c.id === course.id)?.chapters ?? []
    expect(course.chapters.map((c) => [c.id, c.length])).toEqual(real.filter((r) => course.chapters.some((c) => c.id === r.id)).map((r) => [r.id, course.chapters.find((c) => c.id === r.id)?.length === undefined ? undefined : r.length]))
  }
  writeFileSync(join(dir, 'varied.yaml'), text)
  const { warnings } = await run(dir, { logs: [log], context: await contextOf({ catalogue: join(dir, 'varied.yaml') }) })
  const honest = new Set(world.truth().learners.filter((l) => l.kind === 'honest').map((l) => `${l.platform}/${l.learner}`))
  expect(warnings.filter((w) => w.severity !== 'low' && w.episode !== 'withdrawn').flatMap((w) => w.learners.filter((l) => honest.has(`${l.platform}/${l.id}`)).map(() => `${w.rule}: ${w.summary.en}`))).toEqual([])
})

describe('made-up logs', () => {
  const event = (learner: string, i: number, fields: object): string => JSON.stringify({ id: `${learner}-${i}`, time: new Date(Date.UTC(2026, 2, 2) + i * 15_000).toISOString(), action: 'heartbeat', platform: 'p1', learner, ...fields })

  test('a platform with two players that beat differently names no cadence', async () => {
    const lines = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'].flatMap((l, k) => Array.from({ length: 30 }, (_, i) => event(l, k < 6 ? i : 2 * i, { chapter: 'c1' })))
    const { text, catalogue } = await infer(writeLog(dir, 'two.ndjson', lines))
    expect(catalogue.data.platforms[0]?.heartbeat).toBeUndefined()
    expect(text).toContain('    # heartbeat: 15s   # the players of 60 % of 10 learners keep to it; all 290 intervals: median 15 s; has the platform several players?\n')
    expect(text).toContain('  # p1: 300 events of study name no `course`')
  })

  test('where a chapter has no sure place, no class is said to study what was not approved', async () => {
    const orders = [['c', 'a', 'b', 'd'], ['a', 'c', 'b', 'd'], ['a', 'b', 'c', 'd'], ['a', 'b', 'd', 'c']]
    const lines = Array.from({ length: 8 }, (_, k) => (orders[k % 4] as string[]).flatMap((chapter, n) => Array.from({ length: 10 }, (__, i) => event(`L${k}`, n * 12 + i, { chapter, course: 'K', class: 'C1', position: 15 * i })))).flat()
    const log = writeLog(dir, 'part.ndjson', lines)
    const { text, catalogue: { data } } = await infer(log)
    expect(data.courses.map((c) => c.chapters.map((x) => x.id))).toEqual([['a', 'b', 'd']])
    expect(text).toContain('    # courses: [K]   # those that its learners studied in this log; take the sign away once all chapters of K have their place')
    writeFileSync(join(dir, 'part.yaml'), text)
    const { warnings } = await run(dir, { logs: [log], context: await contextOf({ catalogue: join(dir, 'part.yaml') }) })
    expect(warnings.filter((w) => w.subject.kind === 'class')).toEqual([])
    writeFileSync(join(dir, 'part.yaml'), text.replace('# courses: [K]', 'courses: [K]'))
    expect((await run(dir, { logs: [log], context: await contextOf({ catalogue: join(dir, 'part.yaml') }) })).warnings.map((w) => w.rule)).toContain('unplanned-chapter')
  })

  test('ids that YAML would read otherwise come back as they were', async () => {
    const ids = ['no', '1', '1e5', 'null', '- x', 'a: b', '# c', '"', "'", '一班', 'a\nb', '\u202e', '[x', '{', '*a', '&a', '~', '', ' x ', '2026-03-02', 'x'.repeat(100), '=', '<<', 'a\u0085b', '\ufffe'].filter((x) => x !== '')
    const lines = ids.flatMap((id, k) => [0, 1, 2].flatMap((i) => event(id, k * 10 + i, { platform: id, class: id, course: id, chapter: `${id}${i}` })))
    const { catalogue } = await infer(writeLog(dir, 'ids.ndjson', lines))
    expect(catalogue.data.platforms.map((p) => p.id).sort()).toEqual([...ids].sort())
    const byId = (a: unknown[], b: unknown[]): number => (String(a[0]) < String(b[0]) ? -1 : 1)
    expect(catalogue.data.classes.map((c) => [c.platform, c.id, c.courses, c.learners]).sort(byId)).toEqual(ids.map((id) => [id, id, [id], [id]]).sort(byId))
  })
})

const one = (fields: object, i: number): string => JSON.stringify({ id: `e${i}`, time: '2026-03-02T08:00:00Z', action: 'heartbeat', platform: 'p', learner: `L${i}`, chapter: `c${i}`, ...fields })

test('a log that names a course of its own in every event gives a draft all the same, which says so', async () => {
  const log = writeLog(dir, 'courses.ndjson', Array.from({ length: 10_100 }, (_, i) => one({ course: `co${i}`, class: `k${i}` }, i)))
  const { catalogue, text } = await infer(log)
  expect([catalogue.data.courses.length, catalogue.data.classes.length]).toEqual([10_000, 10_100])
  expect(text).toContain('Only the first 10000 courses were looked at')
})

test('ids that are no plain words come out of the draft as they were', async () => {
  const odd = ['__proto__', 'constructor', ' - a: &b *c', '# x', '"q" \'q\'', '{a: 1}', '1e3', '0x1F', '2026-03-02', '~', 'null', 'a\nb', '\u2028\u0085', '\u202e', '中文：', '@', '%', '|', '? ', '!!str x', '\ud83d\ude00', '<b>', '-'.repeat(200)]
  const log = writeLog(dir, 'odd.ndjson', odd.flatMap((id, i) => [0, 1, 2].map((n) => one({ learner: `${id}${n}`, course: id, class: id, chapter: id, platform: id }, 3 * i + n))))
  const { data } = (await infer(log)).catalogue
  const sorted = [...odd].sort()
  expect([data.platforms, data.courses, data.classes].map((list) => list.map((x) => x.id).sort())).toEqual([sorted, sorted, sorted])
  expect(data.classes.flatMap((c) => c.learners).sort()).toEqual(odd.flatMap((id) => [0, 1, 2].map((n) => `${id}${n}`)).sort())
})

test.skipIf(SAMPLES === undefined)('real xAPI statements (INVIGIL_SAMPLES): all lengths are told, and an order only where learners keep one', async () => {
  const { catalogue, text } = await infer(join(SAMPLES as string, 'fun-mooc-xapi-video', 'statements.day-folded.sorted.jsonl.gz'), { format: 'xapi' })
  expect(catalogue.data.courses.map((c) => c.id)).toEqual(['course-v1:FUN-MOOC+00001+session01', 'course-v1:FUN-MOOC+00002+session01'])
  expect([...text.matchAll(/^ +(?:# )?length: (\S+)/gm)].map((m) => Number(m[1])).sort((a, b) => a - b)).toEqual([254, 254, 264, 480, 508, 525, 579, 586, 895, 903])
  expect(catalogue.data.courses.flatMap((c) => c.chapters).length).toBeLessThanOrEqual(6)
})
