import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { truthSchema } from '../simulate/truth.ts'
import { parseOptions, simulateCommand, writeSimulation } from './simulate.ts'

const folder = mkdtempSync(join(tmpdir(), 'invigil-simulate-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('writes telemetry, catalogue and truth, the same bytes for the same seed', async () => {
  const options = { learners: 12, days: 1, seed: 5 }
  const truth = await writeSimulation(options, join(folder, 'a'))
  await writeSimulation(options, join(folder, 'b'))
  for (const file of ['telemetry.ndjson.gz', 'catalogue.yaml', 'truth.json']) {
    expect(readFileSync(join(folder, 'a', file)).equals(readFileSync(join(folder, 'b', file))), file).toBe(true)
  }
  const lines = gunzipSync(readFileSync(join(folder, 'a', 'telemetry.ndjson.gz'))).toString().trimEnd().split('\n')
  expect(lines).toHaveLength(truth.counts.events)
  expect(truthSchema.parse(JSON.parse(readFileSync(join(folder, 'a', 'truth.json'), 'utf8'))).learners).toHaveLength(12)
  expect(catalogueSchema.parse(parse(readFileSync(join(folder, 'a', 'catalogue.yaml'), 'utf8'))).platforms).toHaveLength(3)
})

test('reports every wrong option at once', () => {
  expect(() => parseOptions({ learners: '0', days: '1.5', seed: 'x', cheaters: '2', start: '2026-02-30' })).toThrow(
    '`--learners 0` is not a whole number from 1 to 1000000; `--days 1.5` is not a whole number from 1 to 366; '
    + '`--seed x` is not a whole number from 0 to 2147483647; `--cheaters 2` is not a number from 0 to 1; `--start 2026-02-30` is not a date such as 2026-03-02',
  )
})

test('reads what a world for judging a model needs', () => {
  const usual = { learners: '40', days: '1', seed: '3', cheaters: '0.2' }
  expect(parseOptions(usual)).toMatchObject({ variety: undefined, spread: undefined, jitter: undefined, adversaries: undefined })
  const { adversaries, ...rest } = parseOptions({ ...usual, variety: true, spread: '0.3-0.5', jitter: '0.25', archetypes: 'replay, mimic' })
  expect(rest).toMatchObject({ variety: true, spread: [0.3, 0.5], jitter: 0.25 })
  expect(adversaries?.map((a) => a.name)).toEqual(['mimic', 'replay'])
  expect(() => parseOptions({ ...usual, spread: '0.5-0.3', jitter: '0.6', archetypes: 'mimic,nobody' })).toThrow(
    /^`--jitter 0\.6` is not a number from 0 to 0\.5; `--spread 0\.5-0\.3` is not two shares below 1, the smaller first, such as 0\.3-0\.5; `--archetypes` has no `nobody`; there are api-probe, /,
  )
})

test('a varied world is written too, with platforms of its own', async () => {
  await writeSimulation({ learners: 12, days: 1, seed: 5, variety: true }, join(folder, 'varied'))
  const { platforms } = catalogueSchema.parse(parse(readFileSync(join(folder, 'varied', 'catalogue.yaml'), 'utf8')))
  expect(platforms.length).toBeGreaterThanOrEqual(3)
  expect(platforms.map((p) => p.id)).not.toContain('yunxue')
})

test('a folder that cannot be made is an error of its own', async () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  await expect(writeSimulation({ learners: 1, days: 1, seed: 1 }, file)).rejects.toMatchObject({ code: 'usage' })
})

test('is a command', () => {
  expect(simulateCommand().helpInformation()).toContain('--cheaters <share>')
})
