import { describe, expect, test } from 'vitest'
import { HOUR, MINUTE, SECOND, formatTime, type Ms } from '../base/time.ts'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { at, instant } from '../testing/drive.ts'
import { Timekeeper } from './timekeeper.ts'

const catalogue = (platforms: object[] = []) => new Catalogue(catalogueSchema.parse({ platforms }))
const T = instant('08:00:00')

/** What becomes of an event of `platform` at 08:00 plus `seconds`, received at 08:00 plus `stamp`. */
function observe(keeper: Timekeeper, platform: string, seconds: number, stamp?: number) {
  const received = stamp === undefined ? undefined : T + stamp * SECOND
  return keeper.observe(at(formatTime(T + seconds * SECOND), 'logged-in', 'L1', undefined, { platform, received }))
}

/** Watermarks of a mark in seconds after 08:00. */
function seconds(marks: Readonly<Record<string, Ms>>) {
  return Object.fromEntries(Object.entries(marks).map(([k, v]) => [k, (v - T) / SECOND]))
}

describe('a line', () => {
  test('is the newest of the lesser of time and stamp, and the watermark is the lateness behind it', () => {
    const keeper = new Timekeeper(catalogue())
    observe(keeper, 'p', 100, 103)
    observe(keeper, 'p', 130, 120)
    observe(keeper, 'p', 90, 125)
    expect(seconds(keeper.next('c').watermarks)).toEqual({ p: 60 })
  })

  test('has the lateness of its catalogue entry, else the one given', () => {
    const keeper = new Timekeeper(catalogue([{ id: 'server', lateness: '2s' }]), 30 * SECOND)
    observe(keeper, 'server', 100, 100)
    observe(keeper, 'phones', 100, 100)
    expect(seconds(keeper.next('c').watermarks)).toEqual({ server: 98, phones: 70 })
  })

  test('without stamps is held by the median of the last 31: the first 30 move nothing, one wrong clock moves nothing', () => {
    const keeper = new Timekeeper(catalogue())
    for (let i = 0; i < 30; i++) observe(keeper, 'p', i)
    expect(keeper.next('c').watermarks.p).toBe(-Infinity)
    observe(keeper, 'p', 30)
    expect(seconds(keeper.next('c').watermarks)).toEqual({ p: 15 - 60 })
    observe(keeper, 'p', 365 * 86_400)
    expect(seconds(keeper.next('c').watermarks)).toEqual({ p: 16 - 60 })
    expect(keeper.resourceWatermark).toBe(T + 16 * SECOND - 10 * MINUTE)
  })

  test('a median of any mixture is the middle of the last 31 values', () => {
    const keeper = new Timekeeper(catalogue(), 0)
    const times: number[] = []
    for (let i = 0; i < 200; i++) {
      const t = 1000 + i + ((i * 7919) % 40)
      times.push(t)
      observe(keeper, 'p', t)
      const middle = times.slice(-31).sort((a, b) => a - b)[15]
      const line = keeper.save().lines[0]?.line as Ms
      if (times.length >= 31) expect((line - T) / SECOND).toBeGreaterThanOrEqual(Math.min(t, middle as number))
    }
    const medians = times.map((t, i) => (i < 30 ? -Infinity : Math.min(t, times.slice(i - 30, i + 1).sort((a, b) => a - b)[15] as number)))
    expect(((keeper.save().lines[0]?.line as Ms) - T) / SECOND).toBe(Math.max(...medians))
  })
})

