export interface RedisOptions {
  /** On 127.0.0.1; a free one unless given. */
  port?: number
  /** Leave the data and the log when the server is stopped. */
  keep?: boolean
  /** Write each change to disk, so that a restart finds it; else a restart finds nothing. */
  persist?: boolean
  /** Further arguments, such as `['--maxmemory', '100mb']`. */
  args?: readonly string[]
  /** How long it may take to start, in milliseconds. */
  startMs?: number
  /** The server ended though nobody asked for that. */
  onDeath?: (error: Error) => void
  /** The commands; the path's `redis-server` and `mvn` unless given. */
  command?: string
  mvn?: string
}

export interface Redis {
  /** `redis://host:port`, for clients. */
  readonly url: string
  readonly port: number
  /** Data and log. */
  readonly dir: string
  readonly log: string
  readonly pid: number | undefined
  /** `SIGKILL` unless given; waits for the end unless it is `SIGSTOP` or `SIGCONT`. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Again on the same port, after stopping it if it runs: empty, unless it persists. Resolves once it serves. */
  restart(): Promise<void>
  /** Ends it and removes its data. May be called again. */
  stop(): Promise<void>
}

/** Starts a Redis, fetching one first if the machine has none. Throws an error that says what to do. */
export function startRedis(options?: RedisOptions): Promise<Redis>

/** The command that is a Redis server on this machine; one is fetched where there is none. Throws a `ServiceError` that says what to do. */
export function redisCommand(options?: { command?: string; mvn?: string }): Promise<string>
