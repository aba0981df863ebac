import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Reject } from '../pipeline/cursor.ts'
import type { Summary } from '../pipeline/summary.ts'
import { SMALL_GEO, accountedFor, invigil, outputsOf, summaryOf, type Ended } from '../testing/cli.ts'
import { fivePlatforms, toLines } from '../testing/five-platforms.ts'
import { temporary } from '../testing/runs.ts'

const KEPT = 1 << 16
const event = (fields: object) =>
  JSON.stringify({ id: 'x', time: '2026-03-02T01:00:00Z', action: 'played', platform: 'normal', learner: 'L00', chapter: 'c1', position: 1, ...fields })

/** Lines that are no events: what is wrong, the line, the reason and the words of the message. */
const BAD: readonly (readonly [what: string, line: string | Buffer, reason: string, message: string])[] = [
  ['a broken line', event({}).slice(0, 40), 'bad-json', 'the line is not JSON: '],
  ['a missing field', event({ learner: undefined }), 'missing-field', '`learner` is missing'],
  ['a wrong field', event({ learner: { name: 'x' } }), 'wrong-type', '`learner` must be text, not an object'],
  ['an unknown action', event({ action: 'teleported' }), 'unknown-action', '`teleported` is not an action; known are logged-in, '],
  ['a negative position', event({ position: -1 }), 'out-of-range', '`position` must be at least 0, not -1'],
  ['an infinite position', event({}).replace('"position":1', '"position":1e999'), 'out-of-range', '`position` must be at most'],
  ['the year 9999', event({ time: '9999-03-02T01:00:00Z' }), 'bad-date', '`time` is no date-time of the calendar from 2000 to 2099: `9999-03-02T01:00:00Z`'],
  ['the year 1970', event({ time: '1970-01-01T00:00:00Z' }), 'bad-date', '`time` is no date-time of the calendar from 2000 to 2099: `1970-01-01T00:00:00Z`'],
  ['30 February', event({ time: '2026-02-30T01:00:00Z' }), 'bad-date', '`time` is no date-time of the calendar'],
  ['a time without offset', event({ time: '2026-03-02T01:00:00' }), 'bad-date', '`time` is not RFC 3339 with an offset, like `2026-03-02T08:00:00+08:00`'],
  ['a number in quotes', event({ position: '12.5' }), 'number-in-quotes', '`position` must be a number, not text: `12.5`'],
  ['a NUL byte', event({ learner: 'L00' }).replace('L00', 'L\0'), 'nul', 'the line contains a NUL character'],
  ['NUL bytes alone, as a torn write leaves them', '\0'.repeat(512), 'nul', 'the line contains a NUL character'],
  ['a NUL as an escape', event({ learner: 'L\0' }), 'nul', '`learner` contains a NUL character'],
  ['5,000 levels of nesting', event({ more: 0 }).replace('"more":0', `"more":${'['.repeat(5000)}${']'.repeat(5000)}`), 'too-deep', 'objects and lists are nested deeper than 32'],
  ['a line of 10 MB', event({ more: 'é'.repeat(5_000_000) }), 'too-long', 'the line has 10000'],
  ['a line just over 1 MiB', event({ more: 'x'.repeat(1 << 20) }), 'too-long', 'the line has 1048'],
  ['a text that is too long', event({ learner: 'x'.repeat(1025) }), 'string-too-long', '`learner` has 1025 characters, 1024 are allowed'],
  ['an action of a million letters', event({ action: 'x'.repeat(1_000_000) }), 'unknown-action', `\`${'x'.repeat(64)}…\` is not an action`],
  ['invalid UTF-8', Buffer.concat([Buffer.from('{"learner":"'), Buffer.from([0xc4, 0xe3, 0xff]), Buffer.from('"}')]), 'bad-utf8', 'the line is not valid UTF-8'],
  ['half of a surrogate pair', event({}).replace('L00', '\\ud800'), 'bad-utf8', '`learner` contains half of a surrogate pair'],
  ['a list', `[${event({})}]`, 'not-an-object', 'an event is one JSON object, not a list'],
  ['a number', '42', 'not-an-object', 'an event is one JSON object, not a number'],
  ['playback of no chapter', event({ chapter: '' }), 'missing-chapter', '`chapter` is missing, and `played` is playback of one'],
  ['a clock that is ahead', event({ time: '2026-03-02T02:00:00Z', received: '2026-03-02T01:00:00Z' }), 'future', '`time` 2026-03-02T02:00:00.000Z lies more than 5 minutes ahead of `received`'],
]

