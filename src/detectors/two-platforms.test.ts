import { expect, test } from 'vitest'
import type { Event } from '../telemetry/event.ts'
import { at, drive } from '../testing/drive.ts'
import { twoPlatforms } from './two-platforms.ts'

const catalogue = { platforms: [{ id: 'p1', global: ['learner' as const] }, { id: 'p2', global: ['learner' as const] }] }

function watch(platform: string, from: number, to: number): Event[] {
  const events: Event[] = []
  for (let m = from; m <= to; m++) {
    const time = `${10 + Math.floor(m / 60)}:${String(m % 60).padStart(2, '0')}:${platform === 'p1' ? '00' : '30'}`
    events.push(at(time, 'heartbeat', 'N1', `${platform}-c1`, { platform }))
  }
  return events
}

test('an hour on two platforms at once', () => {
  const d = drive(twoPlatforms, {}, { catalogue }).feed(...watch('p1', 0, 60), ...watch('p2', 5, 65)).mark('20:00:00')
  expect(d.warnings().map((w) => w.episode)).toEqual(['ongoing', 'ended'])
  const [warning] = d.latest()
  expect(warning).toMatchObject({
    subject: { kind: 'person', platform: 'p1', id: 'N1' }, learners: [{ platform: 'p1', id: 'N1' }, { platform: 'p2', id: 'N1' }],
    begin: '2026-03-02T10:05:30.000Z', chapters: ['p1-c1', 'p2-c1'], facts: { platforms: ['p1', 'p2'] },
  })
  // Sightings come every ten minutes, so that the last ten may be missing; it is never more than it was.
  expect(warning?.facts.seconds).toBeGreaterThanOrEqual(44 * 60)
  expect(warning?.facts.seconds).toBeLessThanOrEqual(55 * 60)
})

test.each([
  ['one after the other', [...watch('p1', 0, 60), ...watch('p2', 61, 120)]],
  ['over and back', [...watch('p1', 0, 30), ...watch('p2', 31, 60), ...watch('p1', 61, 90)]],
  ['ten minutes of both', [...watch('p1', 0, 30), ...watch('p2', 20, 60)]],
  ['two platforms of one kind of id that is not global', [...watch('p1', 0, 60), ...watch('p3', 0, 60)]],
])('not %s', (_, events) => {
  expect(drive(twoPlatforms, {}, { catalogue }).feed(...events).latest()).toEqual([])
})
