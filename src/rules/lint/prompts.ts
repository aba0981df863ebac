import { partOf, whereInside } from '../../base/tree.ts'
import type { Notice } from './notice.ts'
import { didYouMean } from '../../base/problems.ts'
import type { Linted } from './subject.ts'

/** What every prompt may name besides the facts. */
const MEMBERS = ['chapters', 'summary']

/** Placeholders that no warning fills, and texts in one language that quote another. */
export function checkPrompts({ tree, input, rule }: Linted): Notice[] {
  const facts = Object.keys(rule.detector.facts ?? {})
  return Object.entries(input.prompt ?? {}).flatMap(([language, text]) => {
    const part = partOf(tree, ['prompt', language])
    if (!part) return []
    return [...text.matchAll(/\{([^{}]*)\}|[{}]/g)].flatMap((m): Notice[] => {
      const where = whereInside(part, m.index)
      const name = m[1]
      if (name === undefined) return [{ kind: 'unknown-fact', message: `\`${m[0]}\` without its other half`, mend: 'write placeholders like `{chapters}`', ...where }]
      if (name === 'summary' && language !== 'en' && !language.startsWith('en-')) {
        return [{ kind: 'unknown-fact', message: `\`{summary}\` is an English sentence, and this prompt is \`${language}\``, mend: 'say it in words of its own', ...where }]
      }
      const known = [...MEMBERS, ...facts]
      if (facts.length === 0 || known.includes(name)) return []
      const mend = didYouMean(name, known) ?? `one of ${known.map((k) => `\`${k}\``).join(', ')}`
      return [{ kind: 'unknown-fact', message: `no warning fills \`{${name}}\``, mend, ...where }]
    })
  })
}
