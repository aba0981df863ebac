import { expect, test } from 'vitest'
import { parseTime } from '../base/time.ts'
import { FIELDS } from '../telemetry/event.ts'
import { parseGiven } from './given.ts'

const options = { date: '2026-03-02', platform: 'p1', places: { '1.2.3.4': { kind: 'public' as const, country: 'CN' } } }
const read = (text: string) => parseGiven(text, options)

test('a line is an event with typed fields', () => {
  const { steps, problems } = read('08:00:00.250 heartbeat L1 chapter=c1 position=12.5 visible=false inputs=3 agent="Mozilla/5.0 (\\"X\\") # 1" ip=1.2.3.4 # beat\n')
  expect(problems).toEqual([])
  const [step] = steps
  expect(step).toMatchObject({
    kind: 'event',
    event: {
      id: 'e1', time: parseTime('2026-03-02T08:00:00.250Z'), action: 'heartbeat', platform: 'p1', learner: 'L1', chapter: 'c1', position: 12.5, visible: false, inputs: 3,
      agent: 'Mozilla/5.0 ("X") # 1', ip: '1.2.3.4', place: { kind: 'public', country: 'CN' },
    },
  })
  const present = step?.kind === 'event' ? FIELDS.filter((_, i) => step.event.present & (1 << i)) : []
  expect(present.sort()).toEqual(['agent', 'chapter', 'inputs', 'ip', 'position', 'visible'])
})

test('ids, platforms, days, offsets, marks and blank lines', () => {
  const { steps, problems } = read('# morning\n\n08:00:00 logged-in "A B" id=x platform=p2 received=2026-03-02T08:00:01Z\nmark 08:05:00\n2026-03-03T01:00:00+08:00 logged-out L#1 ip=9.9.9.9\r\n')
  expect(problems).toEqual([])
  expect(steps).toMatchObject([
    { event: { id: 'x', platform: 'p2', learner: 'A B', received: parseTime('2026-03-02T08:00:01Z'), offset: 0 } },
    { kind: 'mark', time: parseTime('2026-03-02T08:05:00Z') },
    { event: { id: 'e5', time: parseTime('2026-03-02T17:00:00Z'), offset: 480, learner: 'L#1', place: { kind: 'public' } } },
  ])
})

test.each([
  ['8:00 played L1 chapter=c1', '`8:00` is not a time', 0],
  ['08:00:00', 'no action', 8],
  ['08:00:00 playd L1 chapter=c1', 'unknown action `playd`', 9],
  ['08:00:00 played chapter=c1', 'no learner', 16],
  ['08:00:00 played L1', '`played` needs a `chapter=`', 9],
  ['08:00:00 played L1 chapter', '`chapter` is not a field', 19],
  ['08:00:00 played L1 chapter=c1 postion=3', 'unknown field `postion`', 30],
  ['08:00:00 played L1 chapter=c1 position=abc', '`position` cannot be `abc`', 39],
  ['08:00:00 played L1 chapter=c1 position=-1', '`position` cannot be `-1`', 39],
  ['08:00:00 played L1 chapter=c1 muted=yes', '`muted` cannot be `yes`', 36],
  ['08:00:00 face-checked L1 outcome=ok', '`outcome` cannot be `ok`', 33],
  ['08:00:00 played L1 chapter="c1', 'a quote that is not closed', 27],
  ['mark', 'no time', 4],
  ['mark 08:00:00 now', '`now` is one word too many', 14],
  ['08:00:00 logged-in L1 received=now', '`received` cannot be `now`', 31],
])('`%s` is refused', (line, message, offset) => {
  const first = '08:00:00 logged-in L1\n'
  expect(read(first + line).problems[0]).toMatchObject({ message, offset: first.length + offset })
})

test('an empty text is absent, as in telemetry', () => {
  const [step] = read('08:00:00 logged-in L1 device= session=""').steps
  expect(step).toMatchObject({ event: { device: undefined, session: undefined, present: 0 } })
})

test('the mend is told', () => {
  const mends = (line: string) => read(line).problems.map((p) => p.mend)
  expect(mends('08:00:00 playd L1 chapter=c1')).toEqual(['did you mean `played`?'])
  expect(mends('08:00:00 played L1 chapter=c1 postion=3')).toEqual(['did you mean `position`?'])
  expect(mends('08:00:00 face-checked L1 outcome=ok similarity=2 inputs=0.5')).toEqual([
    'one of `passed`, `failed`, `unusable`, `missed`', 'a number from 0 to 1', 'a whole number from 0',
  ])
})
