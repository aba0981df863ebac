import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { SMALL_GEO } from '../../testing/cli.ts'
import { duplicated, fivePlatforms, toLines } from '../../testing/five-platforms.ts'
import { readWarnings, temporary, writeLog } from '../../testing/runs.ts'
import { openContext, type OpenContext } from '../context.ts'
import { runLocal } from '../local.ts'
import type { LocalOptions, Watcher } from '../options.ts'
import type { Summary } from '../summary.ts'
import { HISTORY, type Turn } from './history.ts'

const dir = temporary()
const WATCH = { poll: 10, quiet: 40 }
const lines = toLines(duplicated(fivePlatforms(5, 8), 1), true)
const geo = SMALL_GEO.slice(1)

interface Written {
  rule: string
  detector: string
  [more: string]: unknown
}

const rule = (id: string, detector: string, more: object = {}): Written => ({ rule: id, title: id, description: id, detector, severity: 'low', response: 'review', ...more })
const FIRST = [rule('hang-up', 'hang-up'), rule('two', 'parallel-chapters'), rule('accounts', 'shared-account')]
// Other parameters, one rule less and one more.
const SECOND = [rule('hang-up', 'hang-up', { params: { hidden: '7m' } }), rule('two', 'parallel-chapters', { severity: 'high', onEdit: 'reset' }), rule('devices', 'shared-device')]
const THIRD = [rule('hang-up', 'hang-up'), rule('two', 'parallel-chapters', { severity: 'medium', onEdit: 'reset' }), rule('accounts', 'shared-account')]

function writeRules(at: string, rules: readonly object[]): void {
  mkdirSync(at, { recursive: true })
  writeFileSync(join(at, 'a.yaml'), JSON.stringify(rules))
}

let folders = 0
/** A run with rules, output and state of its own. */
function make(rules: readonly object[]) {
  const at = join(dir, String(folders++))
  const [dirs, output, state] = [[join(at, 'rules')], join(at, 'out'), join(at, 'state')]
  writeRules(dirs[0] as string, rules)
  const open = (): Promise<OpenContext> => openContext({ rules: dirs, geo, version: 'test' })
  const run = async (more: Omit<Partial<LocalOptions>, 'logs'> & { logs: readonly string[] }): Promise<Summary> =>
    runLocal({ format: 'canonical', context: await open(), output, state, ...more })
  return {
    output, state, run, edit: (to: readonly object[]) => writeRules(dirs[0] as string, to), reload: { rules: dirs, version: 'test', watch: WATCH },
    turns: () => readFileSync(join(state, HISTORY), 'utf8').trim().split('\n').map((l) => JSON.parse(l) as Turn),
  }
}

type Run = ReturnType<typeof make>

/** Follows a growing log; when all that is there has been read, `then` says what to do before the next piece of it comes. */
async function follow(of: Run, log: string, pieces: readonly string[][], then: readonly ((after: () => Promise<void>) => Promise<void>)[], more: Watcher = {}): Promise<Summary> {
  const stop = new AbortController()
  let piece = 0
  let switched: (() => void) | undefined
  const changed = () => new Promise<void>((done) => (switched = done))
  const failed: unknown[] = []
  const next = async () => {
    await then[piece]?.(changed)
    const more = pieces[piece++]
    if (more === undefined) stop.abort()
    else appendFileSync(log, more.map((l) => `${l}\n`).join(''))
  }
  let read = -1
  const summary = await of.run({
    logs: [log], follow: true, reload: of.reload, stop: stop.signal,
    watch: {
      ...more,
      switched: (s) => {
        more.switched?.(s)
        switched?.()
      },
      caughtUp: (records) => {
        if (records === read) return
        read = records
        next().catch((e: unknown) => {
          failed.push(e)
          stop.abort()
        })
      },
    },
  })
  expect(failed).toEqual([])
  return summary
}

/** Edits the rules and waits until they are in force. */
const edit = (of: Run, to: readonly object[]) => async (changed: () => Promise<void>) => {
  const done = changed()
  of.edit(to)
  await done
}

