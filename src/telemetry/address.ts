import { formatIp, isV4, parseCidr, parseIp, type AddressRange } from '../base/address.ts'
import { InvigilError } from '../base/errors.ts'
import type { Place } from './event.ts'

/** An address as it is kept and compared. */
export interface Address {
  /** Written the one way; as it came where it is none. */
  ip: string
  kind: Place['kind']
}

/** Ranges that are nobody's place on the public internet. */
const PRIVATE = [
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24',
  '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4',
  '::/128', '::1/128', '64:ff9b:1::/48', '100::/64', '2001:db8::/32', '3fff::/20', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8',
].map(rangeOf)

// With brackets and perhaps a port, as in a URL; or IPv4 with a port.
const DECORATED = /^\[([^\]]*)\](?::\d{1,5})?$|^([^:]+):\d{1,5}$/
const ZONE = /%[\w.~-]+$/

/**
 * Reads an address as platforms write it: with brackets, port or zone, in any case, IPv4 wrapped as `::ffff:1.2.3.4`.
 * Private, loopback, link-local, carrier NAT, documentation and multicast addresses are `private`.
 */
export function parseAddress(text: string): Address {
  const address = numberOf(text)
  if (address === undefined) return { ip: text, kind: 'invalid' }
  return { ip: formatIp(address), kind: PRIVATE.some((r) => address >= r.first && address <= r.last) ? 'private' : 'public' }
}

function numberOf(text: string): bigint | undefined {
  const trimmed = text.trim()
  const m = DECORATED.exec(trimmed)
  const bare = m?.[1] ?? m?.[2] ?? trimmed
  return parseIp(bare.includes(':') ? bare.replace(ZONE, '') : bare)
}

/** Which named networks an address belongs to. */
export interface Networks {
  has(name: string, ip: string): boolean
}

const MOST_CACHED = 65_536
const NONE: readonly string[] = []

/** Named networks from CIDR lists, as the catalogue has them. Throws `bad-catalogue` for what is not a CIDR. */
export function createNetworks(networks: Readonly<Record<string, readonly string[]>>): Networks {
  const all = Object.entries(networks).map(([name, cidrs]) => ({ name, ...byFamily(cidrs.map(rangeOf)) }))
  const cache = new Map<string, readonly string[]>()
  const find = (ip: string): readonly string[] => {
    const address = numberOf(ip)
    const names = address === undefined ? NONE : all.filter((n) => includes(isV4(address) ? n.v4 : n.v6, address)).map((n) => n.name)
    if (cache.size >= MOST_CACHED) cache.clear()
    cache.set(ip, names.length === 0 ? NONE : names)
    return names
  }
  return { has: (name, ip) => (cache.get(ip) ?? find(ip)).includes(name) }
}

function rangeOf(cidr: string): AddressRange {
  const range = parseCidr(cidr)
  if (!range) throw new InvigilError('bad-catalogue', `\`${cidr}\` is not a CIDR such as \`10.8.0.0/16\` or \`2001:da8::/32\``)
  return range
}

// Apart, or `::/0` would hold every IPv4 address.
function byFamily(ranges: readonly AddressRange[]): { v4: AddressRange[]; v6: AddressRange[] } {
  return { v4: merge(ranges.filter((r) => isV4(r.first))), v6: merge(ranges.filter((r) => !isV4(r.first))) }
}

/** In order and without overlaps. */
function merge(ranges: AddressRange[]): AddressRange[] {
  const merged: AddressRange[] = []
  for (const r of ranges.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
    const last = merged.at(-1)
    if (last && r.first <= last.last) last.last = r.last > last.last ? r.last : last.last
    else merged.push({ ...r })
  }
  return merged
}

function includes(ranges: readonly AddressRange[], address: bigint): boolean {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranges[middle] as AddressRange).last < address) low = middle + 1
    else high = middle
  }
  return low < ranges.length && (ranges[low] as AddressRange).first <= address
}
