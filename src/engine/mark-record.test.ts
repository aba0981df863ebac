import { expect, test } from 'vitest'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { SECOND } from '../base/time.ts'
import { at, instant } from '../testing/drive.ts'
import { packMark, recordOf, unpackMark } from './mark-record.ts'
import { Timekeeper, type Mark } from './timekeeper.ts'

const catalogue = new Catalogue(catalogueSchema.parse({}))
const stamped = (time: string, stamp: number, platform = 'p1') => Object.assign(at(time, 'heartbeat', 'L1', 'c1', { platform, received: '2026-03-02T00:00:00Z' }), { stamp })

test('a mark goes through bytes, times that do not end or have not begun among it', () => {
  const keeper = new Timekeeper(catalogue)
  keeper.observe(at('08:00:00', 'heartbeat', 'L1', 'c1', { platform: '__proto__' }))
  const record = recordOf(keeper, keeper.next('context'), [5, 0, 123_456_789_012])
  const again = unpackMark(packMark(record))
  expect(again.offsets).toEqual(record.offsets)
  expect(Object.entries(again.mark.watermarks)).toEqual(Object.entries(record.mark.watermarks))
  expect(again.mark.resource).toBe(-Infinity)
  const successor = new Timekeeper(catalogue)
  successor.load(again.timekeeper)
  expect(successor.save()).toEqual(record.timekeeper)
})

test('who goes on from a mark writes the marks that its writer would have written', () => {
  const [one, before] = [new Timekeeper(catalogue), new Timekeeper(catalogue)]
  const events = Array.from({ length: 200 }, (_, i) => stamped(new Date(instant('08:00:00') + i * 7 * SECOND).toISOString(), instant('08:00:01') + i * 7 * SECOND, `p${i % 3}`))
  const marks: Mark[] = []
  let after = before
  const others: Mark[] = []
  events.forEach((e, i) => {
    one.observe(e)
    after.observe(e)
    if (i % 10 !== 9) return
    marks.push(one.next('c'))
    const bytes = packMark(recordOf(after, after.next('c'), [i + 1]))
    others.push(unpackMark(bytes).mark)
    after = new Timekeeper(catalogue)
    after.load(unpackMark(bytes).timekeeper)
  })
  expect(others.map((m) => JSON.stringify(m))).toEqual(marks.map((m) => JSON.stringify(m)))
  expect(marks.at(-1)?.watermarks['p1']).toBeGreaterThan(instant('08:20:00'))
})

test("the record's stamp counts, whatever its platform says of when it received the event", () => {
  const keeper = new Timekeeper(catalogue)
  expect(keeper.observe(stamped('08:00:00', instant('08:00:01')))).toBe('held')
  expect(keeper.next('c').watermarks['p1']).toBe(instant('07:59:00'))
  expect(keeper.observe(stamped('09:00:00', instant('08:54:59')))).toBe('future')
})

test.each([['nothing', new Uint8Array()], ['no mark', Uint8Array.from([0xc0])], ['broken', Uint8Array.from([0x94, 1, 0xff])]])('%s is refused', (_, bytes) => {
  expect(() => unpackMark(bytes)).toThrow(expect.objectContaining({ code: 'bad-state' }))
})
