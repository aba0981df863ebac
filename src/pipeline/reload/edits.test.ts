import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { detectors } from '../../detectors/index.ts'
import { readRuleSources } from '../../io/texts.ts'
import { loadRules, type Bundle } from '../../rules/load.ts'
import { SMALL_GEO, accountedFor } from '../../testing/cli.ts'
import { duplicated, fivePlatforms, toLines } from '../../testing/five-platforms.ts'
import { readWarnings, temporary, writeLog } from '../../testing/runs.ts'
import { readContextRecord } from '../context-record.ts'
import { openContext } from '../context.ts'
import { runLocal } from '../local.ts'
import type { LocalOptions } from '../options.ts'

const EDITS = 100
/** The pauses inside of an edit are much shorter, as those of a copy are. */
const QUIET = 250
const dir = temporary()
const geo = SMALL_GEO.slice(1)
const [plain, mounted] = [join(dir, 'plain'), join(dir, 'mounted')]

/**
 * Somebody who edits rules, on a thread of his own. Each edit changes two files that belong together: what is in force must have the same
 * number in both. `plain` is written by renames and in place, piece by piece; `mounted` is a link that is swapped.
 */
const EDITOR = `
const fs = require('node:fs'), { join } = require('node:path'), { parentPort, workerData: { plain, mounted } } = require('node:worker_threads')
const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
const rule = (id, detector, n, params) => '- rule: ' + id + '\\n  title: t\\n  description: edit ' + n + '\\n  detector: ' + detector + '\\n  severity: low\\n  response: review\\n  params: ' + JSON.stringify(params) + '\\n' + (n % 3 === 0 ? '  onEdit: reset\\n' : '')
const pairs = {
  plain: (n) => ({ 'a.yaml': rule('hang-up', 'hang-up', n, { hidden: 300 + n + 's' }), 'b.yaml': rule('parallel', 'parallel-chapters', n, { overlap: 30 + n + 's' }) }),
  mounted: (n) => ({ 'c.yaml': rule('checks', 'face-check', n, { answer: 60 + n + 's' }), 'd.yaml': rule('fast', 'over-credit', n, { over: 5 + n + 's' }) }),
}
const rename = (n) => {
  for (const [name, text] of Object.entries(pairs.plain(n))) fs.writeFileSync(join(plain, '.' + name + '.swp'), text)
  for (const name of Object.keys(pairs.plain(n))) fs.renameSync(join(plain, '.' + name + '.swp'), join(plain, name))
}
const bitByBit = (n) => {
  for (const [name, text] of Object.entries(pairs.plain(n))) {
    const half = text.length >> 1
    fs.writeFileSync(join(plain, name), text.slice(0, half))
    pause(15)
    fs.appendFileSync(join(plain, name), text.slice(half))
    pause(5)
  }
}
const swap = (n) => {
  fs.mkdirSync(join(mounted, '..v' + n))
  for (const [name, text] of Object.entries(pairs.mounted(n))) fs.writeFileSync(join(mounted, '..v' + n, name), text)
  fs.symlinkSync('..v' + n, join(mounted, '..next'))
  fs.renameSync(join(mounted, '..next'), join(mounted, '..data'))
}
const broken = (n) => fs.writeFileSync(join(plain, 'b.yaml'), pairs.plain(n)['b.yaml'].slice(0, 60 + (n % 20)))
parentPort.on('message', (n) => {
  const kind = ['rename', 'bitByBit', 'swap', 'swap', 'broken', 'bitByBit', 'rename', 'swap', 'bitByBit', 'burst'][n % 10]
  if (kind === 'burst') for (const part of [0.1, 0.2, 0.3]) rename(Math.round((n + part) * 10))
  if (kind === 'rename' || kind === 'burst') rename(n)
  else if (kind === 'bitByBit') bitByBit(n)
  else if (kind === 'swap') swap(n)
  else broken(n)
  parentPort.postMessage(kind)
})
swap(0)
rename(0)
parentPort.postMessage('ready')
`

