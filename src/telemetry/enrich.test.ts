import { expect, test } from 'vitest'
import { createEnricher, type GeoLookup } from './enrich.ts'
import { Event, type Place } from './event.ts'

function database(places: Record<string, Partial<Place>>): GeoLookup & { asked: string[] } {
  const asked: string[] = []
  return { asked, covers: ['country'], lookup: (ip) => (asked.push(ip), places[ip]) }
}

function enriched(ip: string | undefined, enrich: (event: Event) => void): Event {
  const event = new Event()
  event.ip = ip
  enrich(event)
  return event
}

const kunming = { country: 'CN', province: 'Yunnan', city: 'Kunming', latitude: 25, longitude: 102.7 }

test('an address is written the one way and placed', () => {
  const event = enriched('::ffff:42.242.0.1', createEnricher({ geo: [database({ '42.242.0.1': kunming })] }))
  expect([event.ip, event.place]).toEqual(['42.242.0.1', { kind: 'public', ...kunming }])
})

test.each([['10.0.0.1', 'private'], ['::1', 'private'], ['unknown', 'invalid']])('%s is never looked up', (ip, kind) => {
  const geo = database({ [ip]: kunming })
  const event = enriched(ip, createEnricher({ geo: [geo] }))
  expect([event.ip, event.place, geo.asked]).toEqual([ip, { kind }, []])
})

test('an event without an address stays as it is', () => {
  const enrich = createEnricher({ geo: [database({})] })
  enriched('42.242.0.1', enrich)
  expect(enriched(undefined, enrich)).toEqual(new Event())
})

test('unknown is unknown', () => {
  expect(enriched('8.8.8.8', createEnricher({ geo: [database({})] })).place).toEqual({ kind: 'public' })
})

const holder = { asn: 1221, holder: 'Telstra' }
test.each<[string, Partial<Place>[], Partial<Place>]>([
  ['a city and a holder', [kunming, holder], { ...kunming, ...holder }],
  ['a holder and a city', [holder, kunming], { ...kunming, ...holder }],
  ['a country and its city', [{ country: 'CN' }, kunming], kunming],
  ['a country proves nothing about the province', [{ country: 'CN' }], { country: 'CN' }],
  ['another country', [{ country: 'HK' }, { ...kunming, ...holder }], { country: 'HK', ...holder }],
  ['another province', [{ country: 'CN', province: 'Sichuan' }, kunming], { country: 'CN', province: 'Sichuan' }],
  ['a country without a city has no midpoint', [{ country: 'CN', latitude: 35, longitude: 105 }], { country: 'CN' }],
  ['the code of the same province', [kunming, { country: 'CN', province: 'Yunnan', provinceCode: 'CN-YN' }], { ...kunming, provinceCode: 'CN-YN' }],
  ['the first is believed', [kunming, { ...kunming, city: 'Dali', latitude: 1, longitude: 1 }], kunming],
])('several databases: %s', (_, found, place) => {
  const enrich = createEnricher({ geo: found.map((f) => database({ '8.8.8.8': f })) })
  expect(enriched('8.8.8.8', enrich).place).toEqual({ kind: 'public', ...place })
})

test('an address is looked up once while it is in use, and forgotten in the end', () => {
  const geo = database({})
  const enrich = createEnricher({ geo: [geo], cacheSize: 4 })
  for (let n = 2; n < 40; n++) {
    enriched('8.8.8.1', enrich)
    enriched(`8.8.8.${n}`, enrich)
  }
  expect(geo.asked).toHaveLength(39)
  for (let n = 40; n < 50; n++) enriched(`8.8.8.${n}`, enrich)
  enriched('8.8.8.1', enrich)
  expect(geo.asked).toHaveLength(50)
})