test('rules change on the way: each warning says under which; a repetition over the same log gives the same bytes', async () => {
  const of = make(FIRST)
  const log = writeLog(dir, 'growing.ndjson', lines.slice(0, 3100))
  const told: string[] = []
  const summary = await follow(of, log, [lines.slice(3100, 6789), lines.slice(6789)], [edit(of, SECOND), edit(of, THIRD)], {
    switched: ({ changes, records }) => told.push(`${records} ${JSON.stringify(changes)}`),
  })
  expect(told).toEqual([
    '3100 {"added":["devices"],"removed":["accounts"],"kept":["hang-up"],"reset":["two"],"unchanged":[]}',
    '6789 {"added":["accounts"],"removed":["devices"],"kept":["hang-up"],"reset":["two"],"unchanged":[]}',
  ])
  expect(summary.state).toBe('interrupted')
  expect(summary.contexts?.map((c) => c.line)).toEqual([1, 3101, 6790])
  // The log has come to its end: what was held is judged.
  const whole = await of.run({ logs: [log] })
  expect(whole).toMatchObject({ state: 'finished', log: { lines: lines.length } })
  const { warnings, bytes } = readWarnings(of.output)
  for (const { hash } of whole.contexts ?? []) expect(warnings.filter((w) => w.context === hash).length).toBeGreaterThan(5)
  expect(warnings.filter((w) => w.rule === 'devices').every((w) => w.severity === 'low' && w.raised >= (warnings.find((x) => x.context === whole.contexts?.[1]?.hash)?.raised as string))).toBe(true)

  const again = make(THIRD)
  const repeated = await again.run({ logs: [log], state: undefined, replay: of.state })
  expect(readWarnings(again.output).bytes === bytes).toBe(true)
  expect(repeated.contexts).toEqual(whole.contexts)
  // Under one set of rules alone they are others, or this shows nothing.
  await again.run({ logs: [log], state: undefined })
  expect(readWarnings(again.output).bytes === bytes).toBe(false)
})

test('what an earlier process did after its snapshot is done again, and only then come the rules of now', async () => {
  const of = make(FIRST)
  const log = writeLog(dir, 'crashed.ndjson', lines.slice(0, 2500))
  // A snapshot at the beginning, and none before the end, which a crash does not have.
  await follow(of, log, [], [])
  const crash = new Error('crash')
  let changes = 0
  const crashing = follow(of, log, [lines.slice(2500, 5200), lines.slice(5200, 9000)], [edit(of, SECOND), edit(of, THIRD)], {
    switched: () => changes++, progress: (_, __, { lines }) => {
      if (lines > 8000) throw crash
    },
  })
  await expect(crashing).rejects.toBe(crash)
  expect(changes).toBe(2)
  const turns = of.turns()
  expect(turns.map((t) => [t.kind, t.records])).toEqual([['start', 0], ['next', 2500], ['next', 5200]])

  of.edit(SECOND)
  appendFileSync(log, lines.slice(9000).map((l) => `${l}\n`).join(''))
  const told: [number, boolean][] = []
  const resumed = await of.run({ logs: [log], watch: { switched: ({ records, again }) => told.push([records, again]) } })
  expect(told.map(([, again]) => again)).toEqual([true, true, false])
  expect(told.slice(0, 2).map(([records]) => records)).toEqual([2500, 5200])
  expect(resumed.contexts?.length).toBe(4)
  const again = make(FIRST)
  await again.run({ logs: [log], state: undefined, replay: of.state })
  expect(readWarnings(again.output).bytes === readWarnings(of.output).bytes).toBe(true)
})

test('rules with a mistake, or whose tests fail, never come into force; the ones before do their work, and mended ones take over', async () => {
  const of = make(FIRST)
  const log = writeLog(dir, 'refused.ndjson', lines.slice(0, 1500))
  const refused: string[] = []
  let heard: (() => void) | undefined
  const refusal = (to: readonly object[] | string) => async () => {
    const done = new Promise<void>((told) => (heard = told))
    if (typeof to === 'string') writeFileSync(join(of.reload.rules[0] as string, 'a.yaml'), to)
    else of.edit(to)
    await done
  }
  const failing = [{ ...FIRST[0], tests: [{ it: 'warns of nothing', given: '08:00:00 played L1 chapter=c1', expect: [{ rule: 'hang-up' }] }] }, ...FIRST.slice(1)]
  const pieces = [1500, 2500, 3500, 4500].map((from) => lines.slice(from, from + 1000))
  const summary = await follow(of, log, pieces, [refusal('- rule: ['), refusal([{ ...FIRST[0], severity: 'very' }]), refusal(failing.map((r) => ({ ...r, severity: 'high' }))), edit(of, SECOND)], {
    rules: { refused: (e) => (refused.push(e.message), heard?.()) },
  })
  expect(refused).toEqual([expect.stringMatching(/problems? in the rules/), '1 problem in the rules', '1 of 1 tests of the rules failed'])
  expect(summary.contexts?.map((c) => c.line)).toEqual([1, 4501])
})

test('a state that was made under a context which cannot be opened any more goes on under the present one', async () => {
  const of = make(FIRST)
  const log = writeLog(dir, 'lost.ndjson', lines.slice(0, 6000))
  const stop = new AbortController()
  await of.run({ logs: [log], follow: true, stop: stop.signal, watch: { caughtUp: () => stop.abort() } })
  const context = await openContext({ rules: of.reload.rules, geo, version: 'other' })
  const lost: string[] = []
  const told: object[] = []
  appendFileSync(log, lines.slice(6000).map((l) => `${l}\n`).join(''))
  const summary = await of.run({ logs: [log], context, watch: { lost: (e) => lost.push(e.message), switched: (s) => told.push(s) } })
  expect(lost).toEqual([expect.stringContaining('is of version test of Invigil, this is other')])
  expect(told).toEqual([])
  expect(summary.contexts?.map((c) => c.line)).toEqual([1, 6001])
  const again = make(FIRST)
  await expect(again.run({ logs: [log], state: undefined, replay: of.state })).rejects.toMatchObject({ code: 'bad-state' })
  await again.run({ logs: [log], state: undefined, replay: of.state, context, acceptVersion: true })
  expect(readWarnings(again.output).bytes === readWarnings(of.output).bytes).toBe(true)
})

