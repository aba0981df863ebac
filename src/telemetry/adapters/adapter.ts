/** What an adapter makes of one foreign record: fields of the canonical event, still unchecked, or a verb that is not used. */
export type Adapted =
  | { readonly kind: 'event'; readonly fields: Record<string, unknown> }
  | { readonly kind: 'ignored'; readonly verb: string }

/** Brings one foreign format to the canonical event. Pure: the same record gives the same event. */
export interface Adapter {
  readonly name: string
  /** The records, where a line holds several of them; undefined where it is one. */
  several(value: unknown): readonly unknown[] | undefined
  /**
   * `raw` is the record as it was written, for formats without ids. `platform` is what the user named, or empty. A field
   * that the record lacks is left out: the check that follows says so.
   */
  adapt(record: Readonly<Record<string, unknown>>, raw: string, platform: string): Adapted
  /** Where the format keeps a canonical field, for messages. */
  readonly sources: Readonly<Record<string, string>>
}
