/**
 * The fields of one row of CSV (RFC 4180), without its line break; undefined where a quote is not closed or something stands behind a closed one.
 * A quote within a field that does not begin with one is a character like any other.
 */
export function splitRow(row: string, delimiter: string): string[] | undefined {
  if (!row.includes('"')) return row.split(delimiter)
  const fields: string[] = []
  let at = 0
  for (;;) {
    if (row[at] !== '"') {
      const end = row.indexOf(delimiter, at)
      fields.push(end < 0 ? row.slice(at) : row.slice(at, end))
      if (end < 0) return fields
      at = end + 1
      continue
    }
    let field = ''
    for (;;) {
      const end = row.indexOf('"', at + 1)
      if (end < 0) return undefined
      field += row.slice(at + 1, end)
      at = end + 1
      if (row[at] !== '"') break
      field += '"'
    }
    fields.push(field)
    if (at >= row.length) return fields
    if (row[at] !== delimiter) return undefined
    at++
  }
}
