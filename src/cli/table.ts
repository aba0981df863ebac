import { width } from './text.ts'

/** Lines of a table, as wide as its cells. Columns whose place is in `right` end at one margin: by default all but the first. */
export function table(names: readonly string[], rows: readonly (readonly string[])[], right: readonly number[] = names.slice(1).map((_, i) => i + 1)): string[] {
  const all = [names, ...rows]
  const widths = names.map((_, c) => Math.max(...all.map((r) => width(r[c] ?? ''))))
  return all.map((cells) => cells.map((text, c) => {
    const space = ' '.repeat((widths[c] as number) - width(text))
    return right.includes(c) ? `${space}${text}` : `${text}${space}`
  }).join('  ').trimEnd())
}
