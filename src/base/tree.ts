import { LineCounter, isAlias, isMap, isScalar, isSeq, parseAllDocuments, type Document, type Node } from 'yaml'
import type { Problem, Where } from './errors.ts'

/** A text with a name, and the line and column of each of its characters. */
export interface Source {
  path: string
  text: string
  where(offset: number): Where
}

interface Spot {
  source: Source
  /** Character offsets in the source's text. */
  start: number
  end: number
}
export interface ScalarTree extends Spot {
  kind: 'scalar'
  value: unknown
}
export interface ListTree extends Spot {
  kind: 'list'
  items: Tree[]
}
export interface MapTree extends Spot {
  kind: 'map'
  entries: Map<string, { key: Spot; value: Tree }>
}
/** A YAML value that remembers where each of its parts was written, even after files were laid over each other. */
export type Tree = ScalarTree | ListTree | MapTree

// A rule nests 8 deep; the limits keep a file of aliases to aliases from growing without end.
const DEEPEST = 40
const MOST_ALIASES = 100

/** Parses one YAML document. `tree` is undefined where the text is empty or too broken to be looked at. */
export function parseTree(path: string, written: string): { tree: Tree | undefined; problems: Problem[] } {
  // Some editors mark a file as UTF-8 so.
  const text = written.replace(/^\uFEFF/, '')
  const lines = new LineCounter()
  const where = (offset: number): Where => {
    const { line, col } = lines.linePos(offset)
    return { file: path, line, column: col }
  }
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })
  if (!Array.isArray(documents) || documents.length === 0) return { tree: undefined, problems: [] }
  const problems: Problem[] = []
  const faults = documents.flatMap((d) => [...d.errors, ...d.warnings])
  // A repeated key leaves the rest readable; after another error the parser only guesses, so the first one is told.
  const fatal = documents.flatMap((d) => d.errors).find((e) => e.code !== 'DUPLICATE_KEY')
  for (const e of faults) {
    if (e === fatal || e.code === 'DUPLICATE_KEY' || e.name === 'YAMLWarning') problems.push({ message: /call stack/.test(e.message) ? 'this is nested too deep' : `yaml: ${lowerFirst(e.message)}`, ...where(placeOf(e, text)) })
  }
  const [document, second] = documents
  if (second) problems.push({ message: 'a second YAML document in one file', mend: 'keep one document, without `---` between', ...where(second.range[0]) })
  if (fatal || !document?.contents) return { tree: undefined, problems }
  const converter = new Converter({ path, text, where }, document, problems)
  return { tree: converter.convert(document.contents, 0), problems }
}

/** What is not closed is missing where the text before ends, not where the parser gave up. */
function placeOf({ message, pos: [pos] }: { message: string; pos: [number, number] }, text: string): number {
  return /must be sufficiently indented and end with a/.test(message) ? Math.max(0, text.slice(0, pos).trimEnd().length - 1) : pos
}

class Converter {
  private aliases = 0
  private readonly source: Source
  private readonly document: Document
  private readonly problems: Problem[]

  constructor(source: Source, document: Document, problems: Problem[]) {
    this.source = source
    this.document = document
    this.problems = problems
  }

  convert(node: Node | null | undefined, depth: number, fallback = 0): Tree {
    const spot = { source: this.source, start: node?.range?.[0] ?? fallback, end: node?.range?.[1] ?? fallback }
    if (depth > DEEPEST) return this.refuse(spot, 'nested too deep')
    if (isAlias(node)) {
      const target = ++this.aliases > MOST_ALIASES ? undefined : node.resolve(this.document)
      return target ? this.convert(target, depth + 1) : this.refuse(spot, this.aliases > MOST_ALIASES ? 'too many aliases' : `unknown alias \`${node.source}\``)
    }
    if (isSeq(node)) return { ...spot, kind: 'list', items: node.items.map((item) => this.convert(item as Node, depth + 1, spot.start)) }
    if (!isMap(node)) return { ...spot, kind: 'scalar', value: isScalar(node) ? node.value : null }
    const entries: MapTree['entries'] = new Map()
    for (const pair of node.items) {
      const key = pair.key as Node
      const at = { source: this.source, start: key.range?.[0] ?? spot.start, end: key.range?.[1] ?? spot.start }
      if (!isScalar(key)) this.refuse(at, 'a key must be plain text')
      else entries.set(keyText(key.value), { key: at, value: this.convert(pair.value as Node | null, depth + 1, at.start) })
    }
    return { ...spot, kind: 'map', entries }
  }

