import { anything, array, assert, asyncProperty, constantFrom, jsonValue, oneof, record, string, uint8Array } from '../testing/fuzz.ts'
import { expect, test } from 'vitest'
import { createDecoder, FORMATS } from '../telemetry/decode.ts'
import type { Event } from '../telemetry/event.ts'
import { Reader } from './take.ts'

const NOW = Date.parse('2026-03-02T01:00:00Z')
const field = oneof(jsonValue(), constantFrom('2026-03-02T08:00:00+08:00', 'played', 'p1', 'p2', ''))
const nearly = record({ id: field, time: field, action: field, platform: field, learner: field, chapter: field, 'unknown "field"': anything().map((v) => JSON.stringify(v) ?? null) }, { requiredKeys: [] })

test.each(FORMATS)('whatever is sent in %s, each record is told of, or the request is refused, and what is written is read again as it was taken', async (format) => {
  const reader = new Reader('p1', { format })
  const again = createDecoder({ format: 'canonical' })
  const lines = oneof(array(oneof(nearly, jsonValue()).map((v) => JSON.stringify(v)), { maxLength: 8 }).map((l) => Buffer.from(l.join('\n'))), uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b)), string().map((t) => Buffer.from(t)))
  await assert(asyncProperty(lines, constantFrom('lines' as const, 'json' as const), async (body, kind) => {
    try {
      const { answer, lines: kept, originals, records, rejects } = await reader.take(body, kind, 100, NOW)
      expect(originals).toHaveLength(records)
      expect(answer.rejects).toHaveLength(answer.rejected)
      expect(rejects).toHaveLength(answer.rejected)
      const events: Event[] = []
      for (const line of Buffer.concat(kept).toString('utf8').split('\n').filter((l) => l !== '')) {
        again.decode({ event: (held) => events.push(held.read()), reject: (_, message) => { throw new Error(`written, and not read again: ${message}`) }, ignored: () => undefined }, Buffer.from(line))
      }
      expect(events.map((e) => e.platform)).toEqual(Array.from({ length: answer.accepted }, () => 'p1'))
      for (const line of rejects) expect(JSON.parse(line.toString('utf8'))).toMatchObject({ format: 1, platform: 'p1' })
    } catch (e) {
      if (!(e instanceof Error) || e.name !== 'Refusal') throw e
      expect(e.message).toMatch(/no list in JSON|of another platform/)
    }
  }), { numRuns: 300 })
})

test('a hundred rejects are told, all are kept; verbs without end are counted together', async () => {
  const many = await new Reader('p1', { format: 'canonical' }).take(Buffer.from('{"id":1}\n'.repeat(150)), 'lines', 1000, NOW)
  expect([many.answer.rejected, many.answer.rejects.length, many.rejects.length]).toEqual([150, 100, 150])
  const statement = (n: number): string => JSON.stringify({ id: `s${n}`, timestamp: '2026-03-02T00:10:00Z', actor: { account: { name: 'a', homePage: 'http://x.example' } }, verb: { id: `http://x.example/v${n}` }, object: { id: 'http://x.example/o' } })
  const verbs = await new Reader('p1', { format: 'xapi' }).take(Buffer.from(Array.from({ length: 250 }, (_, n) => statement(n)).join('\n')), 'lines', 1000, NOW)
  expect(Object.keys(verbs.answer.ignored)).toHaveLength(101)
  expect(verbs.answer.ignored.other).toBe(150)
})