describe('bad lines between good ones', () => {
  const dir = temporary()
  const good = toLines(fivePlatforms(5, 3), true)
  const blank = ['', '   ', '\r', '\t\r']
  const every = Math.floor(good.length / (BAD.length + 1))
  const bytes: Buffer[] = [Buffer.from('\ufeff')]
  const place = new Map<number, { line: number; offset: number }>()
  let ended: Ended
  let summary: Summary
  let rejects: Reject[]

  beforeAll(async () => {
    let [line, offset] = [0, bytes[0]?.length ?? 0]
    const add = (content: string | Buffer, end: string) => {
      const whole = Buffer.concat([Buffer.from(content), Buffer.from(end)])
      bytes.push(whole)
      offset += whole.length
      line++
    }
    for (const [i, text] of good.entries()) {
      add(text, i % 3 === 0 ? '\r\n' : '\n')
      if (i % every !== 0 || i === 0 || i / every > BAD.length) continue
      place.set(i / every - 1, { line: line + 1, offset })
      add((BAD[i / every - 1] as (typeof BAD)[number])[1], i % 2 === 0 ? '\r\n' : '\n')
    }
    for (const b of blank) add(b, '\n')
    writeFileSync(join(dir, 'log.ndjson'), Buffer.concat(bytes))
    writeFileSync(join(dir, 'good.ndjson'), good.join('\n'))
    ended = await invigil(['run', 'log.ndjson', ...SMALL_GEO, '--output', 'out', '--quiet'], { cwd: dir })
    await invigil(['run', 'good.ndjson', ...SMALL_GEO, '--output', 'golden', '--quiet'], { cwd: dir })
    summary = summaryOf(join(dir, 'out'))
    rejects = readFileSync(join(dir, 'out', 'rejects.ndjson'), 'utf8').trimEnd().split('\n').map((l) => JSON.parse(l) as Reject)
  })

  test('every line is accounted for, and the user is told to mend', () => {
    expect([ended.code, ended.err]).toEqual([2, ''])
    expect(summary.log).toMatchObject({ lines: good.length + BAD.length + blank.length, events: good.length, blank: blank.length })
    expect(accountedFor(summary)).toBe(summary.log.lines)
    expect(rejects).toHaveLength(BAD.length)
    expect(ended.out).toContain(`${summary.log.lines} lines: ${good.length} events, 0 ignored, ${BAD.length} rejected, 4 blank\n`)
    expect(ended.out).toContain("  rejected `bad-date` 4: a time is not RFC 3339 with an offset, or no day of the calendar from 2000 to 2099; write it like `2026-03-02T08:00:00+08:00`, or say how it is written: `timeZone` and `format` of a mapping, `--time-zone` and `--date-order` of Moodle (see rejects.ndjson)\n")
  })

  test('the good ones give the same warnings as without the bad ones', () => {
    const [with_, without] = [outputsOf(join(dir, 'out')), outputsOf(join(dir, 'golden'))]
    expect(summaryOf(join(dir, 'golden')).warnings.total).toBeGreaterThan(20)
    for (const name of ['warnings', 'prompts', 'late'] as const) expect(with_[name] === without[name], name).toBe(true)
  })

  test.each(BAD.map(([what, ...rest], i) => [what, i, ...rest] as const))('%s', (_, i, line, reason, message) => {
    const reject = rejects[i] as Reject
    const original = Buffer.from(line)
    expect(reject).toMatchObject({ format: 1, reason, file: 'log.ndjson', length: original.length, ...place.get(i) })
    expect(reject.message).toContain(message)
    expect(reject.message.length).toBeLessThan(400)
    const kept = reject.text === undefined ? Buffer.from(reject.base64 ?? '', 'base64') : Buffer.from(reject.text)
    expect(kept.equals(original.length > 1 << 20 ? original.subarray(0, KEPT) : original)).toBe(true)
    expect(reject.text === undefined).not.toBe(reject.base64 === undefined)
    expect(ended.out).toMatch(new RegExp(`rejected \`${reason}\` \\d+: `))
  })
})
