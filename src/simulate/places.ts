import type { Random } from './random.ts'

/** A public /16 block that lies in one city, as the public DB-IP city database has it. */
export interface Range {
  /** The first two numbers of its addresses. */
  prefix: string
  country: string
  province: string
  city: string
}

/**
 * Public address ranges of consumer carriers. They stand for places and nothing else: no address in the telemetry is
 * anybody's.
 */
export const RANGES = {
  home: [
    { prefix: '42.242', country: 'CN', province: 'Yunnan', city: 'Kunming' },
    { prefix: '42.243', country: 'CN', province: 'Yunnan', city: 'Kunming' },
    { prefix: '14.204', country: 'CN', province: 'Yunnan', city: 'Kunming' },
    { prefix: '182.240', country: 'CN', province: 'Yunnan', city: 'Kunming' },
  ],
  neighbour: [
    { prefix: '182.148', country: 'CN', province: 'Sichuan', city: 'Chengdu' },
    { prefix: '110.190', country: 'CN', province: 'Sichuan', city: 'Chengdu' },
  ],
  elsewhere: [
    { prefix: '14.18', country: 'CN', province: 'Guangdong', city: 'Guangzhou' },
    { prefix: '101.80', country: 'CN', province: 'Shanghai', city: 'Shanghai' },
    { prefix: '180.160', country: 'CN', province: 'Shanghai', city: 'Shanghai' },
    { prefix: '14.104', country: 'CN', province: 'Chongqing', city: 'Chongqing' },
    { prefix: '122.188', country: 'CN', province: 'Hubei', city: 'Wuhan' },
    { prefix: '1.56', country: 'CN', province: 'Heilongjiang', city: 'Harbin' },
  ],
  abroad: [
    { prefix: '14.251', country: 'VN', province: 'Hanoi', city: 'Hanoi' },
    { prefix: '1.114', country: 'JP', province: 'Tokyo', city: 'Minato' },
    { prefix: '27.146', country: 'MY', province: 'Kuala Lumpur', city: 'Kuala Lumpur' },
    { prefix: '13.228', country: 'SG', province: '', city: 'Singapore' },
    { prefix: '3.66', country: 'DE', province: 'Hesse', city: 'Frankfurt am Main' },
    { prefix: '34.94', country: 'US', province: 'California', city: 'Los Angeles' },
  ],
} as const satisfies Record<string, readonly Range[]>

/** Third numbers from here up are kept for addresses that many share, so that no home falls on one by chance. */
const SHARED_FROM = 250

/** Hands out addresses; a home's is never given twice. */
export class Addresses {
  private readonly taken = new Set<string>()
  private readonly random: Random
  private shared = 0

  constructor(random: Random) {
    this.random = random
  }

  /** An address of one household, office or host, in one of `ranges`. */
  own(ranges: readonly Range[]): string {
    for (;;) {
      const address = anyAddress(ranges, this.random)
      if (this.taken.has(address)) continue
      this.taken.add(address)
      return address
    }
  }

  /** A carrier's or campus's public address that many share; they follow each other in one block per province. */
  common(): string {
    const n = this.shared++
    return `14.204.${SHARED_FROM + Math.floor(n / 250)}.${1 + (n % 250)}`
  }
}

/** Any address of `ranges`, as a proxy or a phone network gives it. */
export function anyAddress(ranges: readonly Range[], random: Random): string {
  return `${random.pick(ranges).prefix}.${random.int(0, SHARED_FROM - 1)}.${random.int(1, 254)}`
}

/** Where an address of the simulator lies; undefined for private ones. */
export function rangeOf(address: string): Range | undefined {
  const prefix = address.split('.').slice(0, 2).join('.')
  return Object.values(RANGES).flat().find((r) => r.prefix === prefix)
}
