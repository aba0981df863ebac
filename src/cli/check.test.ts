import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkSchema } from '../pipeline/check/report.ts'
import { invigil, SMALL_GEO } from '../testing/cli.ts'
import { day } from '../testing/fixtures.ts'
import { temporary, writeLog } from '../testing/runs.ts'
import { width } from './text.ts'

const dir = temporary()
const event = (fields: object): string => JSON.stringify({ id: 'e1', time: '2026-03-02T08:00:00.5+08:00', action: 'heartbeat', learner: 'L1', chapter: 'c1', ...fields })
const check = (args: string[], input?: string) => invigil(['check', ...args, ...SMALL_GEO], { cwd: dir, input })

test('a good log: what is in it, what rules can judge, what to add; nothing is wider than 100 columns', async () => {
  const { code, out, err } = await check([day.log, '--html', 'day.html', '--json', 'day.json'])
  expect([code, err]).toEqual([0, ''])
  for (const part of ['95772 records, 95772 events, 0 ignored, 0 rejected, 0 blank', 'WHAT TO LOOK AT', 'RULES', 'WHAT TO ADD', '  * send `device` with events (jineng)', '    lets judge: one-device, shared-device', 'PLATFORM zhipei', '`heartbeat: 20s`', 'written: day.html']) expect(out.replaceAll(/\s+/g, ' ')).toContain(part.trim())
  expect(out.split('\n').filter((l) => width(l) > 100 && l.includes(' '))).toEqual([])
  expect(checkSchema.parse(JSON.parse(readFileSync(join(dir, 'day.json'), 'utf8'))).log.events).toBe(95_772)
  expect(readFileSync(join(dir, 'day.html'), 'utf8')).toContain('<!doctype html>')
})

test('a rejected record is to be mended: exit code 2, its line and its text', async () => {
  writeLog(dir, 'bad.ndjson', [event({ platform: 'p1' }), event({ platform: 'p1', position: '12' })])
  const { code, out } = await check(['bad.ndjson'])
  expect(code).toBe(2)
  expect(out).toContain('  rejected `number-in-quotes`: 1\n    bad.ndjson:2: `position` must be a number, not text: `12`\n')
  expect(out).toContain('  MEND   1 record rejected as `number-in-quotes`: a number is written as text\n           → remove the quotes\n')
})

test('standard input, a platform for events that name none, and JSON in place of the text', async () => {
  const { code, out } = await check(['-', '--platform', 'p7', '--json', '-'], `${event({})}\n`)
  expect([code, checkSchema.parse(JSON.parse(out)).platforms.map((p) => p.id)]).toEqual([0, ['p7']])
})

test.each([
  [['none.ndjson'], 'there is no file `none.ndjson`'],
  [['bad.ndjson', '--html', 'bad.ndjson'], '`bad.ndjson` would be written over; name another file'],
  [['-', '-'], 'standard input (`-`) can be named once'],
  [[], "missing required argument `log`"],
])('%j: %s', async (args, message) => {
  const { code, err } = await check(args)
  expect([code, err]).toEqual([2, `invigil: ${message}\n`])
  expect(existsSync(join(dir, 'none.html'))).toBe(false)
})
