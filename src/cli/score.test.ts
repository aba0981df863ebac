import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { simulate } from '../simulate/index.ts'
import { score } from '../simulate/score.ts'
import { formatScore, readTruth, readWarnings, scoreCommand } from './score.ts'

const folder = mkdtempSync(join(tmpdir(), 'invigil-score-'))
afterAll(() => rmSync(folder, { recursive: true }))
const write = (name: string, data: string | Uint8Array): string => {
  writeFileSync(join(folder, name), data)
  return join(folder, name)
}

const truth = simulate({ learners: 30, days: 1, seed: 2 }).truth()
const learner = truth.learners.find((l) => l.kind === 'cheater') as (typeof truth.learners)[number]
const line = JSON.stringify({
  id: 'w', revision: 1, episode: 'ended', rule: 'r', severity: 'high', subject: { kind: 'learner', platform: learner.platform, id: learner.learner },
  learners: [{ platform: learner.platform, id: learner.learner }], raised: '2026-03-02T09:00:00.000Z', more: true,
})

test('reads truth and warnings, plain or compressed', async () => {
  expect(await readTruth(write('truth.json', JSON.stringify(truth)))).toEqual(JSON.parse(JSON.stringify(truth)))
  expect(await readWarnings(write('w.ndjson', `${line}\n\n${line}`))).toHaveLength(2)
  expect(await readWarnings(write('w.ndjson.gz', gzipSync(`${line}\n`)))).toHaveLength(1)
})

test('says which file and line is wrong', async () => {
  await expect(readWarnings(join(folder, 'none.ndjson'))).rejects.toMatchObject({ code: 'not-found' })
  await expect(readWarnings(join(folder, 'none.ndjson.gz'))).rejects.toMatchObject({ code: 'not-found' })
  await expect(readWarnings(write('bad.ndjson.gz', 'not gzip'))).rejects.toMatchObject({ code: 'bad-file' })
  await expect(readWarnings(write('bad.ndjson', `${line}\n{`))).rejects.toMatchObject({ code: 'bad-file', problems: [{ line: 2, message: 'not JSON' }] })
  await expect(readWarnings(write('odd.ndjson', '{}'))).rejects.toMatchObject({ code: 'bad-file', problems: expect.arrayContaining([expect.objectContaining({ line: 1, message: '`rule` is missing' })]) })
  await expect(readTruth(write('odd.json', '{}'))).rejects.toMatchObject({ code: 'bad-file' })
})

test('prints tables', async () => {
  const text = formatScore(score(truth, await readWarnings(write('one.ndjson', line))))
  expect(text).toContain('cheaters caught   1 of 4 (25.0 %)')
  expect(text).toContain('honest accused    0 of 26 (0.0 %)')
  expect(text).toMatch(/rule +warnings +cheaters +honest +of honest +precision\nr +1 +1 +0 +0\.0 % +100\.0 %/)
})

test('is a command', () => {
  expect(scoreCommand().helpInformation()).toContain('<truth> <warnings>')
})