  private refuse(spot: Spot, message: string): ScalarTree {
    this.problems.push({ message, ...whereOf(spot) })
    return { ...spot, kind: 'scalar', value: null }
  }
}

function keyText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

/** Where a tree or a key of it was written. */
export function whereOf(spot: Spot): Where {
  return spot.source.where(spot.start)
}

/** The place of a character inside a text value; of the whole value where the text was folded or escaped. */
export function whereInside(tree: Tree, offset: number): Where {
  const { source, start, end } = tree
  const value = tree.kind === 'scalar' ? tree.value : undefined
  if (typeof value !== 'string') return whereOf(tree)
  const written = source.text.slice(start, end)
  const verbatim = written.startsWith('|') ? -1 : written.indexOf(value)
  if (verbatim >= 0) return source.where(start + verbatim + offset)
  if (!written.startsWith('|')) return whereOf(tree)
  const line = value.slice(0, offset).split('\n').length - 1
  const lineStart = value.lastIndexOf('\n', offset - 1) + 1
  const valueLine = (value.slice(lineStart).split('\n', 1)[0] as string).trimEnd()
  const writtenLines = written.split('\n')
  const before = writtenLines.slice(0, line + 1).reduce((n, l) => n + l.length + 1, 0)
  const indent = Math.max(0, (writtenLines[line + 1] ?? '').trimEnd().length - valueLine.length)
  return source.where(Math.min(start + before + indent + (offset - lineStart), source.text.length))
}

/** The plain value of a tree. */
export function valueOf(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value
  if (tree.kind === 'list') return tree.items.map(valueOf)
  return Object.fromEntries([...tree.entries].map(([k, { value }]) => [k, valueOf(value)]))
}

/** The part of a tree at `path`; undefined where there is none. */
export function partOf(tree: Tree | undefined, path: readonly PropertyKey[]): Tree | undefined {
  let at = tree
  for (const step of path) at = at?.kind === 'map' ? at.entries.get(String(step))?.value : at?.kind === 'list' ? at.items[Number(step)] : undefined
  return at
}

/** Where `path` was written: its key if it ends in one, else the closest part around it. */
export function whereAt(tree: Tree, path: readonly PropertyKey[], atKey = false): Where {
  for (let n = path.length; n > 0; n--) {
    const around = partOf(tree, path.slice(0, n - 1))
    const key = around?.kind === 'map' ? around.entries.get(String(path[n - 1])) : undefined
    if (key) return whereOf(atKey || n < path.length ? key.key : key.value)
    if (around?.kind === 'list' && around.items[Number(path[n - 1])]) return whereOf(around.items[Number(path[n - 1])] as Tree)
  }
  return whereOf(tree)
}

/**
 * Lays `over` over `under`: maps merge, everything else replaces; a key set to null (nothing) is taken away; a list whose dotted
 * path is in `append` is added at the end.
 */
export function overlay(under: Tree | undefined, over: Tree, append: ReadonlySet<string>, path = ''): Tree {
  if (over.kind === 'list' && under?.kind === 'list' && append.has(path)) return { ...under, items: [...under.items, ...over.items] }
  if (over.kind !== 'map') return over
  const entries: MapTree['entries'] = new Map(under?.kind === 'map' ? under.entries : undefined)
  for (const [name, { key, value }] of over.entries) {
    if (value.kind === 'scalar' && value.value === null) entries.delete(name)
    else entries.set(name, { key, value: overlay(entries.get(name)?.value, value, append, path ? `${path}.${name}` : name) })
  }
  return { ...(under?.kind === 'map' ? under : over), entries }
}
