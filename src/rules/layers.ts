import type { Problem, Where } from '../base/errors.ts'
import { didYouMean, schemaProblems } from '../base/problems.ts'
import { isDefinitions } from './definitions.ts'
import { overrideSchema } from './schema.ts'
import { parseTree, partOf, valueOf, whereAt, whereOf, type MapTree, type Tree } from '../base/tree.ts'

/** What one directory says of a rule, or of lists and conditions. */
export interface Layer {
  tree: Tree
  /** Which directory, counted from the lowest. */
  directory: number
  /** Dotted paths of the lists that are added to those below instead of replacing them. */
  append: ReadonlySet<string>
}

interface File {
  path: string
  text: string
}

/** What rules directories hold. */
export interface Layers {
  /** The layers of each rule, the lowest first. A rule may stand once in a directory. */
  rules: Map<string, Layer[]>
  /** By directory: its lists and conditions. */
  definitions: Layer[][]
}

export function readLayers(directories: readonly (readonly File[])[], problems: Problem[]): Layers {
  const layers = new Map<string, Layer[]>()
  const definitions: Layer[][] = directories.map(() => [])
  let broken = false
  for (const [directory, files] of directories.entries()) {
    const here = new Map<string, Where>()
    for (const file of files) {
      const items = readItems(file, problems)
      if (items === undefined) broken = true
      for (const item of items ?? []) {
        if (isDefinitions(item)) {
          definitions[directory]?.push(readLayer(item, directory, definitions.slice(0, directory).some((d) => d.length > 0), problems))
          continue
        }
        const id = idOf(item, problems)
        if (id === undefined) continue
        const before = here.get(id)
        if (before) {
          problems.push({ message: `rule \`${id}\` is already in ${before.file}:${before.line}`, mend: 'rename or merge one', ...whereAt(item, ['rule']) })
          continue
        }
        here.set(id, whereOf(item))
        const stack = layers.get(id)
        const layer = readLayer(item, directory, stack !== undefined, problems)
        if (stack) stack.push(layer)
        else if (isChange(item) && directory > 0) reportUnknown(id, item, layers, broken, problems)
        else if (isOnlyChange(item)) problems.push(nothingToChange(id, item))
        else layers.set(id, [layer])
      }
    }
  }
  return { rules: layers, definitions }
}

/** The rules of a file; undefined where it cannot be read. */
function readItems({ path, text }: File, problems: Problem[]): MapTree[] | undefined {
  const before = problems.length
  const { tree, problems: found } = parseTree(path, text)
  problems.push(...found)
  // A file of comments alone holds no rules.
  if (!tree) return problems.length > before ? undefined : []
  if (tree.kind !== 'list') {
    problems.push({ message: 'a rules file is a list', mend: 'begin each rule with `- rule: name`', ...whereOf(tree) })
    return undefined
  }
  return tree.items.filter((item): item is MapTree => {
    if (item.kind !== 'map') problems.push({ message: 'not a rule', mend: 'begin each rule with `- rule: name`', ...whereOf(item) })
    return item.kind === 'map'
  })
}

function idOf(item: MapTree, problems: Problem[]): string | undefined {
  const part = partOf(item, ['rule'])
  if (part?.kind === 'scalar' && typeof part.value === 'string') return part.value
  if (part) problems.push({ message: '`rule` must be a name', mend: 'write it like `parallel-chapters`', ...whereOf(part) })
  else problems.push({ message: '`rule` is missing', mend: didYouMean('rule', item.entries.keys()) ?? 'begin each item with `- rule: name`, `- lists:` or `- conditions:`', ...whereOf(item) })
  return undefined
}

/** Takes `override` off the item: it speaks of the merge and is no part of the rule. */
function readLayer(item: MapTree, directory: number, over: boolean, problems: Problem[]): Layer {
  const written = partOf(item, ['override'])
  if (!written) return { tree: item, directory, append: new Set() }
  const entries = new Map(item.entries)
  entries.delete('override')
  const tree: MapTree = { ...item, entries }
  const parsed = overrideSchema.safeParse(valueOf(written))
  if (!parsed.success) {
    problems.push(...schemaProblems(parsed.error.issues, written, overrideSchema, 'override'))
    return { tree, directory, append: new Set() }
  }
  if (!over) problems.push({ message: '`override` has nothing below to override', ...whereAt(item, ['override'], true) })
  for (const path of Object.keys(parsed.data)) {
    if (partOf(tree, path.split('.'))?.kind === 'list') continue
    const lists = [...entries].filter(([, { value }]) => value.kind === 'list').map(([k]) => k)
    problems.push({ message: `\`override\` names \`${path}\`, which is no list here`, mend: didYouMean(path, lists), ...whereAt(written, [path], true) })
  }
  return { tree, directory, append: new Set(Object.keys(parsed.data).filter((k) => parsed.data[k] === 'append')) }
}

/** Whether an item makes sense only over another: a rule of its own names its detector. */
function isChange(item: MapTree): boolean {
  return partOf(item, ['detector']) === undefined
}

/** Whether an item of the lowest directory was meant for a higher one: no detector and no title, not even a misspelt one. */
function isOnlyChange(item: MapTree): boolean {
  const has = (key: string) => partOf(item, [key]) !== undefined || didYouMean(key, item.entries.keys()) !== undefined
  return !has('detector') && !has('title')
}

function nothingToChange(id: string, item: MapTree): Problem {
  return {
    message: `\`${id}\` changes a rule, and there is none below it`,
    mend: 'name the directory with that rule first, such as `--rules shipped`; a rule of its own needs a `title` and a `detector`',
    ...whereAt(item, ['rule']),
  }
}

function reportUnknown(id: string, item: MapTree, layers: ReadonlyMap<string, Layer[]>, broken: boolean, problems: Problem[]): void {
  // The rule may be in a file that could not be read.
  if (broken) return
  const mend = didYouMean(id, layers.keys()) ?? 'a rule of its own needs a `detector`'
  problems.push({ message: `no rule \`${id}\` in the directories before this one`, mend, ...whereAt(item, ['rule']) })
}
