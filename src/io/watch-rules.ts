import { open, stat, type FileHandle } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { InvigilError } from '../base/errors.ts'
import { formatDuration, MINUTE, SECOND, type Ms } from '../base/time.ts'
import type { RuleSource } from '../rules/load.ts'
import { fileError } from './file-error.ts'
import { listRuleFiles, textOf } from './texts.ts'

/** How often the directories are looked at. */
const POLL: Ms = 0.2 * SECOND
/** What has not changed for so long is taken for whole. */
export const QUIET: Ms = 0.5 * SECOND

/** Longer must nobody wait in silence for a directory that never rests. */
const PATIENCE: Ms = MINUTE

export interface WatchOptions {
  poll?: Ms
  quiet?: Ms
  patience?: Ms
}

/** What lies in the directories once it is quiet: texts, or why they cannot be read. */
export type Settled = { sources: RuleSource[] } | { error: InvigilError }

/** What can be seen without reading: the files of each directory, and which file each is. */
interface Look {
  dirs: { dir: string; files: string[] }[]
  identities: ReadonlyMap<string, string>
  error: InvigilError | undefined
  /** Equal where nothing has changed. */
  key: string
}

/**
 * Watches rules directories by looking at them again and again, which also sees what no event is sent for: mounts over a network, and
 * directories that are swapped by a symbolic link.
 */
export class RulesWatch {
  private readonly dirs: readonly string[]
  private readonly poll: Ms
  private readonly quiet: Ms
  private readonly patience: Ms
  /** What was handed out last. */
  private handled: string | undefined

  constructor(dirs: readonly string[], { poll = POLL, quiet = QUIET, patience = PATIENCE }: WatchOptions = {}) {
    this.dirs = dirs
    this.poll = poll
    this.quiet = quiet
    this.patience = patience
  }

  /**
   * Waits until there is something else than what was handed out last (the first time: anything), and it has not changed for a while;
   * undefined once stopped. INVARIANT (whole): the texts are those of files that lay there all at the same time.
   */
  async next(stop: AbortSignal): Promise<Settled | undefined> {
    let seen: Look | undefined
    let [since, restless] = [0, performance.now()]
    while (!stop.aborted) {
      const look = await lookAt(this.dirs)
      if (look.key === this.handled) [seen, restless] = [undefined, performance.now()]
      else if (performance.now() - restless >= this.patience) return { error: this.neverQuiet() }
      else if (look.key !== seen?.key) [seen, since] = [look, performance.now()]
      else if (performance.now() - since >= this.quiet) {
        const settled = await readWhole(look)
        if (settled !== undefined) {
          this.handled = look.key
          return settled
        }
        seen = undefined
      }
      await sleep(this.poll, undefined, { signal: stop }).catch(() => undefined)
    }
    return undefined
  }

  /** What was handed out last is handed out again. */
  forget(): void {
    this.handled = undefined
  }

  private neverQuiet(): InvigilError {
    const dirs = this.dirs.map((dir) => `\`${dir}\``).join(', ')
    return new InvigilError('io', `the rules in ${dirs} do not stop changing; let them rest for ${formatDuration(this.quiet)}, or swap a directory by a link`)
  }
}

async function lookAt(dirs: readonly string[]): Promise<Look> {
  try {
    const listed = await Promise.all(dirs.map(async (dir) => ({ dir, files: await listRuleFiles(dir) })))
    const paths = listed.flatMap((l) => l.files)
    const identities = new Map(await Promise.all(paths.map(async (path) => [path, await identityAt(path)] as const)))
    return { dirs: listed, identities, error: undefined, key: JSON.stringify([...identities]) }
  } catch (e) {
    if (!(e instanceof InvigilError)) throw e
    return { dirs: [], identities: new Map(), error: e, key: e.message }
  }
}

/** The texts, or why they cannot be read; undefined where something has changed since the look. */
async function readWhole(look: Look): Promise<Settled | undefined> {
  if (look.error !== undefined) return { error: look.error }
  let settled: Settled
  try {
    const sources = await Promise.all(look.dirs.map(async ({ dir, files }) => ({
      dir, files: await Promise.all(files.map(async (path) => ({ path, text: await readSame(path, look.identities.get(path) as string) }))),
    })))
    settled = { sources }
  } catch (e) {
    if (e instanceof Changed) return undefined
    if (!(e instanceof InvigilError)) throw e
    settled = { error: e }
  }
  // A file that came, went or was replaced while the others were read.
  const again = await lookAt(look.dirs.map((d) => d.dir))
  return again.key === look.key ? settled : undefined
}

/** What was read is not what was looked at. */
class Changed extends Error {}

/** Reads a file; throws `Changed` where its name leads to another file by now, or it was written to. */
async function readSame(path: string, identity: string): Promise<string> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (e) {
    if ((await identityAt(path)) !== identity) throw new Changed()
    const { code } = e as NodeJS.ErrnoException
    throw code === 'ENOENT' ? new InvigilError('not-found', `there is no file \`${path}\``) : fileError(path, e as NodeJS.ErrnoException)
  }
  try {
    if (identityOf(await file.stat({ bigint: true })) !== identity) throw new Changed()
    const bytes = await file.readFile()
    if (identityOf(await file.stat({ bigint: true })) !== identity) throw new Changed()
    return textOf(path, bytes)
  } catch (e) {
    throw e instanceof InvigilError || e instanceof Changed ? e : fileError(path, e as NodeJS.ErrnoException)
  } finally {
    await file.close()
  }
}

/** The file that a name leads to, as it is: another one after any write, also where its size and date of writing were kept. */
async function identityAt(path: string): Promise<string> {
  try {
    return identityOf(await stat(path, { bigint: true }))
  } catch (e) {
    return (e as NodeJS.ErrnoException).code ?? 'unknown'
  }
}

function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: { dev: bigint; ino: bigint; size: bigint; mtimeNs: bigint; ctimeNs: bigint }): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join('-')
}
