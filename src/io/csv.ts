/** What a CSV file for spreadsheets begins with: without it Excel takes UTF-8 for the system's own encoding. */
export const CSV_BEGIN = '\ufeff'

export type CsvCell = string | number | boolean | undefined

// Excel takes the wide forms for the narrow ones under Chinese and Japanese settings.
const FORMULA = /^\s*[=+\-@|\t\r\n\uff1d\uff0b\uff0d\uff20]/
/** A text that begins so is marked too, so that one apostrophe less is always the text. */
const MARKED = /^'/
/** Ids that would lose digits, or turn into another number or a day: `530102199001011234`, `007`, `1e5`, `1-2`, `3/4`. */
const MANGLED = /^(?:0\d+|\d{16,}|\d+(?:\.\d+)?[eE]\d+|\d{1,2}[-/]\d{1,4}(?:[-/]\d{1,4})?|\d{4}[-/]\d{1,2})$/
const QUOTED = /[",;\r\n\t]|^\s|\s$/

/**
 * One line of a CSV file that opens in a spreadsheet, with its line break (RFC 4180). A text that a spreadsheet would take for a
 * formula, or for a number or day that is not the text, begins with an apostrophe. Absent cells and numbers that are none are empty.
 */
export function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(written).join(',')}\r\n`
}

/** A text as it was before `csvLine` marked it, if it did. */
export function unmarked(text: string): string {
  const rest = text.slice(1)
  return text.startsWith("'") && needsMark(rest) ? rest : text
}

function needsMark(text: string): boolean {
  return FORMULA.test(text) || MARKED.test(text) || MANGLED.test(text)
}

function written(cell: CsvCell): string {
  if (cell === undefined) return ''
  if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : ''
  if (typeof cell === 'boolean') return String(cell)
  const text = needsMark(cell) ? `'${cell}` : cell
  return QUOTED.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
