import type { Catalogue, Class } from '../../catalogue/index.ts'
import { createNetworks, type Networks } from '../../telemetry/address.ts'
import type { Place } from '../../telemetry/event.ts'

type Region = NonNullable<Class['region']>

/** An ISO 3166-2 code, with its country or without. */
const CODE = /^(?:[A-Za-z]{2}-)?([A-Za-z]{2,3}|\d{1,3})$/

/**
 * Whether a place lies in another province than the region's. Undefined where that cannot be known: the region names
 * none, the database does not know the province, or one has names and the other codes.
 */
export function isOtherProvince(region: Region, place: Place): boolean | undefined {
  if (region.provinces.length === 0) return undefined
  let known = true
  for (const province of region.provinces) {
    const same = isProvince(province, place)
    if (same === true) return false
    if (same === undefined) known = false
  }
  return known ? true : undefined
}

function isProvince(province: string, place: Place): boolean | undefined {
  const wanted = codeOf(province)
  if (wanted === undefined) {
    // What the database gives as a name may be a code.
    if (place.province === undefined || codeOf(place.province) !== undefined) return undefined
    const [a, b] = [plain(province), plain(place.province)]
    return a.startsWith(b) || b.startsWith(a)
  }
  const code = codeOf(place.provinceCode) ?? codeOf(place.province)
  if (code === undefined) return undefined
  // China and others have had both numbers and letters as codes: one says nothing about the other.
  if (/\d/.test(code) !== /\d/.test(wanted)) return undefined
  return code === wanted
}

function codeOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : CODE.exec(text)?.[1]?.toUpperCase()
}

/** Lower-case letters only, without accents: `Hội An` and `hoi an` are one name, and so are `Yunnan` and `Yunnan Sheng` by their beginning. */
function plain(name: string): string {
  return name.normalize('NFD').toLowerCase().replace(/[^\p{L}]/gu, '')
}

const networks = new WeakMap<Catalogue, Networks>()

/** Whether an address belongs to a network from which the region's learners may always study. */
export function isAllowedNetwork(region: Region, ip: string, catalogue: Catalogue): boolean {
  if (region.networks.length === 0) return false
  let built = networks.get(catalogue)
  if (built === undefined) networks.set(catalogue, (built = createNetworks(catalogue.data.networks)))
  for (const name of region.networks) if (built.has(name, ip)) return true
  return false
}
