import { describe, expect, test } from 'vitest'
import { at, drive } from '../testing/drive.ts'
import { distance, firstBand, isBlank } from './shared/photo.ts'
import { sharedPhoto } from './shared-photo.ts'

const face = 'a5c3f00f1e2d3c4b'
const close = 'a5c3f00f1e2d3c4c' // 3 bits
const far = 'a5c3f00f1e2d3cb4' // 8 bits
const others = ['0f1e2d3c4b5a6978', 'f0e1d2c3b4a59687', '123456789abcdef0', '5566778899aabbcc']
const check = (time: string, learner: string, photo: string, platform = 'p1') => at(time, 'face-checked', learner, undefined, { photo, platform, outcome: 'passed' })

test('hashes', () => {
  expect([distance(face, face), distance(face, close), distance(face, far), distance('ff', 'fe')]).toEqual([0, 3, 8, Infinity])
  expect([firstBand(face, close), firstBand(face, `0${face.slice(1)}`), firstBand(face, others[0] as string)]).toEqual([0, 1, -1])
  expect([isBlank('0000000000000001', 8), isBlank('fffffffffffffffe', 8), isBlank(face, 8), isBlank('00', 8)]).toEqual([true, true, false, false])
})

describe('two learners', () => {
  test('a photo within 3 bits, warned of once though three bands meet', () => {
    const d = drive(sharedPhoto).feed(check('08:00:00', 'A', face), check('09:00:00', 'B', close)).mark('2026-03-04T00:00:00')
    expect(d.warnings().map((w) => w.episode)).toEqual(['ongoing', 'ended'])
    expect(d.latest()).toMatchObject([
      { subject: { kind: 'photo', platform: 'p1', id: close }, learners: [{ id: 'A' }, { id: 'B' }], facts: { kind: 'shared', checks: 2, distance: 3 } },
    ])
    expect(d.latest()[0]?.summary.en).toBe('the same face photo was used for 2 learners (A, B) in 2 checks, 3 bits apart (limit 3)')
  })

  test('three learners with one clip are one warning', () => {
    const d = drive(sharedPhoto).feed(check('08:00:00', 'A', face), check('08:20:00', 'B', close), check('08:40:00', 'C', face)).mark('2026-03-04T00:00:00')
    expect(d.latest().map((w) => w.facts.learners)).toEqual([['A', 'B', 'C']])
  })

  test('a photo that two learners come close to in different bands gives two warnings, not one id twice', () => {
    const elsewhere = `a5c0${face.slice(4)}` // 2 bits, in the first band
    const d = drive(sharedPhoto).feed(check('08:00:00', 'A', face), check('08:20:00', 'B', close), check('08:40:00', 'C', elsewhere)).mark('2026-03-05T00:00:00')
    const told = d.warnings().map((w) => `${w.id} ${w.revision}`)
    expect(new Set(told).size).toBe(told.length)
    expect(d.latest().map((w) => w.facts.learners)).toEqual([['A', 'B'], ['A', 'C']])
  })

  test('another hash only when it is equal', () => {
    const a = '00112233445566778899aabbccddeeff'
    const b = '00112233445566778899aabbccddeefe'
    expect(drive(sharedPhoto).feed(check('08:00:00', 'A', a), check('09:00:00', 'B', a)).latest()).toMatchObject([{ facts: { kind: 'shared', distance: 0 } }])
    expect(drive(sharedPhoto).feed(check('08:00:00', 'A', a), check('09:00:00', 'B', b)).latest()).toEqual([])
  })

  test.each([
    ['8 bits apart', [check('08:00:00', 'A', face), check('09:00:00', 'B', far)]],
    ['both cameras dark', [check('08:00:00', 'A', '0000000000000000'), check('09:00:00', 'B', '0000000000000000')]],
    ['on two platforms', [check('08:00:00', 'A', face), check('09:00:00', 'B', face, 'p2')]],
    ['a week apart', [check('08:00:00', 'A', face), check('2026-03-09T08:00:00', 'B', face)]],
  ])('not %s', (_, events) => {
    expect(drive(sharedPhoto).feed(...events).latest()).toEqual([])
  })
})

describe('one learner', () => {
  test('an equal photo at two checks', () => {
    const d = drive(sharedPhoto).feed(check('08:00:00', 'A', face), check('08:15:00', 'A', others[0] as string), check('08:30:00', 'A', face))
    expect(d.latest()).toMatchObject([{ subject: { kind: 'learner', platform: 'p1', id: 'A' }, learners: [{ id: 'A' }], facts: { kind: 'equal', checks: 2 } }])
  })

  test('the last photo again and again with noise on it', () => {
    const noisy = [face, close, 'a5c3f00f1e2d3c4a', 'a5c3f00f1e2d3c5b', 'a5c3f00f1e2d3c49', 'a5c3f00f1e2d3d4b']
    const d = drive(sharedPhoto).feed(...noisy.map((photo, i) => check(`0${i + 1}:00:00`, 'A', photo)))
    expect(d.latest()).toMatchObject([{ facts: { kind: 'similar', checks: 6 } }])
    expect(d.latest()[0]?.summary.en).toBe('most photos of 6 face checks of one learner differ from the one before in 3 bits or less (judged from 6 checks on)')
  })

  test.each([
    ['close once among four', [face, close, others[0], others[1]]],
    ['three close photos', [face, close, 'a5c3f00f1e2d3c4a']],
    ['close to one photo and not to each other', [face, 'a5c3f00f1e2d3c5b', 'a5d3f00f1e2d3c4f', 'a5c3f80f1e2d3d4b', 'b5c3f00f1e6d3c4b', 'a5c3f00f162d384b']],
    ['four close photos among six', [face, close, 'a5c3f00f1e2d3c4a', 'a5c3f00f1e2d3c5b', others[0], others[1]]],
    ['photos that differ', others],
  ])('not %s', (_, photos) => {
    expect(drive(sharedPhoto).feed(...photos.map((photo, i) => check(`0${i + 1}:00:00`, 'A', photo as string))).latest()).toEqual([])
  })

  test('not a photo that was sent again within a minute', () => {
    expect(drive(sharedPhoto).feed(check('08:00:00', 'A', face), check('08:00:30', 'A', face)).latest()).toEqual([])
  })
})
