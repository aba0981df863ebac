import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { detectors } from '../../detectors/index.ts'
import type { RuleSource } from '../../rules/load.ts'
import { RULES } from '../root.ts'
import { mutantsOf, type Mutant } from './operators.ts'

/** A piece of the shipped bundle that is spoilt: a rule, or a regulation. */
export interface Piece {
  name: string
  mutants: Mutant[]
  /** Puts a spoilt text among the files that it stands with. */
  sources: (text: string) => RuleSource[]
}

const read = (...path: string[]) => readFileSync(join(RULES, ...path), 'utf8')

/**
 * The shipped bundle in pieces, and the examples of detectors that it does not use. A rule is loaded with the one that follows it alone, at its own lines: what is wrong with one is told
 * as in the whole file, and thousands are loaded in a minute.
 */
export function shippedPieces(): Piece[] {
  const regulations = readdirSync(join(RULES, 'regulations')).map((name) => ({ path: `rules/regulations/${name}`, text: read('regulations', name) }))
  const rules = readdirSync(RULES).filter((name) => name.endsWith('.yaml')).sort().flatMap((name) => rulesOf(name, regulations))
  const [first] = rules as [Piece]
  const rule = first.sources('')[0]?.files[0]?.text ?? ''
  const examples = detectors.flatMap(({ name, example }): Piece[] => {
    if (example === undefined) return []
    return [{ name: `the example of ${name}`, mutants: mutantsOf(example), sources: (text) => [{ dir: name, files: [{ path: `${name}.yaml`, text }] }] }]
  })
  return [...rules, ...examples, ...regulations.map((r): Piece => ({
    name: r.path, mutants: mutantsOf(r.text),
    sources: (text) => [{ dir: 'rules', files: [{ path: 'rules/a.yaml', text: rule }, ...regulations.map((o) => (o.path === r.path ? { ...o, text } : o))] }],
  }))]
}

function rulesOf(name: string, regulations: { path: string; text: string }[]): Piece[] {
  const lines = read(name).split('\n')
  const starts = lines.flatMap((l, i) => (l.startsWith('- rule:') ? [i] : []))
  const text = (from: number, to: number | undefined) => lines.slice(from, to).join('\n')
  return starts.map((start, n) => {
    const [end, afterNext] = [starts[n + 1], starts[n + 2]]
    const own = '\n'.repeat(start) + text(start, end)
    const next = end === undefined ? '' : text(end, afterNext)
    return {
      name: /^- rule: (\S+)/.exec(lines[start] as string)?.[1] ?? '', mutants: mutantsOf(own),
      sources: (spoilt) => [{ dir: 'rules', files: [{ path: `rules/${name}`, text: `${spoilt === '' ? own : spoilt}\n${next}` }, ...regulations] }],
    }
  })
}
