import type { Fault } from '../rejects.ts'

/** Fields of the canonical event as an adapter found them, still unchecked. */
export type Fields = Record<string, unknown>

/**
 * What an adapter makes of one foreign record: an event whose fields are still to be checked, a verb that the format has
 * and Invigil does not use, or what is wrong with it.
 */
export type Adapted =
  | { readonly kind: 'event'; readonly fields: Fields }
  | { readonly kind: 'ignored'; readonly verb: string }
  | ({ readonly kind: 'reject' } & Readonly<Fault>)

/** What an adapter is told besides the record. */
export interface Given {
  /** The platform that the user named, or empty. */
  readonly platform: string
  /** 32 hex digits by which a record without an id is known: alike however it was spaced, and alone or in a list. */
  readonly digest: () => string
}

/** Brings one foreign format to the canonical event. Pure: the same record gives the same events. Never throws. */
export interface Adapter {
  readonly name: string
  /** Where the format keeps a canonical field, for messages: by field, to follow "from". */
  readonly sources: Readonly<Record<string, string>>
  /** The JSON within a line, where the format's lines may have more; what is none comes back as it is. */
  json?(line: string): string
  /** The records of a value that holds several of them; undefined where it is one. Those may hold several again. */
  several(value: unknown): readonly unknown[] | undefined
  /** Whether a record has the shape of this format: a look at its keys, for `auto`. */
  recognises(record: Readonly<Record<string, unknown>>): boolean
  /**
   * One outcome, or several of one record; their order is kept, and their ids differ. A field that the record lacks is
   * left out or undefined: the check that follows says so.
   */
  adapt(record: Readonly<Record<string, unknown>>, given: Given): Adapted | readonly Adapted[]
}
