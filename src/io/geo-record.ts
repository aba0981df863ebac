import type { Place, PlaceLevel } from '../telemetry/event.ts'
import { PLACE_LEVELS } from '../telemetry/event.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * The place in a record: flat as ip-location-db writes it (`country_code`, `state1`, `city`), nested as MaxMind does, or of
 * an ASN database; undefined where it tells nothing that is used. Throws where the record is no map: the database is corrupt.
 */
export function placeOf(record: unknown): Partial<Place> | undefined {
  if (!isMap(record)) throw new TypeError(`a record is ${Array.isArray(record) ? 'a list' : typeof record}, not a map`)
  const place: Partial<Place> = {}
  const put = <K extends keyof Place>(key: K, value: Place[K] | undefined): void => {
    if (value !== undefined) place[key] = value
  }
  const country = code(record.country_code, 2) ?? code(map(record.country).iso_code, 2)
  if (country !== undefined) {
    const subdivision = map(Array.isArray(record.subdivisions) ? record.subdivisions[0] : undefined)
    const region = code(subdivision.iso_code, 3)
    const provinceCode = region === undefined ? undefined : `${country}-${region}`
    put('country', country)
    put('province', text(record.state1) ?? text(map(subdivision.names).en) ?? provinceCode)
    put('provinceCode', provinceCode)
    put('city', text(record.city) ?? text(map(map(record.city).names).en))
    if (place.city !== undefined) putPoint(place, isMap(record.location) ? record.location : record)
  }
  const asn = record.autonomous_system_number
  put('asn', typeof asn === 'number' && Number.isInteger(asn) && asn > 0 ? asn : undefined)
  put('holder', text(record.autonomous_system_organization))
  return Object.keys(place).length === 0 ? undefined : place
}

/** What a place proves that its database can tell. */
export function levelsOf(place: Partial<Place>): PlaceLevel[] {
  return PLACE_LEVELS.filter((level) => place[level] !== undefined)
}

function putPoint(place: Partial<Place>, from: Json): void {
  const [latitude, longitude] = [degrees(from.latitude, 90), degrees(from.longitude, 180)]
  if (latitude === undefined || longitude === undefined) return
  place.latitude = latitude
  place.longitude = longitude
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function map(value: unknown): Json {
  return isMap(value) ? value : {}
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function code(value: unknown, most: number): string | undefined {
  return typeof value === 'string' && value.length <= most && /^[A-Za-z0-9]+$/.test(value) ? value.toUpperCase() : undefined
}

function degrees(value: unknown, most: number): number | undefined {
  return typeof value === 'number' && Math.abs(value) <= most ? value : undefined
}
