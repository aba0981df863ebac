/** What the adapters share: reading of values that may be anything, and of the ids that Open edX writes in several ways. */

export type Json = Readonly<Record<string, unknown>>
const NOTHING: Json = {}

/** An object; of anything else an empty one. */
export function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : NOTHING
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]
}

/** A text; of anything else nothing, since an object may hide what it would be turned into one by. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** The first that is there: neither null nor an empty text. */
export function some(...values: readonly unknown[]): unknown {
  for (const value of values) if (value !== undefined && value !== null && value !== '') return value
  return undefined
}

/** The first of the keys that says something. */
export function first(from: Json, keys: readonly string[]): unknown {
  for (const key of keys) {
    const value = from[key]
    if (value !== undefined && value !== null && value !== '') return value
  }
  return undefined
}

/** A person's or a session's id: numbers become texts, what is empty is absent; what is neither stays, for the check to refuse. */
export function identity(value: unknown): unknown {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  return some(value)
}

/** Of an IRI what follows its last slash or hash. */
export function lastSegment(iri: string): string {
  return iri.slice(Math.max(iri.lastIndexOf('/'), iri.lastIndexOf('#')) + 1)
}

const hosts = new Map<string, string | undefined>()
const MOST_HOSTS = 1000

/** The host, with its port, of a URL; undefined if it is none or has none. */
export function hostOf(url: unknown): string | undefined {
  if (typeof url !== 'string') return undefined
  // Learners share a host: what follows it is cut off, so that few texts are remembered.
  const root = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+/i.exec(url)?.[0]
  if (root === undefined) return undefined
  let host = hosts.get(root)
  if (host === undefined) {
    host = URL.canParse(root) ? new URL(root).host || undefined : undefined
    if (hosts.size >= MOST_HOSTS) hosts.clear()
    hosts.set(root, host)
  }
  return host
}

/**
 * Seconds as a number, as a number in quotes or as an ISO 8601 duration, to the millisecond; undefined for nothing. What is
 * none of them stays, for the check to refuse.
 */
export function seconds(value: unknown): unknown {
  if (typeof value === 'number') return toMs(value)
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string' || value.length > 64) return value
  if (/^-?\d+(?:\.\d+)?$/.test(value)) return toMs(Number(value))
  return durationSeconds(value) ?? value
}

const DURATION = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?$/

/** Seconds of an ISO 8601 duration without years and months, which have no fixed length; undefined if it is none. */
export function durationSeconds(value: string): number | undefined {
  const parts = DURATION.exec(value)
  if (!parts || value === 'P') return undefined
  const [weeks, days, hours, minutes, rest] = parts.slice(1).map((p) => Number(p?.replace(',', '.') ?? 0)) as [number, number, number, number, number]
  return toMs(weeks * 604_800 + days * 86_400 + hours * 3600 + minutes * 60 + rest)
}

// Platforms write the same position with 3 to 15 decimals; times have milliseconds.
function toMs(value: number): number {
  return Math.round(value * 1000) / 1000
}

/** `1.25x`, `1.25` or a number; undefined if it is no speed. */
export function speed(value: unknown): number | undefined {
  const rate = typeof value === 'number' ? value : typeof value === 'string' && /^\d+(?:\.\d+)?x?$/i.test(value) ? Number.parseFloat(value) : 0
  return rate > 0 && Number.isFinite(rate) ? rate : undefined
}

/** A player that does not know the length yet says 0. */
export function lengthOf(value: unknown): unknown {
  return seconds(value) || undefined
}

const BLOCK = /(?:[+/]block@|i4x[:-].*[-/](?:video[a-z]*|problem)[-/])([^/?#@]+)(?:[/?#].*)?$/

/**
 * One video, and one problem, is written as a block's whole URL, as its usage key or as its bare id; and a UUID with or
 * without a scheme.
 */
export function blockId(id: unknown): unknown {
  if (typeof id !== 'string') return some(id)
  const block = BLOCK.exec(id)
  return block ? block[1] : id.replace(/^(?:uuid:\/\/|urn:uuid:)/i, '') || undefined
}

/** The course's own key where an IRI has one of Open edX in it; else the IRI. */
export function courseKey(id: unknown): unknown {
  if (typeof id !== 'string') return some(id)
  const key = /\/courses?\/((?:course|ccx)-v1(?::|%3A)[^/?#]+)/i.exec(id)?.[1]
  return key === undefined ? id || undefined : unescaped(key)
}

/** The course in the address of one of Open edX's pages. */
export function courseOfPage(page: unknown): string | undefined {
  const key = /\/courses\/((?:course|ccx)-v1(?::|%3A)[^/?#]+|[^/?#:]+\/[^/?#]+\/[^/?#]+)(?:[/?#]|$)/i.exec(text(page))?.[1]
  return key === undefined ? undefined : unescaped(key)
}

function unescaped(key: string): string {
  return key.replaceAll(/%3A/gi, ':').replaceAll(/%2B/gi, '+').replaceAll(/%40/g, '@')
}

/** A time with a colon in its offset, where a writer leaves it out. What is no text stays, for the check to refuse. */
export function instant(time: unknown): unknown {
  if (typeof time !== 'string') return some(time)
  return /[T ]\d\d:\d\d:\d\d\S*[+-]\d{4}$/i.test(time) ? `${time.slice(0, -2)}:${time.slice(-2)}` : time || undefined
}

/** As `instant`; a time without an offset is UTC, where the format says so. */
export function utc(time: unknown): unknown {
  return typeof time === 'string' && /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?$/i.test(time) ? `${time}Z` : instant(time)
}
