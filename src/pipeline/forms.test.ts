import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { encoded } from '../testing/encoded.ts'
import { fivePlatforms, toLines } from '../testing/five-platforms.ts'
import { readWarnings, run, shippedContext, temporary, writeLog } from '../testing/runs.ts'
import { runLocal } from './local.ts'
import type { LogForm } from './logs.ts'
import { openMapping } from './mapping.ts'

type Fields = Record<string, string | number | boolean>

const dir = temporary()
const lines = toLines(fivePlatforms(3, 6), true).slice(0, 4000)
const events = lines.map((l) => JSON.parse(l) as Fields)
const columns = [...new Set(events.flatMap((e) => Object.keys(e)))]
let golden: string
let records: string

/** The events as a table with Chinese names of columns, line breaks in quotes, positions in milliseconds and words for actions. */
function table(delimiter: string): string {
  const cell = (name: string, e: Fields): string => {
    const value = e[name] ?? ''
    return name === 'position' && value !== '' ? String(Math.round(Number(value) * 1000)) : name === 'action' ? `动作-${String(value)}` : String(value)
  }
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
  const rows = events.map((e, i) => [...columns.map((c) => (i % 2 === 0 ? quoted(cell(c, e)) : cell(c, e))), quoted(`备注${delimiter}\r\n第 ${i} 行 "好"`)].join(delimiter))
  return [[...columns.map((c) => `列-${c}`), '备注'].join(delimiter), ...rows, ''].join('\r\n')
}

const ACTIONS = [...new Set(events.map((e) => String(e.action)))]
const source = (c: string) => (c === 'position' ? `{ from: 列-${c}, unit: ms }` : c === 'action' ? `{ from: 列-${c}, map: { ${ACTIONS.map((a) => `动作-${a}: ${a}`).join(', ')} } }` : `列-${c}`)

/** Writes a mapping of that table. */
function mappingFile(name: string, more = ''): string {
  const path = join(dir, name)
  writeFileSync(path, `${more}fields:\n${columns.map((c) => `  ${c}: ${source(c)}\n`).join('')}`)
  return path
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(dir, name)
  writeFileSync(path, content)
  return path
}

/** Ways to write the same events. */
const FORMS: Record<string, () => Promise<{ log: string } & LogForm> | ({ log: string } & LogForm)> = {
  'a list over many lines': () => ({ log: file('list.json', JSON.stringify(events, null, 2)), format: 'canonical' }),
  'a list on one line of megabytes': () => ({ log: file('one-line.json', JSON.stringify(events)), format: 'auto' }),
  'an object that holds a list, with gzip': () => ({ log: file('export.json.gz', gzipSync(`\uFEFF${JSON.stringify({ more: '', statements: events, total: 3 }, null, 1)}`)), format: 'canonical' }),
  'objects over many lines in a row': () => ({ log: file('row.json', events.map((e) => JSON.stringify(e, null, '\t')).join('\n')), format: 'auto' }),
  'lines in UTF-16': () => ({ log: file('utf16.ndjson', Buffer.from(`\uFEFF${lines.join('\r\n')}`, 'utf16le')), format: 'canonical' }),
  'a table in GB18030': async () => ({ log: file('gb.csv', encoded(table(','), 'gb18030')), format: 'mapping', details: { mapping: await openMapping(mappingFile('gb.yaml', 'encoding: gb18030\n')) } }),
  'a table in Big5 with semicolons, whose encoding an option tells': async () => ({ log: file('big5.csv', encoded(table(';').replaceAll(/[动备注行]/gu, '台'), 'big5')), format: 'mapping', details: { encoding: 'big5', mapping: await openMapping(file('big5.yaml', mappingText().replaceAll('动', '台'))) } }),
  'a table in UTF-16 big endian with tabs': async () => ({ log: file('utf16.csv', encoded(`\uFEFF${table('\t')}`, 'utf-16be')), format: 'mapping', details: { mapping: await openMapping(mappingFile('utf16.yaml')) } }),
  'JSON in GBK over many lines under a key': async () => ({ log: file('gbk.json', encoded(JSON.stringify({ '数据': events.map((e) => ({ ...e, 备注: '啊]}"\\' })) }, null, 2), 'gbk')), format: 'mapping', details: { mapping: await openMapping(file('gbk.yaml', `format: json\nencoding: gbk\nrecords: 数据\nfields: { ${columns.map((c) => `${c}: ${c}`).join(', ')} }\n`)) } }),
}

