import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startShell } from '../testing/cli.ts'
import { temporary } from '../testing/runs.ts'
import { LineReader } from '../io/lines.ts'
import { GrowingFile } from './growing-file.ts'

const dir = temporary()

test.each([0, 1, 5, 70_000, 200_000])('a line of %i bytes that a crash has cut becomes a blank one, and the file is no shorter for those who follow it', async (torn) => {
  const path = join(dir, `torn-${torn}`)
  writeFileSync(path, `{"a":1}\n${'x'.repeat(torn)}`)
  const reader = await LineReader.open(path, { follow: true })
  const seen: string[] = []
  const read = async (): Promise<void> => {
    do while (reader.next()) seen.push(reader.bytes.toString('utf8', reader.start, reader.end))
    while (await reader.fill())
  }
  await read()
  const { file, mended } = await GrowingFile.open(path)
  expect(mended).toBe(torn)
  expect(statSync(path).size).toBeGreaterThanOrEqual(8 + torn)
  await file.write(Buffer.from('{"b":2}\n'))
  await file.sync()
  await read()
  // What the reader had seen of the torn line, it has; the line behind it is whole.
  expect(seen.at(0)).toBe('{"a":1}')
  expect(seen.at(-1)?.slice(0, 20)).toBe('{"b":2}')
  expect(reader.fault).toBeUndefined()
  expect(readFileSync(path, 'utf8').split('\n').map((l) => l.trim()).filter((l) => l !== '')).toEqual(['{"a":1}', '{"b":2}'])
  await reader.close()
  await file.close()
})

test('what is whole stays as it is, and another writer at the end is not overwritten', async () => {
  const path = join(dir, 'whole')
  writeFileSync(path, 'a\nb\n')
  const { file, mended } = await GrowingFile.open(path)
  appendFileSync(path, 'c\n')
  await file.write(Buffer.from('d\n'))
  expect(mended).toBe(0)
  expect(readFileSync(path, 'utf8')).toBe('a\nb\nc\nd\n')
  await file.close()
})

test('where the disk is full in the middle of a line, that line is finished before the next one is begun', async () => {
  // A real limit of the system on the size of a file, 64 KiB here: a write up to it is cut short, the next one fails.
  const path = join(dir, 'full')
  const module = new URL('../../dist/serve/growing-file.js', import.meta.url).pathname
  const script = `
    const { GrowingFile } = await import(${JSON.stringify(module)})
    const { file } = await GrowingFile.open(${JSON.stringify(path)})
    const line = (c, n) => Buffer.from(c.repeat(n) + '\\n')
    await file.write(line('a', 60000))
    process.on('SIGXFSZ', () => {})
    const outcome = await file.write(Buffer.concat([line('b', 3000), line('c', 9000), line('d', 10)])).catch((e) => e.code)
    const again = await file.write(line('e', 10)).catch((e) => e.code)
    const { truncateSync, statSync } = await import('node:fs')
    console.log(JSON.stringify([outcome, again, statSync(${JSON.stringify(path)}).size]))
    const { execFileSync } = await import('node:child_process')
    execFileSync('prlimit', ['--pid', String(process.pid), '--fsize=unlimited'])
    await file.write(line('f', 10))
    await file.sync()`
  const { ended } = startShell(`prlimit --fsize=65536:unlimited node --input-type=module -e "$SCRIPT"`.replace('$SCRIPT', script.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('$', '\\$')))
  const { out, err, code } = await ended
  expect(code, err).toBe(0)
  expect(JSON.parse(out)).toEqual(['disk-full', 'disk-full', 65_536])
  // Of what failed, the line that was begun is whole; what stood behind it was not acknowledged and is not there.
  expect(readFileSync(path, 'utf8').split('\n').map((l) => [l[0], l.length])).toEqual([['a', 60_000], ['b', 3000], ['c', 9000], ['f', 10], [undefined, 0]])
})
