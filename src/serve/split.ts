import { Refusal } from './refusal.ts'

const [TAB, LINE_FEED, RETURN, SPACE, QUOTE, COMMA, OPEN, BACKSLASH, CLOSE, BRACE, UNBRACE] = [0x09, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d]

/** Where a record stands in a body: from `start` up to `end`. */
export interface Range {
  start: number
  end: number
}

/** The lines of a body, without their line breaks; blank ones are left out. `line` counts from 1. */
export function* linesOf(body: Buffer): Generator<Range & { line: number }> {
  let line = 0
  for (let start = bomOf(body); start < body.length; ) {
    const found = body.indexOf(LINE_FEED, start)
    const stop = found < 0 ? body.length : found
    const end = stop > start && body[stop - 1] === RETURN ? stop - 1 : stop
    line++
    if (!isBlank(body, start, end)) yield { start, end, line }
    start = stop + 1
  }
}

/**
 * The members of a list in JSON, or the one value that a body is. Each keeps its own bytes, but for line breaks between its parts,
 * which become spaces in `body`, since a record is a line. What a member is, its decoder judges; throws a refusal where the list itself is broken.
 */
export function* membersOf(body: Buffer): Generator<Range> {
  const first = skipSpace(body, bomOf(body))
  if (first === body.length) return
  if (body[first] !== OPEN) {
    const end = endOfMember(body, first, false)
    if (skipSpace(body, end) !== body.length) throw broken(`at byte ${end} there is something behind the value; send several as a list, or a line each with \`Content-Type: application/x-ndjson\``)
    yield { start: first, end: trimmed(body, first, end) }
    return
  }
  let at = skipSpace(body, first + 1)
  if (body[at] === CLOSE) at++
  else {
    for (;;) {
      const end = endOfMember(body, at, true)
      const stop = trimmed(body, at, end)
      if (stop === at) throw broken(`at byte ${at} a member of the list is missing`)
      yield { start: at, end: stop }
      if (end >= body.length) throw broken('the list does not end; it may have been cut short')
      at = skipSpace(body, end + 1)
      if (body[end] === CLOSE) break
    }
  }
  if (skipSpace(body, at) !== body.length) throw broken(`at byte ${at} there is something behind the end of the list`)
}

function broken(why: string): Refusal {
  return new Refusal(400, 'bad-list', `the body is no list in JSON: ${why}`)
}

/** Up to where a value reaches that begins at `at`: the comma or bracket behind it in a list, or the end of its own brackets. */
function endOfMember(body: Buffer, at: number, inList: boolean): number {
  let depth = 0
  let quoted = false
  for (let i = at; i < body.length; i++) {
    const c = body[i]
    if (quoted) {
      if (c === BACKSLASH) i++
      else if (c === QUOTE) quoted = false
    } else if (c === QUOTE) quoted = true
    else if (c === OPEN || c === BRACE) depth++
    else if (depth === 0 && inList && (c === COMMA || c === CLOSE)) return i
    else if (c === CLOSE || c === UNBRACE) {
      depth--
      if (depth === 0 && !inList) return i + 1
    } else if (c === LINE_FEED || c === RETURN) body[i] = SPACE
  }
  return body.length
}

function bomOf(body: Buffer): number {
  return body.length >= 3 && body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0
}

function skipSpace(body: Buffer, from: number): number {
  let at = from
  while (at < body.length && isSpace(body[at])) at++
  return at
}

function trimmed(body: Buffer, start: number, end: number): number {
  let stop = end
  while (stop > start && isSpace(body[stop - 1])) stop--
  return stop
}

function isBlank(body: Buffer, start: number, end: number): boolean {
  return trimmed(body, start, end) === start
}

function isSpace(c: number | undefined): boolean {
  return c === SPACE || c === LINE_FEED || c === RETURN || c === TAB
}
