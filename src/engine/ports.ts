/** Where snapshots lie: a folder, or Redis. Names are random, nothing is overwritten, old files go only after the commit. */
export interface SnapshotStore {
  /** The manifest committed last, if there is one. */
  manifest(): Promise<Uint8Array | undefined>
  /** Writes one file of a snapshot and returns its name. Chunks are asked for one by one, so that other work gets in between; each holds until the next is asked for. */
  write(chunks: Iterable<Uint8Array>): Promise<string>
  read(name: string): AsyncIterable<Uint8Array>
  /** Makes `manifest` the current one, whole or not at all; then deletes every file that is not in `keep`. */
  commit(manifest: Uint8Array, keep: readonly string[]): Promise<void>
  close(): Promise<void>
}
