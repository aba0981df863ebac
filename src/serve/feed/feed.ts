/** One warning, prompt or record as it was written, and where to go on after it. */
export interface Item {
  /** What a client says to get all that comes behind this one. */
  cursor: string
  text: string
}

/** Reads a feed on, for one client. */
export interface FeedReader {
  /** What comes next, a bounded piece of it; nothing at the present end. Throws a refusal (410) where it cannot go on. */
  next(): Promise<Item[]>
  close(): Promise<void>
}

/** Something that grows, and that many read. */
export interface Feed {
  /** Begins behind a cursor, or at the beginning. Throws a refusal: 400 for what is no cursor, 410 for one of what is not there any more. */
  open(after: string | undefined): Promise<FeedReader>
  /** Returns once there may be more, or `stop` is given, or a while has passed. */
  grown(stop: AbortSignal): Promise<void>
  close(): Promise<void>
}

export const FEEDS = ['warnings', 'prompts', 'records'] as const
export type FeedName = (typeof FEEDS)[number]
export type Feeds = Readonly<Record<FeedName, Feed>>
