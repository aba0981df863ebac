import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readRuleSources } from './texts.ts'

test('the YAML files of a directory and of its regulations, in name order', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'invigil-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  await mkdir(join(dir, 'regulations'))
  await mkdir(join(dir, 'other.yaml'))
  for (const name of ['b.yaml', 'a.yml', 'notes.md', 'regulations/r.yaml']) await writeFile(join(dir, name), name)
  expect(await readRuleSources([dir])).toEqual([
    { dir, files: ['a.yml', 'b.yaml', 'regulations/r.yaml'].map((name) => ({ path: join(dir, name), text: name })) },
  ])
  await expect(readRuleSources([dir, join(dir, 'none')])).rejects.toMatchObject({ code: 'not-found', message: `there is no rules directory \`${join(dir, 'none')}\`` })
})
