import type { Environment } from '@marcbachmann/cel-js'
import { parse, walk, type ConditionProblem, type Parsed } from './cel.ts'
import { literalProblem, namesIn, type Shared } from './reading.ts'
import { events, scopes, sightings, type Vocabulary, type Word } from './vocabulary.ts'

/** An expression, with all that it names itself or by way of shared conditions. */
export interface Named {
  parsed: Parsed
  words: Map<string, Word>
  lists: Map<string, ReadonlyMap<string, true>>
  conditions: Map<string, Parsed>
  problem?: undefined
}
type Compiled = Named | { problem: ConditionProblem & { isCycle?: boolean } }

/** What the names stand for in one vocabulary. */
interface Place {
  env: Environment
  conditions: Map<string, Compiled | 'open'>
}

/** The lists and shared conditions of a bundle. */
export class Names {
  private readonly lists: ReadonlyMap<string, ReadonlyMap<string, true>>
  private readonly texts: ReadonlyMap<string, string>
  private readonly places = new Map<Vocabulary, Place>()
  /** Conditions that are no good anywhere, which has been told: what uses them is not blamed. */
  private readonly broken = new Set<string>()

  constructor(lists: Iterable<readonly [string, readonly string[]]>, conditions: Iterable<readonly [string, string]>) {
    // As a map, since the library looks into a list from end to end.
    this.lists = new Map([...lists].map(([name, items]) => [name, new Map(items.map((item) => [item, true]))]))
    this.texts = new Map(conditions)
  }

  /** What is wrong with a shared condition, whatever it is used for. */
  problemOf(name: string): ConditionProblem | undefined {
    const found = [events, sightings, scopes].map((v) => this.condition(name, v))
    if (found.some((f) => f.problem === undefined)) return undefined
    this.broken.add(name)
    return found[0]?.problem
  }

  /** Reads an expression that may name lists and conditions. */
  compile(text: string, vocabulary: Vocabulary): Compiled {
    const { parsed, problem } = parse(this.place(vocabulary).env, text)
    if (!parsed) return { problem }
    const slip = literalProblem(parsed.ast, vocabulary)
    if (slip) return { problem: slip }
    const named: Named = { parsed, words: new Map(), lists: new Map(), conditions: new Map() }
    for (const name of namesIn(parsed.ast)) {
      const list = this.lists.get(name)
      const word = vocabulary.words.get(name)
      if (list !== undefined) named.lists.set(name, list)
      else if (word !== undefined) named.words.set(name, word)
      else if (this.texts.has(name) && !this.broken.has(name)) {
        const inner = this.condition(name, vocabulary)
        if (inner.problem) return { problem: unusable(name, inner.problem, vocabulary, offsetOf(name, parsed)) }
        add(named, name, inner)
      }
    }
    return named
  }

  /** For what looks into the names of an expression that compiles. */
  shared(vocabulary: Vocabulary): Shared {
    return {
      condition: (name) => {
        const found = this.texts.has(name) ? this.condition(name, vocabulary) : undefined
        return found?.problem === undefined ? found?.parsed.ast : undefined
      },
      list: (name) => this.list(name),
    }
  }

  /** The items of a list, each once and in order of the alphabet. */
  list(name: string): string[] | undefined {
    const items = this.lists.get(name)
    return items && [...items.keys()].sort()
  }

  listNames(): string[] {
    return [...this.lists.keys()].sort()
  }

  conditionNames(): string[] {
    return [...this.texts.keys()].sort()
  }

  /** How a shared condition is written. */
  text(name: string): string | undefined {
    return this.texts.get(name)
  }

  private condition(name: string, vocabulary: Vocabulary): Compiled {
    const { conditions } = this.place(vocabulary)
    const known = conditions.get(name)
    if (known === 'open') return { problem: { message: `\`${name}\` comes back to itself`, offset: 0, isCycle: true } }
    if (known !== undefined) return known
    conditions.set(name, 'open')
    const found = this.compile(this.texts.get(name) as string, vocabulary)
    conditions.set(name, found)
    return found
  }

  private place(vocabulary: Vocabulary): Place {
    let place = this.places.get(vocabulary)
    if (place === undefined) {
      const env = vocabulary.env.clone()
      for (const name of this.lists.keys()) env.registerVariable(name, 'map<string, bool>')
      // A warning is no event: conditions about events have no place in `unless`.
      if (vocabulary.words.size > 0) for (const name of this.texts.keys()) env.registerVariable(name, 'bool')
      this.places.set(vocabulary, (place = { env, conditions: new Map() }))
    }
    return place
  }
}

function unusable(name: string, { message, isCycle }: ConditionProblem & { isCycle?: boolean }, { about }: Vocabulary, offset: number): ConditionProblem & { isCycle?: boolean } {
  return isCycle ? { message, isCycle, offset } : { message: `\`${name}\` cannot be used in ${about}: ${message}`, offset }
}

function add(named: Named, name: string, inner: Named): void {
  named.conditions.set(name, inner.parsed)
  for (const [k, v] of inner.words) named.words.set(k, v)
  for (const [k, v] of inner.lists) named.lists.set(k, v)
  for (const [k, v] of inner.conditions) named.conditions.set(k, v)
}

function offsetOf(name: string, { ast }: Parsed): number {
  let offset = 0
  walk(ast, (node) => {
    if (node.op === 'id' && node.args === name) offset = node.start
  })
  return offset
}
