import type { Around } from '../../engine/rule.ts'
import type { Sighting } from '../../engine/sighting.ts'
import type { Event } from '../../telemetry/event.ts'
import { compileJudge } from '../condition.ts'
import type { Names } from '../names.ts'
import type { Vocabulary } from '../vocabulary.ts'
import { explainCondition, type ConditionTree, type Outcome } from './condition.ts'

/** Takes a condition in the params apart, for the event or sighting that it is judged by. */
export function explainJudge(text: string, vocabulary: Vocabulary, names: Names): (seen: Event | Sighting, around: Around) => ConditionTree {
  const compiled = new Map<string, (seen: Event | Sighting, around: Around) => Outcome>()
  const compile = (part: string) => {
    let failed = false
    // A part that is no condition by itself (a number, a text) is none here either.
    const { test } = compileJudge(part, vocabulary, () => (failed = true), names)
    return (seen: Event | Sighting, around: Around): Outcome => {
      failed = false
      const is = test?.judge(seen, around)
      if (is === undefined || failed) return 'fails'
      return typeof is === 'boolean' ? is : 'unknown'
    }
  }
  return (seen, around) =>
    explainCondition(text, {
      evaluate: (part) => {
        let judge = compiled.get(part)
        if (judge === undefined) compiled.set(part, (judge = compile(part)))
        return judge(seen, around)
      },
      valueOf: ([name, ...rest]) => {
        const value = vocabulary.words.get(name as string)?.read(seen, around) ?? saidBy(names, name as string) ?? null
        return rest.reduce<unknown>((at, step) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[step] : undefined), value)
      },
    })
}

/** What a list or a shared condition says. */
export function saidBy(names: Names, name: string): unknown {
  return names.list(name) ?? names.text(name)
}