function mappingText(): string {
  return `fields:\n${columns.map((c) => `  ${c}: ${source(c)}\n`).join('')}`
}

beforeAll(async () => {
  const done = await run(dir, { logs: [writeLog(dir, 'log.ndjson', lines)] })
  golden = done.bytes
  records = done.records
  expect(done.warnings.length).toBeGreaterThan(30)
})

describe.each(Object.entries(FORMS))('%s', (_, form) => {
  test('gives the same warnings and records', async () => {
    const { log, ...how } = await form()
    const { bytes, records: again, summary } = await run(dir, { logs: [log], ...how })
    expect([summary.log.rejected, summary.log.ignored, summary.log.events]).toEqual([{}, {}, events.length])
    expect([bytes === golden, again === records]).toEqual([true, true])
  })

  test('stopped again and again, it goes on where it was', async () => {
    const { log, ...how } = await form()
    const [output, state] = [mkdtempSync(join(dir, 'out-')), mkdtempSync(join(dir, 'state-'))]
    const context = await shippedContext()
    let stops = 0
    for (;;) {
      const stop = new AbortController()
      let warned = 0
      const { state: ended, log: read } = await runLocal({
        logs: [log], ...how, context, output, state, stop: stop.signal, markEvery: 100, snapshotEvery: 0,
        watch: { warning: () => { if (++warned === 12) stop.abort() } },
      })
      if (ended === 'finished') {
        expect([read.lines, read.events, read.rejected]).toEqual([events.length, events.length, {}])
        break
      }
      stops++
    }
    expect(stops).toBeGreaterThan(0)
    expect(readWarnings(output).bytes === golden).toBe(true)
  })
})

test('a table that grows, in pieces that end anywhere, is followed and read on', { timeout: 120_000 }, async () => {
  const content = encoded(table(','), 'gb18030')
  const details = { mapping: await openMapping(mappingFile('growing.yaml', 'encoding: gb18030\ndelimiter: ","\n')) }
  const [output, state] = [mkdtempSync(join(dir, 'out-')), mkdtempSync(join(dir, 'state-'))]
  const log = file('growing.csv', content.subarray(0, 100))
  const context = await shippedContext()
  let given = 100
  for (const piece of [20_001, 250_003]) {
    const stop = new AbortController()
    let rounds = 0
    await runLocal({
      logs: [log], format: 'mapping', details, context, output, state, follow: true, stop: stop.signal, markEvery: 100,
      watch: {
        caughtUp: () => {
          if (rounds++ === 3) return stop.abort()
          appendFileSync(log, content.subarray(given, given + piece))
          given += piece
        },
      },
    })
  }
  appendFileSync(log, content.subarray(given))
  const { log: read } = await runLocal({ logs: [log], format: 'mapping', details, context, output, state, markEvery: 100 })
  expect([read.events, read.rejected]).toEqual([events.length, {}])
  expect(readWarnings(output).bytes === golden).toBe(true)
})

test('another mapping, or other joined files, are another run', async () => {
  const path = mappingFile('state.yaml')
  const log = file('state.csv', table(','))
  const [output, state] = [mkdtempSync(join(dir, 'out-')), mkdtempSync(join(dir, 'state-'))]
  const open = async () => ({ logs: [log], format: 'mapping' as const, details: { mapping: await openMapping(path) }, context: await shippedContext(), output, state })
  const { log: first } = await runLocal(await open())
  expect(first.mapping).toMatchObject({ file: path, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string })
  await runLocal(await open())
  writeFileSync(path, `absent: ['-']\n${mappingText()}`)
  await expect(runLocal(await open())).rejects.toMatchObject({ code: 'bad-state', message: expect.stringContaining('another mapping') as string })
})

test('several tables are merged by time', async () => {
  const half = (n: number) => `${table(',').split('\r\n').slice(0, 1).join('')}\r\n${events.filter((_, i) => i % 2 === n).map((e) => columns.map((c) => (c === 'action' ? `动作-${String(e[c])}` : c === 'position' && e[c] !== undefined ? String(Math.round(Number(e[c]) * 1000)) : String(e[c] ?? ''))).join(',') + ',').join('\n')}`
  const { summary } = await run(dir, { logs: [file('a.csv', half(0)), file('b.csv', half(1))], format: 'mapping', details: { mapping: await openMapping(mappingFile('ab.yaml')) } })
  expect([summary.log.events, summary.log.rejected]).toEqual([events.length, {}])
})
