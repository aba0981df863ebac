const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu

/** Text from a log or file as it may be shown: what would steer a terminal or hide is escaped as in JSON. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (c) => [...Array(c.length).keys()].map((i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''))
}