test('a catalogue of then is found in the state, and other settings of marks are repeated with it', async () => {
  const of = make(FIRST)
  const file = join(dir, 'catalogue.yaml')
  const openWith = (text: string) => {
    writeFileSync(file, text)
    return openContext({ rules: of.reload.rules, geo, version: 'test', catalogue: file })
  }
  const log = writeLog(dir, 'catalogue.ndjson', lines.slice(0, 4000))
  const stopAt = (): Partial<LocalOptions> => {
    const stop = new AbortController()
    return { follow: true, stop: stop.signal, watch: { caughtUp: () => stop.abort() } }
  }
  await of.run({ logs: [log], context: await openWith('platforms: [{ id: normal, lateness: 2s }]'), ...stopAt() })
  appendFileSync(log, lines.slice(4000, 7000).map((l) => `${l}\n`).join(''))
  await of.run({ logs: [log], context: await openWith('platforms: [{ id: normal, lateness: 5m }]'), markEvery: 300, ...stopAt() })
  appendFileSync(log, lines.slice(7000).map((l) => `${l}\n`).join(''))
  const summary = await of.run({ logs: [log], context: await openWith('platforms: [{ id: bulk, lateness: 10m }]'), lateness: 30_000 })
  expect(summary.contexts?.length).toBe(3)
  expect(of.turns().map((t) => [t.kind, t.markEvery, t.lateness])).toEqual([['start', 1000, 60_000], ['start', 300, 60_000], ['next', 300, 60_000], ['start', 1000, 30_000], ['next', 1000, 30_000]])
  const again = make(FIRST)
  await again.run({ logs: [log], state: undefined, replay: of.state })
  for (const name of ['warnings', 'late']) expect(readFileSync(join(again.output, `${name}.ndjson`)).equals(readFileSync(join(of.output, `${name}.ndjson`)))).toBe(true)
})

test('a repetition over another log, or of nothing, is refused', async () => {
  const of = make(FIRST)
  const log = writeLog(dir, 'one.ndjson', lines.slice(0, 3000))
  await follow(of, log, [lines.slice(3000, 4000)], [edit(of, SECOND)])
  const again = make(FIRST)
  const repeat = (logs: string[], replay = of.state) => again.run({ logs, state: undefined, replay })
  await expect(repeat([writeLog(dir, 'short.ndjson', lines.slice(0, 2900))])).rejects.toMatchObject({ code: 'bad-state', message: expect.stringContaining('the log is shorter') })
  await expect(repeat([writeLog(dir, 'blanks.ndjson', [...Array<string>(5000).fill(''), ...lines.slice(0, 10)])])).rejects.toMatchObject({ code: 'bad-state', message: expect.stringContaining('the log is not the one') })
  await expect(repeat([log], join(dir, 'nowhere'))).rejects.toMatchObject({ code: 'not-found' })
})

test('marks of a silent log are repeated, and what came late after them is late again', async () => {
  const of = make(FIRST)
  // Some come half a minute after those beside them, which a platform may do, unless time has gone on meanwhile.
  const isSlow = (i: number) => i > 2100 && i < 2200 && i % 9 === 0
  const [slow, prompt] = [true, false].map((is) => lines.slice(0, 2200).filter((_, i) => isSlow(i) === is)) as [string[], string[]]
  const log = writeLog(dir, 'silent.ndjson', [...prompt, '', ''])
  const clock = vi.spyOn(Date, 'now')
  const now = Date.now()
  // A minute passes between pieces; blank lines stand around the marks.
  let minutes = 0
  clock.mockImplementation(() => now + minutes * 61_000)
  const pass = async () => {
    await sleep(50)
    minutes++
    await sleep(600)
  }
  try {
    await follow(of, log, [['', ...slow, ...lines.slice(2200, 4100)], ['', '', ...lines.slice(4100, 4101)], lines.slice(4101)], [pass, edit(of, SECOND), async (changed) => {
      await pass()
      await edit(of, THIRD)(changed)
    }])
  } finally {
    clock.mockRestore()
  }
  expect(of.turns().map((t) => t.kind)).toEqual(['start', 'idle', 'next', 'idle', 'next'])
  await of.run({ logs: [log] })
  const again = make(FIRST)
  const repeated = await again.run({ logs: [log], state: undefined, replay: of.state })
  for (const name of ['warnings', 'late']) expect(readFileSync(join(again.output, `${name}.ndjson`)).equals(readFileSync(join(of.output, `${name}.ndjson`)))).toBe(true)
  const unmarked = make(FIRST)
  const plain = await unmarked.run({ logs: [log] })
  expect(repeated.log.late).toBeGreaterThan(plain.log.late)
})
