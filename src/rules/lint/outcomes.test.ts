import { expect, test } from 'vitest'
import { outcomesOf, type Domain } from './outcomes.ts'

const domain = (path: string): Domain =>
  path === 'severity' ? { values: ['low', 'high'] } : { nullable: path === 'ip', missing: path.startsWith('facts.') }

test.each([
  ['true', true, false],
  ['false', false, true],
  ['platform == "a"', true, true],
  ['platform == "a" && platform == "b"', false, true],
  ['platform == "a" || platform != "a"', true, false],
  ['platform in ["a", "b"] && !(platform in ["a", "b", "c"])', false, true],
  ['platform in ["a"] && platform == "a"', true, true],
  ['!(platform == "a") && platform == "a"', false, true],
  // What is null or absent decides, too.
  ['ip == null || ip != null', true, false],
  ['ip != "a" && ip == null', true, true],
  ['facts.seconds < 60 || facts.seconds >= 60', true, true],
  ['facts.seconds > 100 && facts.seconds < 60', false, true],
  ['facts.seconds > 59.5 && facts.seconds < 60', true, true],
  ['facts.seconds < -1 && facts.seconds > -2', true, true],
  ['facts["seconds"] > 100 && facts.seconds < 60', false, true],
  // A failure on one side counts for nothing where the other decides.
  ['facts.seconds < 60 || true', true, false],
  ['facts.seconds < 60 && false', false, true],
  ['severity == "low" || severity == "high"', true, false],
  ['severity == "medium"', false, true],
  ['severity in ["low", "high"]', true, false],
  // What is not looked into may be anything.
  ['learner.startsWith("t-") && platform == "a" && platform == "b"', false, true],
  ['learner.startsWith("t-") || !learner.startsWith("t-")', true, true],
  ['size(learner) > 3', true, true],
  ['platform == "a" ? false : platform == "a"', false, true],
  ['platform == "a" ? true : platform != "a"', true, false],
  ['platform < "b" && platform > "c"', false, true],
  ['platform > "b" && platform < "c"', true, true],
  ['platform == learner', true, true],
  ['1 == 2', false, true],
])('%s', (text, met, unmet) => {
  expect(outcomesOf(text, domain)).toEqual({ met, unmet })
})

test('what would take too many combinations is not judged', () => {
  const many = Array.from({ length: 12 }, (_, i) => `facts.f${i} == ${i}`).join(' && ')
  expect(outcomesOf(`${many} && false`, domain)).toEqual({ met: true, unmet: true })
})