test('a hundred edits while a log grows: no event is lost, and nothing that was read by half is ever in force', { timeout: 180_000 }, async () => {
  for (const at of [plain, mounted]) mkdirSync(at)
  for (const name of ['c.yaml', 'd.yaml']) symlinkSync(join('..data', name), join(mounted, name))
  const editor = new Worker(EDITOR, { eval: true, workerData: { plain, mounted } })
  const hears = () => new Promise<string>((done) => editor.once('message', done))
  await hears()
  /** What lies there once an edit is done, as whoever wrote it meant it. */
  const meant = new Map<string, Bundle>()
  const keep = async () => {
    const copy = mkdtempSync(join(dir, 'meant-'))
    for (const [i, at] of [plain, mounted].entries()) cpSync(at, join(copy, String(i)), { recursive: true, dereference: true })
    const bundle = loadRules(await readRuleSources([join(copy, '0'), join(copy, '1')]), { detectors })
    meant.set(bundle.hash, bundle)
    return bundle.hash
  }

  const rules = [plain, mounted]
  const context = await openContext({ rules, geo, version: 'test' })
  expect(await keep()).toBe(context.parts.rules)
  const lines = toLines(duplicated(fivePlatforms(5, 12), 1), true)
  const log = writeLog(dir, 'log.ndjson', lines.slice(0, 500))
  const [output, state] = [join(dir, 'out'), join(dir, 'state')]
  const stop = new AbortController()
  let heard: ((what: string) => void) | undefined
  const options: LocalOptions = { logs: [log], format: 'canonical', context, output, state, follow: true, stop: stop.signal, snapshotEvery: 2000, reload: { rules, version: 'test', watch: { poll: 10, quiet: QUIET } } }
  const entered: string[] = []
  let refused = 0
  const running = runLocal({
    ...options,
    watch: {
      switched: ({ context: { parts } }) => {
        entered.push(parts.rules)
        heard?.(parts.rules)
      },
      rules: {
        refused: () => {
          refused++
          heard?.('refused')
        },
      },
    },
  })
  for (let n = 1; n <= EDITS; n++) {
    const became = new Promise<string>((done) => (heard = done))
    const kindOf = hears()
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
    editor.postMessage(n)
    // The log grows while the edit is made.
    appendFileSync(log, lines.slice(500 + Math.floor(((lines.length - 500) * (n - 1)) / EDITS), 500 + Math.floor(((lines.length - 500) * n) / EDITS)).map((l) => `${l}\n`).join(''))
    const isBroken = (await kindOf) === 'broken'
    expect(await Promise.race([became, running.then(() => 'ended')])).toBe(isBroken ? 'refused' : await keep())
  }
  stop.abort()
  await running
  await editor.terminate()
  expect([entered.length, refused]).toEqual([90, 10])
  expect(entered.filter((hash) => !meant.has(hash))).toEqual([])

  const summary = await runLocal({ ...options, follow: false, stop: undefined, reload: undefined })
  expect(summary.state).toBe('finished')
  expect(summary.log.lines).toBe(lines.length)
  expect(summary.log.events).toBe(lines.length)
  expect(accountedFor(summary)).toBe(lines.length)
  const { warnings, bytes } = readWarnings(output)
  const records = new Map(readdirSync(join(state, 'contexts')).map((name) => readContextRecord(readFileSync(join(state, 'contexts', name), 'utf8'))).map((r) => [r.hash, r.parts.rules]))
  expect(warnings.length).toBeGreaterThan(200)
  expect(new Set(warnings.map((w) => w.context)).size).toBeGreaterThan(60)
  for (const w of warnings) {
    const version = meant.get(records.get(w.context) as string)?.rules.find((r) => r.id === w.rule)?.version
    // The last revision of an episode that an edit cut short names the version that it was raised by.
    if (w.episode === 'ended' && version !== w.ruleVersion) expect([...meant.values()].some((b) => b.rules.some((r) => r.version === w.ruleVersion))).toBe(true)
    else expect(version).toBe(w.ruleVersion)
  }

  const again = join(dir, 'again')
  await runLocal({ logs: [log], format: 'canonical', context, output: again, replay: state })
  expect(readWarnings(again).bytes === bytes).toBe(true)
})
