export { printable } from '../base/printable.ts'

/** Wide characters take two columns of a terminal, combining marks none. */
const WIDE = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u
const NONE = /\p{Mn}|\p{Me}/u

/** How many columns a character takes. */
function columns(char: string): number {
  return WIDE.test(char) ? 2 : NONE.test(char) ? 0 : 1
}

/** How many columns a text takes. */
export function width(text: string): number {
  let n = 0
  for (const c of text) n += columns(c)
  return n
}

/** A text cut to `most` columns, with `…` where something is missing. */
export function clip(text: string, most: number): string {
  if (width(text) <= most) return text
  let n = 0
  let out = ''
  for (const c of text) {
    if ((n += columns(c)) > most - 1) break
    out += c
  }
  return `${out}…`
}

/** A line broken at its spaces to fit into `most` columns; what follows is indented two deeper than its beginning. */
export function wrap(line: string, most: number): string {
  const indent = /^ */.exec(line)?.[0] ?? ''
  const rows: string[] = []
  let row = ''
  for (const word of line.slice(indent.length).split(' ')) {
    if (row !== '' && width(row) + 1 + width(word) > most) {
      rows.push(row)
      row = ''
    }
    row = row === '' ? `${rows.length === 0 ? indent : `${indent}  `}${word}` : `${row} ${word}`
  }
  return [...rows, row].join('\n')
}

/** How wide a terminal is; what is no terminal takes lines of any length. */
export function columnsOf({ isTTY, columns }: { isTTY?: boolean; columns?: number }): number {
  return isTTY === true && columns !== undefined && columns > 0 ? columns : Infinity
}
