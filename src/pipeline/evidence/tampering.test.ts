import { createPublicKey } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { packZip, unpackZip } from '../../io/zip.ts'
import { cases, contextOf, type Fixture } from '../../testing/fixtures.ts'
import { feedOf, VERSION } from '../../testing/evidence.ts'
import { run, temporary } from '../../testing/runs.ts'
import type { Evidence } from './evidence.ts'
import { makeEvidence, packEvidence } from './make.ts'
import { newKeys, privateKeyOf, publicKeyOf, seal, SIGNATURE, SUMS } from './seal.ts'
import { verifyBundle, type Difference } from './verify.ts'

const dir = temporary()
const key = privateKeyOf(newKeys().privateKey, 'key')
let evidence: Evidence
let bundle: Uint8Array

beforeAll(async () => {
  const fixture = cases().find((c) => c.name === 'foreign-ip') as Fixture
  const context = await contextOf(fixture)
  const { warnings } = await run(dir, { logs: [fixture.log], context })
  const [made] = await makeEvidence(await feedOf(fixture.log, context), [warnings[0]?.id as string], { version: VERSION })
  evidence = (made as { evidence: Evidence }).evidence
  bundle = packEvidence(evidence, key)
})

type Files = Map<string, Uint8Array>
const text = (files: Files, name: string): string => Buffer.from(files.get(name) as Uint8Array).toString('utf8')
const edit = (files: Files, name: string, how: (before: string) => string): void => {
  const after = how(text(files, name))
  expect(after).not.toBe(text(files, name))
  files.set(name, Buffer.from(after))
}

/** What is found after a change by somebody who cannot sign, or who knows to make all digests anew. */
async function found(change: (files: Files) => void, resealed: 'resealed' | 'as it was' = 'as it was'): Promise<Difference[]> {
  let files = unpackZip(bundle)
  change(files)
  if (resealed === 'resealed') {
    for (const name of [SUMS, SIGNATURE, 'public-key.pem']) files.delete(name)
    files = seal(files)
  }
  const { differences, verified } = await verifyBundle(packZip(files), { version: VERSION })
  expect(verified).toBe(differences.length === 0)
  return differences
}

test('whatever single byte of a file is altered is found, and the file is named', async () => {
  for (const name of unpackZip(bundle).keys()) {
    const differences = await found((files) => {
      const bytes = Buffer.from(files.get(name) as Uint8Array)
      bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] as number) ^ 1
      files.set(name, bytes)
    })
    const expected = name === SIGNATURE ? 'signature' : name
    expect([name, differences.some((d) => d.part === expected || (name === SUMS && d.part === 'signature'))]).toEqual([name, true])
  }
})

test('a file that is taken away or added is named', async () => {
  for (const name of [...unpackZip(bundle).keys()].filter((n) => n !== SIGNATURE)) {
    expect([name, (await found((files) => files.delete(name))).map((d) => d.part)]).toEqual([name, expect.arrayContaining([name])])
  }
  expect(await found((files) => files.set('more.txt', Buffer.from('x')))).toEqual([{ part: 'more.txt', message: expect.stringContaining('it was added') }])
})

