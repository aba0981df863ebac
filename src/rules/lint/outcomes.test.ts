import { expect, test } from 'vitest'
import type { Warning } from '../../warnings/warning.ts'
import { compileUnless } from '../condition.ts'
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

/** Numbers from 0 to 1 that look random, the same on every run. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

test('what comes of a condition is never what was said to be impossible', () => {
  const random = randomOf(7)
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T
  const word = () => pick(['"a"', '"b"', '"c"'])
  const number = () => pick(['-1', '0', '1', '1.5', '2'])
  const atom = (): string =>
    pick([
      () => `${pick(['rule', 'class', 'severity'])} ${pick(['==', '!='])} ${word()}`, () => `severity ${pick(['<', '<=', '>', '>='])} ${word()}`,
      () => `${pick(['class', 'rule'])} in [${word()}, ${word()}]`, () => `facts.n ${pick(['<', '<=', '>', '>=', '==', '!='])} ${number()}`, () => `${number()} < facts.n`,
      () => 'rule.startsWith("a")', () => 'class.startsWith("a")', () => pick(['true', 'false']), () => 'class == null', () => 'rule == severity',
    ])()
  const condition = (depth: number): string =>
    depth === 0 || random() < 0.2
      ? atom()
      : pick([
          () => `(${condition(depth - 1)} && ${condition(depth - 1)})`, () => `(${condition(depth - 1)} || ${condition(depth - 1)})`, () => `!(${condition(depth - 1)})`,
          () => `(${condition(depth - 1)} ? ${condition(depth - 1)} : ${condition(depth - 1)})`,
        ])()
  let impossible = 0
  for (let i = 0; i < 600; i++) {
    const text = condition(3)
    const { met, unmet } = outcomesOf(text, (path) => ({ nullable: path === 'class', missing: path.startsWith('facts.') }))
    const { test: is } = compileUnless(text, () => {})
    expect(is, text).toBeDefined()
    if (!met || !unmet) impossible++
    for (let j = 0; j < 20; j++) {
      const facts = random() < 0.2 ? {} : { n: pick([-2, -1, -0.5, 0, 0.5, 1, 1.2, 1.5, 1.7, 2, 3]) }
      const klass = random() < 0.3 ? {} : { class: pick(['a', 'b', 'c', 'd']) }
      const warning = { facts, ...klass, rule: pick(['a', 'b', 'c', 'd']), severity: pick(['a', 'ab', 'b', 'd']), revision: 1, evidence: { events: [], count: 0 } } as unknown as Warning
      expect(is?.(warning) ? met : unmet, `${text} of ${JSON.stringify(warning)}`).toBe(true)
    }
  }
  // Enough of them were decided for this to mean something.
  expect(impossible).toBeGreaterThan(50)
})
