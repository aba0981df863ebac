export interface FetchOptions {
  /** For messages: what is fetched, how many MB it has, and what to do without it. */
  what: string
  size: number
  instead: string
  /** A goal of Maven's dependency plugin, and the dependencies in the pom, as `group:artifact:version`. */
  goal: string
  artifacts: readonly string[]
  /** Further arguments; `dir` is the folder to fill. */
  flags: (dir: string) => readonly string[]
  /** Maven's command; `mvn` unless given. */
  mvn?: string
}

/** The folder of that name in the cache, filled by Maven if it is not there yet. */
export function fetchOnce(name: string, options: FetchOptions): Promise<string>
