import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readRuleSources, readText } from './texts.ts'

test('the YAML files of a directory and of its regulations, in name order', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'invigil-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  await mkdir(join(dir, 'regulations'))
  await mkdir(join(dir, 'other.yaml'))
  for (const name of ['b.yaml', 'a.yml', '.a.yml', 'notes.md', 'regulations/r.yaml']) await writeFile(join(dir, name), name)
  expect(await readRuleSources([dir])).toEqual([
    { dir, files: ['a.yml', 'b.yaml', 'regulations/r.yaml'].map((name) => ({ path: join(dir, name), text: name })) },
  ])
  await expect(readRuleSources([dir, join(dir, 'none')])).rejects.toMatchObject({ code: 'not-found', message: `there is no rules directory \`${join(dir, 'none')}\`` })
})

test.each([
  ['GBK', Buffer.concat([Buffer.from('a: 1\nb: '), Buffer.from([0xc4, 0xe3]), Buffer.from('\n')]), 'is not valid UTF-8 in line 2; write it in UTF-8, as with `iconv -f GB18030 -t UTF-8`'],
  ['UTF-16', Buffer.from('\ufeffa: 1', 'utf16le'), 'is written in UTF-16; convert it, as with `iconv -f UTF-16 -t UTF-8`'],
  ['gzip', Buffer.from([0x1f, 0x8b, 8]), 'is compressed with gzip; unpack it'],
])('what is not UTF-8 is said to be so: %s', async (_, bytes, message) => {
  const dir = await mkdtemp(join(tmpdir(), 'invigil-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  await writeFile(join(dir, 'a.yaml'), bytes)
  await expect(readText(join(dir, 'a.yaml'))).rejects.toMatchObject({ code: 'bad-file', message: `\`${join(dir, 'a.yaml')}\` ${message}` })
})

test('a directory without rules, and a file in its place', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'invigil-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  await expect(readRuleSources([dir])).rejects.toMatchObject({ code: 'not-found', message: `there is no \`.yaml\` file in the rules directory \`${dir}\`` })
  await writeFile(join(dir, 'a.yaml'), '')
  await expect(readRuleSources([join(dir, 'a.yaml')])).rejects.toMatchObject({ code: 'usage' })
})
