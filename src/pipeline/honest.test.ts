import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { MINUTE, formatTime } from '../base/time.ts'
import { simulate } from '../simulate/index.ts'
import type { WireEvent } from '../telemetry/event.ts'
import { contextOf } from '../testing/fixtures.ts'
import { run, temporary, writeLog } from '../testing/runs.ts'
import { logOf, sit, type Sitting } from '../testing/sitting.ts'
import type { Warning } from '../warnings/warning.ts'
import type { OpenContext } from './context.ts'

/** All shipped rules, the GeoIP database and a catalogue that lets every one of them judge: whoever is named below did nothing wrong. */
const CATALOGUE = {
  platforms: ['p1', 'p2'].map((id) => ({ id, heartbeat: '15s', lateness: '60s', since: '2026-03-01' })),
  courses: ['fire', 'law'].map((id) => ({ id, chapters: [1, 2, 3].map((n) => ({ id: `${id}-${n}`, length: 1800 })) }))
    .concat({ id: 'long', chapters: [{ id: 'long-1', length: 4200 }] }),
  classes: [
    { id: 'k1', platform: 'p1', learners: ['1001', 'L1', 'L2', 'L3', 'X'] },
    { id: 'k2', platform: 'p2', learners: ['1001', 'Y'] },
  ].map((c) => ({ ...c, courses: ['fire', 'law', 'long'], timeZone: 'Asia/Shanghai', opens: '2026-03-02', region: { country: 'CN', provinces: ['Yunnan', 'Heilongjiang'] } })),
}
const [KUNMING, HARBIN] = ['42.242.8.15', '1.56.3.21'] as const

const dir = temporary()
let context: OpenContext

beforeAll(async () => {
  context = await contextWith('catalogue.yaml', CATALOGUE)
})

function contextWith(name: string, catalogue: unknown): Promise<OpenContext> {
  const path = join(dir, name)
  writeFileSync(path, stringify(catalogue))
  return contextOf({ catalogue: path })
}

async function warningsOf(people: readonly (readonly WireEvent[])[], stamped: boolean): Promise<Warning[]> {
  const { summary, warnings } = await run(dir, { logs: [writeLog(dir, `log-${Math.random()}.ndjson`, logOf(people, stamped))], context })
  expect(summary.log.rejected).toEqual({})
  return warnings
}

/** Nobody is warned of; and when somebody in the same log plays two chapters at once, it is that one and nobody else. */
async function expectOnly(honest: readonly (readonly WireEvent[])[], cheat: readonly WireEvent[], stamped: boolean): Promise<void> {
  expect(told(await warningsOf(honest, stamped))).toEqual([])
  const warnings = await warningsOf([...honest, cheat], stamped)
  expect(told(warnings.filter((w) => w.subject.id !== 'X'))).toEqual([])
  expect(warnings.map((w) => w.rule)).toContain('parallel-chapters')
}

function told(warnings: readonly Warning[]): string[] {
  return warnings.map((w) => `${w.rule}: ${w.subject.id}: ${w.summary.en} (${w.begin} to ${w.end})`)
}

/** Learner X plays two chapters at once for ten minutes. */
function parallel(from: string): WireEvent[] {
  const seat = { learner: 'X', class: 'k1', course: 'fire', from, checks: [4, 8] } as const
  const play = (chapter: string, seed: number) => sit({ ...seat, seed, watch: [{ chapter, to: 600, length: 1800 }] })
  const second = play('law-1', 2).map((e) => ({ ...e, id: `${e.id}b`, session: 'X-second', course: 'law' }))
  return [...play('fire-1', 1), ...second]
}

const someone = (learner: string, more: Omit<Sitting, 'learner' | 'watch'> & Partial<Sitting>): WireEvent[] =>
  sit({ learner, class: 'k1', course: 'fire', checks: [8, 14], watch: [{ chapter: 'fire-1', length: 1800 }, { chapter: 'fire-2', length: 1800 }], ...more })

