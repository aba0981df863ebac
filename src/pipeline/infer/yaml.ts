import { printable } from '../../base/printable.ts'

const PLAIN = /^[\p{L}_][\p{L}\p{N}_.-]*$/u
/** Words that YAML of one version or another reads as something else than text. */
const WORDS = new Set(['true', 'false', 'yes', 'no', 'on', 'off', 'null', 'y', 'n', 'nan', 'inf'])

/** A text as YAML: bare where nothing can be mistaken, else in double quotes. */
export function scalar(text: string): string {
  return PLAIN.test(text) && !WORDS.has(text.toLowerCase()) ? text : printable(JSON.stringify(text))
}

/** A list in brackets, broken into lines. `indent` is that of its key. */
export function flow(items: readonly string[], indent: number, most = 100): string {
  const rows: string[] = []
  let row = ''
  for (const [i, item] of items.entries()) {
    const text = `${scalar(item)}${i < items.length - 1 ? ',' : ''}`
    if (row !== '' && indent + row.length + text.length + 3 > most) {
      rows.push(row)
      row = text
    } else row = row === '' ? text : `${row} ${text}`
  }
  rows.push(row)
  if (rows.length === 1) return `[${row}]`
  const pad = ' '.repeat(indent + 2)
  return `[\n${rows.map((r) => `${pad}${r}\n`).join('')}${' '.repeat(indent)}]`
}

/** Lines that say nothing until somebody takes the sign away. */
export function commentedOut(lines: readonly string[]): string[] {
  return lines.flatMap((line) => line.split('\n')).map((line) => line.replace(/^( *)([^ #])/, '$1# $2'))
}