describe('a watermark', () => {
  test('waits for its own platform alone, and for nobody more than ten minutes', () => {
    const keeper = new Timekeeper(catalogue())
    observe(keeper, 'silent', 0, 0)
    observe(keeper, 'busy', 300, 300)
    expect(seconds(keeper.next('c').watermarks)).toEqual({ silent: -60, busy: 240 })
    observe(keeper, 'busy', 1000, 1000)
    const mark = keeper.next('c')
    expect(seconds(mark.watermarks)).toEqual({ silent: 400, busy: 940 })
    expect(seconds({ r: mark.resource })).toEqual({ r: 400 })
  })

  test('never goes back, whatever comes', () => {
    const keeper = new Timekeeper(catalogue())
    observe(keeper, 'p', 100, 100)
    const [before] = [keeper.idle('c')]
    observe(keeper, 'p', 101, 101)
    const after = keeper.next('c')
    expect(seconds(before.watermarks)).toEqual({ p: 100 })
    expect(seconds(after.watermarks)).toEqual({ p: 100 })
    keeper.passTo(T, 'c')
    expect(keeper.watermark('p')).toBe(T + 100 * SECOND)
  })

  test('of a platform not seen before is that of the resource stage', () => {
    const keeper = new Timekeeper(catalogue())
    observe(keeper, 'old', 3600, 3600)
    keeper.next('c')
    expect(observe(keeper, 'new', 3600 - 601, 3600)).toBe('late')
    expect(observe(keeper, 'new', 3600 - 600, 3600)).toBe('held')
  })

  test('is set to the line by an idle mark, and beyond the newest time by the end', () => {
    const keeper = new Timekeeper(catalogue())
    observe(keeper, 'p', 100, 90)
    observe(keeper, 'q', 10, 90)
    expect(seconds(keeper.idle('c').watermarks)).toEqual({ p: 90, q: 10 })
    const mark = keeper.end('c')
    expect(mark.end).toBe(true)
    expect([mark.watermarks.p, mark.watermarks.q, mark.resource]).toEqual(Array(3).fill(T + 100 * SECOND + 1))
  })

  test('the end of an empty log is a mark like any other', () => {
    expect(new Timekeeper(catalogue()).end('c')).toMatchObject({ number: 1, end: true, watermarks: {}, context: 'c' })
  })

  test('belongs to any platform, whatever it is called', () => {
    const keeper = new Timekeeper(catalogue())
    for (const id of ['__proto__', 'constructor']) observe(keeper, id, 100, 100)
    const mark = keeper.next('c')
    expect(Object.entries(mark.watermarks)).toEqual([['__proto__', T + 40 * SECOND], ['constructor', T + 40 * SECOND]])
    expect(Object.keys(mark.first)).toEqual(['__proto__', 'constructor'])
    expect(Object.keys(mark.fields)).toEqual(['__proto__', 'constructor'])
  })
})

test('an event over five minutes ahead of its stamp is taken for nothing', () => {
  const keeper = new Timekeeper(catalogue())
  expect(observe(keeper, 'p', 301, 0)).toBe('future')
  expect(keeper.next('c').watermarks).toEqual({})
  expect(observe(keeper, 'p', 300, 0)).toBe('held')
  expect(seconds(keeper.idle('c').watermarks)).toEqual({ p: 0 })
})

test('late is judged against the mark before', () => {
  const keeper = new Timekeeper(catalogue())
  observe(keeper, 'p', 1000, 1000)
  expect(observe(keeper, 'p', 1, 1000)).toBe('held')
  keeper.next('c')
  expect(observe(keeper, 'p', 939.999, 1000)).toBe('late')
  expect(observe(keeper, 'p', 940, 1000)).toBe('held')
})

test("a platform's first time is that of what was not late, or what its catalogue entry says", () => {
  const keeper = new Timekeeper(catalogue([{ id: 'q', since: '2026-01-01' }]))
  observe(keeper, 'p', 1000, 1000)
  observe(keeper, 'p', 990, 1000)
  observe(keeper, 'q', 1000, 1000)
  keeper.next('c')
  observe(keeper, 'p', 3, 1000)
  expect(keeper.next('c').first).toEqual({ p: T + 990 * SECOND, q: Date.UTC(2026, 0, 1) })
})

test('a platform over 5 % of whose last 1,000 events were late is in trouble, and no longer when they are few again', () => {
  const keeper = new Timekeeper(catalogue())
  for (let i = 0; i < 950; i++) observe(keeper, 'p', 3600, 3600)
  keeper.next('c')
  for (let i = 0; i < 50; i++) expect(observe(keeper, 'p', 0, 3600)).toBe('late')
  expect(keeper.next('c').troubled).toEqual([])
  observe(keeper, 'p', 0, 3600)
  expect(keeper.next('c').troubled).toEqual(['p'])
  // The first 949 leave the window now, then the late ones.
  for (let i = 0; i < 949; i++) observe(keeper, 'p', 3600, 3600)
  expect(keeper.next('c').troubled).toEqual(['p'])
  for (let i = 0; i < 2; i++) observe(keeper, 'p', 3600, 3600)
  expect(keeper.next('c').troubled).toEqual([])
})

test('saved at any point and loaded, it writes the same marks', () => {
  const straight = new Timekeeper(catalogue())
  let broken = new Timekeeper(catalogue())
  const marks: string[][] = [[], []]
  for (let i = 0; i < 400; i++) {
    const t = i * 7 - ((i * 31) % 90) - (i % 50 === 49 ? 2 * HOUR / SECOND : 0)
    const stamp = i % 3 === 0 ? undefined : i * 7
    for (const k of [straight, broken]) observe(k, `p${i % 4}`, t, stamp)
    if (i % 5 !== 0) continue
    marks[0]?.push(JSON.stringify(straight.next('c')))
    marks[1]?.push(JSON.stringify(broken.next('c')))
    const state = structuredClone(broken.save())
    broken = new Timekeeper(catalogue())
    broken.load(state)
  }
  expect(marks[1]).toEqual(marks[0])
})