describe('with all digests made anew', () => {
  const without = (line: string | undefined) => (before: string) => before.split('\n').filter((l) => l !== line).join('\n')

  test('an event of the warning that is gone is named', async () => {
    const { evidence: { events: ids } } = JSON.parse(evidence.revisions.at(-1) as string) as { evidence: { events: string[] } }
    const record = evidence.events.find((e) => e.includes(`"id":"${ids[0]}"`))
    const differences = await found((files) => edit(files, 'events.ndjson', without(record)), 'resealed')
    expect(differences).toContainEqual({ part: 'event', message: `the event \`${ids[0]}\`, which the warning rests on, is missing` })
  })

  test('fewer events than there should be are told', async () => {
    const differences = await found((files) => edit(files, 'events.ndjson', without(evidence.events[0])), 'resealed')
    expect(differences).toContainEqual({ part: 'event', message: expect.stringMatching(/^there are \d+ events of the learner .*, and `bundle.json` tells of \d+$/) })
  })

  test('an event that was altered, with all that the warning says of it, is told', async () => {
    const differences = await found((files) => edit(files, 'events.ndjson', (t) => t.replaceAll(/"ip":"[^"]*"/g, '"ip":"192.0.2.1"')), 'resealed')
    expect(differences).toContainEqual({ part: 'warning', message: expect.stringMatching(/does not come out|comes out as/) })
  })

  test.each([
    ['a fact', 'warning.ndjson', (t: string) => t.replace(/"events":\d+/, '"events":1'), 'warning', /`facts` comes out as/],
    ['a place', 'places.json', (t: string) => t.replace('"VN"', '"CN"'), 'warning', /./],
    ['a mark', 'marks.ndjson', (t: string) => t.replaceAll(/"(watermark|resource)":"[^"]*"/g, '"$1":"2026-03-02T00:01:00.000Z"'), 'warning', /./],
    ['the region of a class', /^catalogues\//, (t: string) => t.replace('"country": "CN"', '"country": "VN"'), 'warning', /./],
    ['a rule', 'contexts/1.json', (t: string) => t.replace(/detector: foreign-ip/, 'params: { seconds: 900 }\\n  detector: foreign-ip'), 'context', /./],
    ['the version', 'contexts/1.json', (t: string) => t.replace('"version": "test"', '"version": "0.0.1"'), 'version', /version 0\.0\.1/],
    ['a part of the context', 'contexts/1.json', (t: string) => t.replace(/"geo": \[\s+"/, '$&0'), 'context', /other parts than its hash says/],
    ['a model', /^models\/.*weights\.bin$/, (t: string) => `${t}x`, 'context', /./],
  ] as const)('%s that was altered is told', async (_, name, how, part, message) => {
    const differences = await found((files) => edit(files, typeof name === 'string' ? name : [...files.keys()].find((n) => name.test(n)) as string, how), 'resealed')
    expect(differences).toContainEqual({ part, message: expect.stringMatching(message) })
  })

  test('it is not signed, and whoever trusts a key is told so', async () => {
    const files = unpackZip(bundle)
    for (const name of [SUMS, SIGNATURE, 'public-key.pem']) files.delete(name)
    const verdict = await verifyBundle(packZip(seal(files)), { version: VERSION, trust: createPublicKey(key) })
    expect(verdict).toMatchObject({ verified: false, signature: { state: 'none' }, differences: [{ part: 'signature', message: expect.stringContaining('nobody has signed') }] })
  })
})

describe('the signature', () => {
  test('is trusted where the key is the expected one', async () => {
    expect(await verifyBundle(bundle, { version: VERSION, trust: createPublicKey(key) })).toMatchObject({ verified: true, signature: { state: 'trusted' } })
    expect(await verifyBundle(bundle, { version: VERSION })).toMatchObject({ verified: true, signature: { state: 'valid' } })
  })

  test('of somebody else is not that of the one who is trusted', async () => {
    const other = publicKeyOf(newKeys().publicKey)
    expect((await verifyBundle(bundle, { version: VERSION, trust: other })).differences).toEqual([{ part: 'signature', message: expect.stringContaining('another key') }])
  })

  test('of another bundle is not valid', async () => {
    const files = unpackZip(bundle)
    files.set('bundle.json', Buffer.from(`${text(files, 'bundle.json')}\n`))
    const sealed = seal(files)
    sealed.set(SIGNATURE, files.get(SIGNATURE) as Uint8Array)
    expect(await verifyBundle(packZip(sealed), { version: VERSION })).toMatchObject({ verified: false, signature: { state: 'invalid' } })
  })
})

test('another version of Invigil says so', async () => {
  expect((await verifyBundle(bundle, { version: '9.9.9' })).differences).toEqual([{ part: 'version', message: 'the warning was raised by version test of Invigil, and this is 9.9.9: run that version, since another may judge otherwise' }])
})

test.each([
  ['nothing', Buffer.alloc(0)], ['no zip', Buffer.from('{"id":"e1"}')],
])('%s is no bundle', async (_, bytes) => {
  expect(await verifyBundle(bytes, { version: VERSION })).toMatchObject({ verified: false, differences: [{ part: 'bundle' }] })
})

test('a bundle that was cut off is damaged', async () => {
  expect(await verifyBundle(bundle.subarray(0, bundle.length - 100), { version: VERSION })).toMatchObject({ verified: false, differences: [{ part: 'bundle' }] })
})

describe('what somebody adds who makes all digests anew', () => {
  const about = (files: Files, how: (value: Record<string, unknown>) => void): void => {
    const value = JSON.parse(text(files, 'bundle.json')) as Record<string, unknown>
    how(value)
    files.set('bundle.json', Buffer.from(JSON.stringify(value)))
  }
  const revision = JSON.stringify({ forged: 'third revision' })

  test.each<[string, (files: Files) => void, RegExp]>([
    ['a revision without an end of line', (files) => edit(files, 'warning.ndjson', (t) => t + revision), /cut short, or was added/],
    ['a revision that is none', (files) => edit(files, 'warning.ndjson', (t) => `${t}null\n`), /is no warning/],
    ['a revision that is too deep', (files) => edit(files, 'warning.ndjson', (t) => t.replace('"facts":{', `"facts":{"x":${'['.repeat(20_000)}${']'.repeat(20_000)},`)), /is no warning/],
    ['another rule', (files) => about(files, (b) => (b.rule = 'impossible-travel')), /it is of the rule `foreign-ip`/],
    ['a learner without events', (files) => about(files, (b) => (b.learners as object[]).push({ platform: 'p1', id: 'innocent', events: 0 })), /bundle\.json/],
    ['another context of the same hash', (files) => files.set('contexts/2.json', files.get('contexts/1.json') as Uint8Array), /two contexts have one hash/],
    ['no revision', (files) => files.set('warning.ndjson', Buffer.from('')), /is empty/],
  ])('%s', async (_, change, says) => {
    const differences = await found(change, 'resealed')
    expect(differences.map((d) => d.message).join('\n')).toMatch(says)
  })

  test('a line of digests without an end, and a name that programs cannot tell of', async () => {
    expect((await found((files) => edit(files, SUMS, (t) => t.slice(0, -1)))).map((d) => d.message)).toContain('its last line is cut short, or was added')
    const named = Buffer.from(packZip(new Map([['__proto_X', Buffer.from('forged')]]))).toString('latin1').replaceAll('__proto_X', '__proto__')
    const { differences } = await verifyBundle(Buffer.from(named, 'latin1'), { version: VERSION })
    expect(differences.map((d) => d.message).join()).toContain('no program can tell of')
  })
})
