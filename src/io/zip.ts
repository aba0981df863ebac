import { unzipSync, zipSync } from 'fflate'

/** The first moment that a zip can tell of: files in it have no time of their own, so that the same files give the same bytes. */
const NO_TIME = new Date(1980, 0, 1)
/** More is nothing that a person packs by hand, and would not fit into memory in one piece. */
const MOST_BYTES = 2 ** 31 - 1
/** A file that is read as one text can be no longer. */
const MOST_OF_ONE = 2 ** 29 - 2 ** 20

/** Packs files as a zip, in their order. The same files give the same bytes on every machine. */
export function packZip(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return zipSync(Object.fromEntries(files), { level: 9, mtime: NO_TIME })
}

/** What is wrong with a zip, in words. */
export class BadZip extends Error {}

/** The files of a zip. Throws `BadZip` where it is none, is damaged, or holds a name twice, of which programs would show one or the other. */
export function unpackZip(bytes: Uint8Array): Map<string, Uint8Array> {
  const names = new Set<string>()
  let size = 0
  try {
    const files = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        if (names.has(name)) throw new BadZip(`it holds \`${name}\` twice`)
        names.add(name)
        if (name === '__proto__') throw new BadZip('it holds a file that no program can tell of')
        if (originalSize > MOST_OF_ONE) throw new BadZip(`\`${name}\` is larger than ${MOST_OF_ONE} bytes`)
        if ((size += originalSize) > MOST_BYTES) throw new BadZip(`its files are larger than ${MOST_BYTES} bytes`)
        return !name.endsWith('/')
      },
    })
    return new Map(Object.entries(files))
  } catch (e) {
    if (e instanceof BadZip) throw e
    throw new BadZip(e instanceof Error ? e.message : String(e), { cause: e })
  }
}
