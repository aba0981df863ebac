import { expect, test } from 'vitest'
import { actionsOf, clausesOf } from './reading.ts'
import { Names } from './names.ts'
import { events, sightings } from './vocabulary.ts'

const names = new Names([['quiet', ['paused', 'terminated']]], [['office', 'ip.startsWith("10.")'], ['watching', 'action == "played" || action == "heartbeat"'], ['watchedAtWork', 'watching && office']])

function astOf(text: string, vocabulary = events) {
  const found = names.compile(text, vocabulary)
  if (found.problem) throw new Error(found.problem.message)
  return found.parsed.ast
}

test.each([
  ['action == "played"', []],
  ['elapsed < 1.0', ['elapsed']],
  ['elapsed != null && correct == true', ['elapsed', 'correct']],
  ['device == "d1" || ip == "x"', ['device ip']],
  ['!(device == "d1" || ip == "x")', ['device', 'ip']],
  ['!(device == "d1" && ip == "x")', ['device ip']],
  ['(device == "d1" && ip == "x") || session == "s"', ['device session', 'ip session']],
  ['office', ['ip']],
  ['watchedAtWork || device == null', ['device ip']],
  ['rate > 1.0 ? device == "a" : session == "b"', ['rate', 'device session']],
  ['place.country == "CN" && has(place.city)', ['place.country']],
  ['(elapsed + length) * position > 10.0', ['elapsed', 'length', 'position']],
])('what `%s` must know', (text, expected) => {
  expect(clausesOf(astOf(text), events, names.shared(events)).map((c) => c.join(' ')).sort()).toEqual([...expected].sort())
})

test('a long sum is read in no time', () => {
  expect(clausesOf(astOf(`${Array.from({ length: 200 }, () => 'elapsed').join(' + ')} > 1.0`), events, names.shared(events))).toEqual([['elapsed']])
})

test.each([
  ['action == "played"', 'played'],
  ['"played" == action && rate > 1.0', 'played'],
  ['action in ["played", "paused"]', 'played paused'],
  ['action in quiet', 'paused terminated'],
  ['watchedAtWork', 'played heartbeat'],
  ['!(action in quiet) && !watching && action != "seeked" && action < "c"', 'logged-in logged-out initialized rate-changed completed navigated answered face-requested face-checked attended'],
  ['action == "played" && action == "paused"', ''],
  ['false', ''],
])('which actions can meet `%s`', (text, expected) => {
  expect(actionsOf(astOf(text), names.shared(events)).join(' ')).toBe(expected)
})

test.each([
  ['action == "initialised"', '`action` is never `initialised` (did you mean `initialized`?) at 10'],
  ['outcome in ["passed", "faild"]', '`outcome` is never `faild` (did you mean `failed`?) at 22'],
  ['rate == "1.5"', '`rate` is a number, and never text (write the value without quotes) at 8'],
  ['correct != 1', '`correct` is `true` or `false`, and never a number (write the value without quotes) at 11'],
  ['device == 17', '`device` is text, and never a number (write the value in quotes) at 10'],
  ['devcie == "x"', 'unknown variable: `devcie` (did you mean `device`?) at 0'],
  ['ofice && true', 'unknown variable: `ofice` (did you mean `office`?) at 0'],
  ['place.contry == "CN"', 'no such key: `contry` (undefined) at 6'],
  ['received - time > duration("5 minutes")', 'invalid duration string: 5 minutes (write it like `45s`, `10m` or `1h30m`) at 27'],
  ['chapter.matches("^(a")', 'invalid regular expression: missing closing ): `^(a` (undefined) at 16'],
  ['time.getHours("Asia/Shanghai") < 6', '`getHours(…)` depends on the machine (use `hour` and `weekday` where they are known, or add the offset, as in `(time + duration("8h")).getHours()`) at 4'],
])('a slip: `%s`', (text, expected) => {
  const { problem } = names.compile(text, events)
  expect(problem && `${problem.message} (${String(problem.mend)}) at ${problem.offset}`).toBe(expected)
})

test('sightings have words of their own', () => {
  expect(names.compile('kind == "frist"', sightings).problem).toMatchObject({ message: '`kind` is never `frist`', mend: 'did you mean `first`?' })
  expect(names.compile('elapsed < 1.0', sightings).problem?.message).toBe('unknown variable: `elapsed`')
  expect(names.compile('watching', sightings).problem?.message).toBe('`watching` cannot be used in a condition on sightings: unknown variable: `action`')
})
