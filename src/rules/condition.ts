import type { Around, Judge } from '../engine/rule.ts'
import type { Sighting } from '../engine/sighting.ts'
import type { Event, PlaceLevel } from '../telemetry/event.ts'
import type { Warning } from '../warnings/warning.ts'
import { evaluate, type ConditionProblem, type Facts, type Failure } from './cel.ts'
import { Names, type Named } from './names.ts'
import { actionsOf, clausesOf, type Clause } from './reading.ts'
import { LEVEL_OF, scopes, warningFacts, warnings, type Vocabulary, type Word } from './vocabulary.ts'

/** Told each time a condition could not be evaluated; such a condition counts as not met. */
export type OnFault = (message: string) => void

/** The names that an expression uses, directly or by way of shared conditions. */
export interface Uses {
  lists: ReadonlyMap<string, ReadonlyMap<string, true>>
  conditions: ReadonlyMap<string, unknown>
  words: ReadonlyMap<string, unknown>
}

interface Good<T> {
  test: T
  uses: Uses
  problem?: undefined
}
export type Condition<T> = Good<T> | { test?: undefined; problem: ConditionProblem }

type Seen = Event | Sighting

/** What `scope` looks at. */
type ScopeSeen = Pick<Seen, 'platform' | 'class' | 'course' | 'learner' | 'ip'>

// No word of a scope asks for what is around.
const NOTHING_AROUND = {} as Around

const NONE = new Names([], [])

/** A rule's `scope`: true for the events and sightings that the rule sees. */
export function compileScope(text: string, onFault: OnFault, names: Names = NONE): Condition<(seen: ScopeSeen) => boolean> {
  const found = names.compile(text, scopes)
  if (found.problem) return found
  const facts = factsOf(found)
  return { uses: found, test: (seen) => isMet(evaluate(found.parsed, facts(seen as Seen, NOTHING_AROUND)), onFault) }
}

/** A rule's `unless`: true for the finished warnings that are not to be sent. One that fails is not met: the warning is sent. */
export function compileUnless(text: string, onFault: OnFault, names: Names = NONE): Condition<(warning: Warning) => boolean> {
  const found = names.compile(text, warnings)
  if (found.problem) return found
  const lists = Object.fromEntries(found.lists)
  return { uses: found, test: (w) => isMet(evaluate(found.parsed, { ...warningFacts(w), ...lists }), onFault) }
}

function isMet(verdict: boolean | Failure, onFault: OnFault): boolean {
  if (typeof verdict === 'boolean') return verdict
  onFault(verdict.message)
  return false
}

/** A condition over events or sightings, and what it must know to be met. */
export interface Judged {
  judge: Judge
  clauses: readonly Clause[]
  /** Whose events may meet it. */
  actions: ReturnType<typeof actionsOf>
}

/**
 * A condition in a rule's params. Of what a platform has never sent, and of a place that is not known, nothing can be said:
 * a condition that hangs on it is not judged. What a platform sends now and then is null where it is absent.
 */
export function compileJudge(text: string, vocabulary: Vocabulary, onFault: OnFault, names: Names = NONE): Condition<Judged> {
  const found = names.compile(text, vocabulary)
  if (found.problem) return found
  const facts = factsOf(found)
  const clauses = clausesOf(found.parsed.ast, vocabulary, names.shared(vocabulary))
  const needs = clauses.map((clause) => need(clause, vocabulary))
  const judge: Judge = (seen, around) => {
    for (const { isKnown, reason } of needs) if (!isKnown(seen, around)) return reason
    const verdict = evaluate(found.parsed, facts(seen, around))
    if (typeof verdict === 'boolean') return verdict
    if (verdict.kind === 'unknown') return 'something that a condition reads is not known'
    onFault(verdict.message)
    return false
  }
  return { uses: found, test: { judge, clauses, actions: actionsOf(found.parsed.ast, names.shared(vocabulary)) } }
}

function need(clause: Clause, { words }: Vocabulary): { isKnown: (...args: Parameters<Judge>) => boolean; reason: string } {
  const reads = clause.map((name): ((...args: Parameters<Judge>) => boolean) => {
    const level = name.startsWith('place.') ? name.slice('place.'.length) : undefined
    if (level !== undefined) return (seen) => (seen.place as Record<string, unknown> | undefined)?.[level] !== undefined
    const word = words.get(name) as Word
    return (seen, around) => word.read(seen, around) !== undefined
  })
  const only = reads.length === 1 ? reads[0] : undefined
  return { isKnown: only ?? ((seen, around) => reads.some((isKnown) => isKnown(seen, around))), reason: reasonOf(clause) }
}

function reasonOf(clause: Clause): string {
  const [first = ''] = clause
  if (clause.length === 1 && first.startsWith('place.')) return `\`${first}\` of an address is not known`
  return `no event has told ${clause.map((name) => `\`${name}\``).join(' or ')} so far`
}

/** How well addresses must be located for a clause, if it asks for nothing else. */
export function levelOf(clause: Clause): PlaceLevel | undefined {
  const levels = clause.map((name) => (name.startsWith('place.') ? LEVEL_OF[name.slice('place.'.length)] : undefined))
  return levels.length === 1 ? levels[0] : undefined
}

/** What makes the facts of an expression: only what it reads, directly or by a shared condition's name. */
function factsOf({ words, lists, conditions }: Named): (...args: Parameters<Judge>) => Facts {
  // One object serves every call: evaluation is synchronous and keeps nothing.
  const facts: Facts = {}
  const readers = [...words]
  for (const [name] of readers) facts[name] = undefined
  for (const [name, list] of lists) facts[name] = list
  for (const [name, parsed] of conditions) Object.defineProperty(facts, name, { get: () => parsed(facts) as unknown })
  return (seen, around) => {
    for (const [name, word] of readers) facts[name] = word.read(seen, around)
    return facts
  }
}
