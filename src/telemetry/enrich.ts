import { parseAddress } from './address.ts'
import type { Event, Place, PlaceLevel } from './event.ts'

/** A GeoIP database. */
export interface GeoLookup {
  /** What the database knows of a public address in its normal form; undefined where that is nothing. */
  lookup(ip: string): Partial<Place> | undefined
  /** What it can know at all. */
  readonly covers: readonly PlaceLevel[]
}

export interface EnricherOptions {
  /** Asked in order: an earlier database is believed before a later one. */
  geo: readonly GeoLookup[]
  /** Addresses kept, at least; up to twice as many may be. */
  cacheSize?: number
}

interface Located {
  ip: string
  place: Place
}

const PRIVATE: Place = Object.freeze({ kind: 'private' })
const INVALID: Place = Object.freeze({ kind: 'invalid' })

/**
 * Writes an event's `ip` in its normal form and sets its `place`. Places are shared between events and never change.
 * An event without `ip` is left as it is.
 */
export function createEnricher({ geo, cacheSize = 32_768 }: EnricherOptions): (event: Event) => void {
  // Two generations: what was used since the last change of generation survives the next.
  let young = new Map<string, Located>()
  let old = new Map<string, Located>()
  let lastText = ''
  let last: Located | undefined
  const find = (text: string): Located => {
    const hit = young.get(text)
    if (hit) return hit
    const located = old.get(text) ?? locate(text, geo)
    if (young.size >= cacheSize) [old, young] = [young, new Map()]
    young.set(text, located)
    return located
  }
  return (event) => {
    const { ip } = event
    if (ip === undefined) return
    if (last === undefined || ip !== lastText) {
      last = find(ip)
      lastText = ip
    }
    event.ip = last.ip
    event.place = last.place
  }
}

function locate(text: string, geo: readonly GeoLookup[]): Located {
  const { ip, kind } = parseAddress(text)
  if (kind !== 'public') return { ip, place: kind === 'private' ? PRIVATE : INVALID }
  const place: Place = { kind }
  for (const database of geo) {
    const found = database.lookup(ip)
    if (found) merge(place, found)
  }
  return { ip, place: Object.freeze(place) }
}

/** Adds what `found` knows more, as far as it agrees: the city of one country never joins the name of another. */
function merge(place: Place, found: Partial<Place>): void {
  if (place.asn === undefined && found.asn !== undefined) place.asn = found.asn
  if (place.holder === undefined && found.holder !== undefined) place.holder = found.holder
  if (place.country === undefined) {
    if (found.country === undefined) return
    place.country = found.country
  } else if (found.country !== place.country) return
  if (place.province === undefined && place.provinceCode === undefined) {
    if (found.province !== undefined) place.province = found.province
    if (found.provinceCode !== undefined) place.provinceCode = found.provinceCode
  } else if (found.province !== place.province) return
  else if (place.provinceCode === undefined && found.provinceCode !== undefined) place.provinceCode = found.provinceCode
  if (place.city !== undefined || found.city === undefined) return
  place.city = found.city
  if (found.latitude === undefined || found.longitude === undefined) return
  place.latitude = found.latitude
  place.longitude = found.longitude
}
