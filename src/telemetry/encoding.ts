import { isUtf8 } from 'node:buffer'

/**
 * The encodings that a log may be in, as the Encoding Standard names them; `gbk` and `gb2312` are read as GB18030, which has all of their
 * characters. Others go by the names that the standard gives them, too.
 */
export const ENCODINGS = ['utf-8', 'gb18030', 'gbk', 'gb2312', 'big5', 'utf-16le', 'utf-16be', 'shift_jis', 'euc-jp', 'euc-kr', 'windows-1250', 'windows-1251', 'windows-1252'] as const
export type Encoding = (typeof ENCODINGS)[number]

/** Whether its characters are all of several bytes, so that the bytes of a line break or a quote may stand for something else. */
export function isWide(encoding: Encoding): boolean {
  return encoding === 'utf-16le' || encoding === 'utf-16be'
}

/** Encodings in which ASCII letters, but neither line breaks nor quotes, may be the second byte of a character. */
export function hasAsciiInside(encoding: Encoding): boolean {
  return !isWide(encoding) && encoding !== 'utf-8' && !encoding.startsWith('windows') && !encoding.startsWith('euc')
}

/** Whole bytes as text; undefined where they are not of the encoding. */
export type ReadText = (bytes: Buffer) => string | undefined

const readers = new Map<Encoding, ReadText>()

/** What reads texts of an encoding. */
export function textReader(encoding: Encoding): ReadText {
  let reader = readers.get(encoding)
  if (reader === undefined) readers.set(encoding, (reader = encoding === 'utf-8' ? utf8 : readerOf(encoding)))
  return reader
}

const utf8: ReadText = (bytes) => (isUtf8(bytes) ? bytes.toString('utf8') : undefined)

function readerOf(encoding: Encoding): ReadText {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true })
  return (bytes) => {
    try {
      return decoder.decode(bytes)
    } catch (e) {
      if (e instanceof TypeError) return undefined
      throw e
    }
  }
}