describe.each([
  ['with `received`', true],
  ['without `received`', false],
])('nobody is warned of, but who cheats beside them, %s', (_, stamped) => {
  test('half a chapter on Monday, the rest on Wednesday', () => {
    const monday = someone('L1', { from: '2026-03-02T19:00:00+08:00', watch: [{ chapter: 'fire-1', to: 900, length: 1800 }] })
    const wednesday = someone('L1', {
      from: '2026-03-04T20:10:00+08:00', watch: [{ chapter: 'fire-1', from: 900, length: 1800 }, { chapter: 'fire-2', length: 1800 }],
    })
    return expectOnly([[...monday, ...wednesday]], parallel('2026-03-03T10:00:00+08:00'), stamped)
  })

  test('the same without a word at the end of Monday, and a few seconds watched again', () => {
    const monday = someone('L1', { from: '2026-03-02T19:00:00+08:00', watch: [{ chapter: 'fire-1', to: 905, length: 1800 }] })
      .filter((e) => e.action !== 'terminated' && e.action !== 'logged-out')
    const wednesday = someone('L1', { from: '2026-03-04T20:10:00+08:00', watch: [{ chapter: 'fire-1', from: 890, length: 1800 }] })
    return expectOnly([[...monday, ...wednesday]], parallel('2026-03-04T20:15:00+08:00'), stamped)
  })

  test('a learner of the same id on another platform, at the same time: another chapter, device and place', () => {
    const here = someone('1001', { from: '2026-03-02T10:00:00+08:00', device: 'a', ip: KUNMING })
    const there = someone('1001', {
      platform: 'p2', class: 'k2', course: 'law', from: '2026-03-02T10:03:00+08:00', device: 'b', ip: HARBIN,
      watch: [{ chapter: 'law-1', length: 1800 }, { chapter: 'law-2', length: 1800 }], seed: 5,
    })
    return expectOnly([here, there], parallel('2026-03-02T10:00:00+08:00'), stamped)
  })

  test('alone in the log: a break of 90 s at 08:10, and back at 20:00', () => {
    const morning = someone('L1', { from: '2026-03-02T08:00:00+08:00', break: { at: '2026-03-02T08:10:00+08:00', seconds: 90 }, watch: [{ chapter: 'fire-1', to: 1200, length: 1800 }] })
    const evening = someone('L1', { from: '2026-03-02T20:00:00+08:00', watch: [{ chapter: 'fire-1', from: 1200, length: 1800 }, { chapter: 'fire-2', length: 1800 }] })
    return expectOnly([[...morning, ...evening]], parallel('2026-03-02T12:00:00+08:00'), stamped)
  })

  test('alone in the log: a break of 90 s whose pause was lost, the page left open, and back at 20:00', () => {
    const morning = someone('L1', { from: '2026-03-02T08:00:00+08:00', break: { at: '2026-03-02T08:10:00+08:00', seconds: 90 }, watch: [{ chapter: 'fire-1', to: 1200, length: 1800 }] })
      .filter((e) => e.action !== 'paused' && e.action !== 'terminated' && e.action !== 'logged-out')
    const evening = someone('L1', { from: '2026-03-02T20:00:00+08:00', watch: [{ chapter: 'fire-1', from: 1185, length: 1800 }] })
    return expectOnly([[...morning, ...evening]], parallel('2026-03-02T08:05:00+08:00'), stamped)
  })
})

describe.each([
  ['with `received`', true],
  ['without `received`', false],
])('a platform is down from 10:20 to 10:40, just after it has asked for faces, %s', (_, stamped) => {
  const [down, up] = ['10:20:00', '10:40:00'].map((t) => Date.parse(`2026-03-02T${t}+08:00`)) as [number, number]
  const isDown = (e: WireEvent) => e.platform === 'p1' && Date.parse(e.time) >= down && Date.parse(e.time) < up
  const learners = ['L1', 'L2', 'L3']
  const watching = (more: Partial<Sitting>) => learners.map((l, i) => {
    const events = someone(l, { from: `2026-03-02T10:00:0${i}+08:00`, ip: `42.242.${i}.9`, seed: i, ...more })
    // Asked 10 s before the platform goes down; the answer is lost.
    const asked = events.findLast((e) => Date.parse(e.time) < down - 5000) as WireEvent
    const request = { ...asked, id: `${l}-request`, action: 'face-requested' as const, time: formatTime(down - 8000 + i * 1000), challenge: `${l}-c`, chapter: undefined, position: undefined }
    return [...events, request]
  })
  const missing = [...someone('Y', { platform: 'p2', class: 'k2', from: '2026-03-02T10:00:00+08:00', seed: 9 })].filter((e) => e.action !== 'face-checked')

  const expectOnlyY = async (people: readonly (readonly WireEvent[])[]) => {
    const warnings = await warningsOf([...people, missing], stamped)
    expect(told(warnings.filter((w) => w.subject.id !== 'Y'))).toEqual([])
    expect(warnings.map((w) => w.rule)).toContain('face-check')
  }

  const oneChapter = watching({ course: 'long', watch: [{ chapter: 'long-1', length: 4200 }] })
  const twoChapters = watching({})

  test('what happened then is lost, and the players went on', () => expectOnlyY(oneChapter.map((l) => l.filter((e) => !isDown(e)))))
  test('what happened then is lost, and the next chapter began', () => expectOnlyY(twoChapters.map((l) => l.filter((e) => !isDown(e)))))

  test('what happened then is lost, and the players stopped', () => {
    const stopped = twoChapters.map((l) => l.flatMap((e) => {
      const time = Date.parse(e.time)
      return time < down ? [e] : [{ ...e, time: formatTime(time + up - down + 20_000) }]
    }))
    return expectOnlyY(stopped)
  })

  test('what happened then comes when it is up again, too late', async () => {
    const kept = twoChapters.map((l) => l.map((e) => (stamped && isDown(e) ? { ...e, received: formatTime(up + Date.parse(e.time) % 2000) } : e)))
    const order = (e: WireEvent) => (isDown(e) ? up : Date.parse(e.time))
    const lines = logOf([...kept, missing], stamped).map((l) => JSON.parse(l) as WireEvent).sort((a, b) => order(a) - order(b)).map((e) => JSON.stringify(e))
    const { summary, warnings } = await run(dir, { logs: [writeLog(dir, `kept-${stamped}.ndjson`, lines)], context, markEvery: 20 })
    expect(summary.log.late).toBeGreaterThan(50)
    expect(told(warnings.filter((w) => w.subject.id !== 'Y'))).toEqual([])
  })
})

