/** What may be a number of 16 digits or more: below that every whole number is kept as it is. */
const LONG = /(?:^|[:,[\s])-?\d{16}/
const WHOLE = /^[1-9]\d{15,}$/
const [QUOTE, BACKSLASH, MINUS, ZERO, NINE] = [0x22, 0x5c, 0x2d, 0x30, 0x39]

/**
 * The value of a JSON text. A whole number that `JSON.parse` would round becomes the text of its digits: an identity number or a snowflake id
 * written without quotes stays the one that it is, and two of them stay two. Throws as `JSON.parse` does.
 */
export function parseExactly(text: string): unknown {
  return JSON.parse(LONG.test(text) ? quoted(text) : text)
}

/** The same; undefined where the text is no JSON. */
export function parseIfJson(text: string): unknown {
  try {
    return parseExactly(text)
  } catch (e) {
    if (e instanceof SyntaxError) return undefined
    throw e
  }
}

/** One pass, whatever the text is: it comes from anybody. */
function quoted(text: string): string {
  const parts: string[] = []
  let done = 0
  for (let i = 0; i < text.length; ) {
    const c = text.charCodeAt(i)
    if (c === QUOTE) {
      for (i++; i < text.length && text.charCodeAt(i) !== QUOTE; i++) if (text.charCodeAt(i) === BACKSLASH) i++
      i++
    } else if (c >= ZERO && c <= NINE) {
      const begin = i
      while (i < text.length && isOfNumber(text.charCodeAt(i))) i++
      const digits = text.slice(begin, i)
      if (!WHOLE.test(digits) || Number.isSafeInteger(Number(digits))) continue
      const from = text.charCodeAt(begin - 1) === MINUS ? begin - 1 : begin
      parts.push(text.slice(done, from), '"', text.slice(from, i), '"')
      done = i
    } else i++
  }
  return parts.join('') + text.slice(done)
}

/** Digits, `.`, `e`, `E`, `+`, `-`. */
function isOfNumber(c: number): boolean {
  return (c >= ZERO && c <= NINE) || c === 0x2e || c === 0x65 || c === 0x45 || c === 0x2b || c === MINUS
}
