import { expect, test } from 'vitest'
import { createNetworks, parseAddress } from './address.ts'

test.each([
  ['8.8.8.8', '8.8.8.8'],
  [' 8.8.8.8 ', '8.8.8.8'],
  ['8.8.8.8:443', '8.8.8.8'],
  ['::ffff:8.8.8.8', '8.8.8.8'],
  ['[::FFFF:8.8.8.8]:80', '8.8.8.8'],
  ['2400:3200:0:0::1', '2400:3200::1'],
  ['[2400:3200::1]', '2400:3200::1'],
  ['[2400:3200::1]:65535', '2400:3200::1'],
  ['2400:3200::1%eth0', '2400:3200::1'],
])('%s is the public address %s', (written, ip) => {
  expect(parseAddress(written)).toEqual({ ip, kind: 'public' })
})

test.each([
  '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '127.0.0.1', '169.254.1.1', '100.64.0.1', '100.127.255.255', '0.0.0.0', '192.0.2.1',
  '198.51.100.7', '203.0.113.9', '224.0.0.1', '255.255.255.255', '::', '::1', 'fe80::1', 'fe80::1%en0', 'fd00::1', 'ff02::1', '2001:db8::1', '::ffff:10.0.0.1',
])('%s is no place', (text) => {
  expect(parseAddress(text).kind).toBe('private')
})

test.each(['172.15.0.1', '172.32.0.1', '100.63.255.255', '100.128.0.0', '11.0.0.0', '2001:db7::1', '223.255.255.255'])('%s is a place', (text) => {
  expect(parseAddress(text).kind).toBe('public')
})

test.each(['', 'unknown', '1.2.3', '8.8.8.8, 10.0.0.1', '999.1.1.1', 'localhost:80', '[8.8.8.8', '8.8.8.8%eth0', '2400:3200::1:99999'])('%s is invalid and stays as it came', (text) => {
  expect(parseAddress(text)).toEqual({ ip: text, kind: 'invalid' })
})

test('an address belongs to the networks whose blocks hold it', () => {
  const networks = createNetworks({ campus: ['10.8.0.0/16', '10.8.4.0/24', '2001:da8::/32', '10.1.0.0/24'], nat: ['100.64.0.0/10'], six: ['::/0'], none: [] })
  const cases: [string, string, boolean][] = [
    ['campus', '10.8.255.255', true], ['campus', '10.9.0.0', false], ['campus', '10.7.255.255', false], ['campus', '10.1.0.9', true],
    ['campus', '2001:da8:1::1', true], ['campus', '2001:da9::', false], ['campus', '::ffff:10.8.0.1', true], ['nat', '100.100.0.1', true],
    ['nat', '10.8.0.1', false], ['six', '2400::1', true], ['six', '8.8.8.8', false], ['none', '8.8.8.8', false], ['unheard', '10.8.0.1', false], ['campus', 'garbage', false],
  ]
  // Twice: the second answer comes from memory.
  for (let i = 0; i < 2; i++) expect(cases.map(([name, ip]) => networks.has(name, ip))).toEqual(cases.map(([, , is]) => is))
})

test('more addresses than are remembered', () => {
  const networks = createNetworks({ campus: ['10.0.0.0/9'] })
  let inside = 0
  for (let i = 0; i < 70_000; i++) if (networks.has('campus', `10.${i >> 8 & 255}.${i & 255}.1`)) inside++
  expect(inside).toBe(32_768 + 70_000 - 65_536)
})

test('what is not a CIDR is refused', () => {
  expect(() => createNetworks({ campus: ['10.8.0.0/40'] })).toThrow('`10.8.0.0/40` is not a CIDR')
})