describe('a log that begins or ends in mid-course', () => {
  const world = simulate({ learners: 60, days: 2, seed: 4, cheaters: 0 })
  const lines = [...world.records].map((r) => JSON.stringify(r))
  const PLACES = 10
  let known: OpenContext
  let unknown: OpenContext

  beforeAll(async () => {
    known = await contextWith('known.yaml', world.catalogue)
    // Nobody says from when on such a log is complete.
    unknown = await contextWith('unknown.yaml', { ...world.catalogue, platforms: world.catalogue.platforms?.map((p) => ({ ...p, since: undefined })) })
  })

  const warned = async (part: readonly string[], of: OpenContext): Promise<string[]> =>
    told((await run(dir, { logs: [writeLog(dir, 'part.ndjson', part)], context: of })).warnings)

  test('the whole log has nobody to warn of', async () => {
    expect(lines.length).toBeGreaterThan(40_000)
    expect(await warned(lines, known)).toEqual([])
    expect(await warned(lines, unknown)).toEqual([])
  })

  test.each(Array.from({ length: PLACES }, (_, i) => i + 1))(`cut at %i of ${PLACES + 1}: neither part has`, async (i) => {
    const cut = Math.floor((lines.length * i) / (PLACES + 1))
    expect(await warned(lines.slice(0, cut), known)).toEqual([])
    expect(await warned(lines.slice(cut), unknown)).toEqual([])
  })

  test('cut at every quarter of an hour of one morning', async () => {
    const times = lines.map((l) => Date.parse((JSON.parse(l) as { time: string }).time))
    for (let t = Date.parse('2026-03-03T08:00:00+08:00'); t <= Date.parse('2026-03-03T10:00:00+08:00'); t += 15 * MINUTE) {
      const cut = times.findIndex((x) => x >= t)
      expect([formatTime(t), await warned(lines.slice(cut), unknown)]).toEqual([formatTime(t), []])
    }
  })
})

test.each([
  ['as its catalogue tells', {}],
  ['with a catalogue that tells nothing of players, and gets the cadence wrong', { heartbeat: '77s', checks: undefined, autoplay: undefined }],
])('whoever is honest on platforms of other kinds is accused of nothing, %s', async (_, told) => {
  const { catalogue, records } = simulate({ learners: 90, days: 1, seed: 31, cheaters: 0, variety: true })
  const context = await contextWith('varied.yaml', { ...catalogue, platforms: catalogue.platforms?.map((p) => ({ ...p, ...told })) })
  const log = writeLog(dir, `varied-${Math.random()}.ndjson`, [...records].map((e) => JSON.stringify(e)))
  const { warnings } = await run(dir, { logs: [log], context })
  expect(warnings.filter((w) => w.severity !== 'low' && w.episode !== 'withdrawn').map((w) => `${w.rule}: ${w.subject.id}: ${w.summary.en}`)).toEqual([])
})
