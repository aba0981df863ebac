import { isMap, isPair, isScalar, isSeq, parseDocument, visit, type Pair, type Scalar } from 'yaml'

/** Something in a YAML text that can be spoilt: where it stands, and the keys that lead to it. */
export interface Part {
  /** Keys from the top; list items are left out. */
  path: readonly string[]
  start: number
  end: number
  kind: 'key' | 'text' | 'number' | 'boolean' | 'list' | 'map'
  /** Of a scalar, its value. */
  value: unknown
  /** Block scalars are spoilt line by line. */
  isBlock: boolean
}

/** Every key and every value of a text, in order. */
export function partsOf(text: string): Part[] {
  const parts: Part[] = []
  visit(parseDocument(text), {
    Node(role, node, ancestors) {
      const path = ancestors.flatMap((a) => (isPair(a) && isScalar(a.key) ? [String(a.key.value)] : []))
      const { range } = node
      if (!range) return
      const [start, end] = range
      if (role === 'key') parts.push({ path: [...path.slice(0, -1), keyOf(ancestors.at(-1) as Pair)], start, end, kind: 'key', value: (node as Scalar).value, isBlock: false })
      else if (isSeq(node) || isMap(node)) parts.push({ path, start, end, kind: isSeq(node) ? 'list' : 'map', value: undefined, isBlock: node.flow !== true })
      else if (isScalar(node)) parts.push({ path, start, end, kind: kindOf(node.value), value: node.value, isBlock: node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED' })
    },
  })
  return parts
}

function keyOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : ''
}

function kindOf(value: unknown): Part['kind'] {
  return typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'text'
}

/** The line, counted from 1, that a character stands in. */
export function lineOf(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}
