import { z } from 'zod'
import type { Problem, Where } from '../base/errors.ts'
import { schemaProblems } from '../base/problems.ts'
import { overlay, partOf, valueOf, whereAt, whereInside, whereOf, type MapTree, type Tree } from '../base/tree.ts'
import type { Layer } from './layers.ts'
import { Names } from './names.ts'
import { definitionsSchema } from './schema.ts'
import { events, scopes, sightings, warnings } from './vocabulary.ts'

const KINDS = ['lists', 'conditions'] as const
const RESERVED = ['as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if', 'import', 'in', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while', 'true', 'false', 'null', 'prototype']

/** Whether an item of a rules file names lists or conditions instead of being a rule. */
export function isDefinitions(item: MapTree): boolean {
  return !item.entries.has('rule') && KINDS.some((kind) => item.entries.has(kind))
}

/** The lists and shared conditions up to each directory, those of later directories over those before. */
export function readDefinitions(directories: readonly (readonly Layer[])[], problems: Problem[]): Names[] {
  let under: Tree | undefined
  let names = new Names([], [])
  return directories.map((layers) => {
    if (layers.length === 0) return names
    reportTwice(layers, problems)
    for (const { tree, append } of layers) under = overlay(under, tree, append)
    return (names = namesOf(under as Tree, problems))
  })
}

/** A name may stand once in a directory: which of two would hold, nobody could tell. */
function reportTwice(layers: readonly Layer[], problems: Problem[]): void {
  const before = new Map<string, Where>()
  for (const { tree } of layers) {
    for (const kind of KINDS) {
      const part = partOf(tree, [kind])
      for (const [name, { key }] of part?.kind === 'map' ? part.entries : []) {
        const where = before.get(name)
        if (where) problems.push({ message: `\`${name}\` is already in ${where.file}:${where.line}`, mend: 'rename or merge one', ...whereOf(key) })
        else before.set(name, whereOf(key))
      }
    }
  }
}

function namesOf(tree: Tree, problems: Problem[]): Names {
  const parsed = definitionsSchema.safeParse(valueOf(tree))
  if (!parsed.success) problems.push(...schemaProblems(parsed.error.issues, tree, definitionsSchema))
  const written = valueOf(tree) as Record<string, unknown>
  const lists = good(written.lists, definitionsSchema.shape.lists)
  const conditions = good(written.conditions, definitionsSchema.shape.conditions)
  const isFree = (kind: string, name: string) => {
    const taken = takenBy(name) ?? (kind === 'conditions' && name in lists ? 'the name of a list' : undefined)
    if (taken !== undefined) problems.push({ message: `\`${name}\` is already ${taken}`, mend: 'choose another name', ...whereAt(tree, [kind, name], true) })
    return taken === undefined
  }
  const names = new Names(Object.entries(lists).filter(([name]) => isFree('lists', name)), Object.entries(conditions).filter(([name]) => isFree('conditions', name)))
  for (const name of Object.keys(conditions)) {
    const problem = names.text(name) === undefined ? undefined : names.problemOf(name)
    const part = partOf(tree, ['conditions', name])
    if (problem && part) problems.push({ message: `\`${name}\`: ${problem.message}`, mend: problem.mend, ...whereInside(part, problem.offset) })
  }
  return names
}

/** The entries that are as they should be: the others are told by the schema. */
function good<T>(written: unknown, schema: z.ZodType<Record<string, T>>): Record<string, T> {
  const entries = typeof written === 'object' && written !== null ? Object.entries(written) : []
  return Object.assign({}, ...entries.map(([name, value]) => schema.safeParse({ [name]: value }).data ?? {})) as Record<string, T>
}

function takenBy(name: string): string | undefined {
  if (RESERVED.includes(name)) return 'a word of CEL'
  const of = [events, sightings, scopes, warnings].find(({ env }) => env.hasVariable(name))
  return of && (of === warnings ? 'a member of warnings' : 'a field or a word of conditions')
}
