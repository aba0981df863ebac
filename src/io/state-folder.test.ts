import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { StateFolder } from './state-folder.ts'

const root = mkdtempSync(join(tmpdir(), 'invigil-'))
afterAll(() => rmSync(root, { recursive: true }))

let dirs = 0
const fresh = () => join(root, `state${dirs++}`, 'deep')
const bytes = (text: string) => new Uint8Array(Buffer.from(text))

async function read(folder: StateFolder, name: string): Promise<string> {
  let text = ''
  for await (const chunk of folder.read(name)) text += Buffer.from(chunk).toString()
  return text
}

test('what was committed is there; nothing is before', async () => {
  const dir = fresh()
  const folder = await StateFolder.open(dir)
  expect(await folder.manifest()).toBeUndefined()
  const name = await folder.write([bytes('one'), bytes(''), bytes('two')])
  expect(await folder.manifest()).toBeUndefined()
  await folder.commit(bytes('first'), [name])
  await folder.close()
  const again = await StateFolder.open(dir)
  expect(Buffer.from((await again.manifest()) as Uint8Array).toString()).toBe('first')
  expect(await read(again, name)).toBe('onetwo')
  await again.close()
})

test('large files come back in pieces, whole', async () => {
  const folder = await StateFolder.open(fresh())
  const chunks = Array.from({ length: 5 }, (_, i) => new Uint8Array(700_000).fill(i))
  const name = await folder.write(chunks)
  const pieces: Uint8Array[] = []
  for await (const piece of folder.read(name)) pieces.push(new Uint8Array(piece))
  expect(Buffer.concat(pieces).equals(Buffer.concat(chunks))).toBe(true)
  expect(pieces.length).toBeGreaterThan(1)
  await folder.close()
})

test('nothing is overwritten; what no manifest names goes with the next commit, and not before', async () => {
  const dir = fresh()
  const folder = await StateFolder.open(dir)
  const [a, b] = [await folder.write([bytes('a')]), await folder.write([bytes('b')])]
  await folder.commit(bytes('1'), [a, b])
  // A snapshot that was cut short.
  const c = await folder.write([bytes('c')])
  writeFileSync(join(dir, 'manifest.new'), 'half')
  expect(await read(folder, a)).toBe('a')
  const d = await folder.write([bytes('d')])
  await folder.commit(bytes('2'), [b, d])
  expect(readdirSync(dir).filter((f) => f.startsWith('keys-')).sort()).toEqual([b, d].sort())
  expect(readFileSync(join(dir, 'manifest'), 'utf8')).toBe('2')
  await expect(read(folder, c)).rejects.toMatchObject({ code: 'bad-state' })
  await folder.close()
})

test('a write that fails leaves what was committed', async () => {
  const dir = fresh()
  const folder = await StateFolder.open(dir)
  const a = await folder.write([bytes('a')])
  await folder.commit(bytes('1'), [a])
  const failing = function* () {
    yield bytes('x')
    throw new Error('no more')
  }
  await expect(folder.write(failing())).rejects.toThrow('no more')
  // Nor does it take room that the next attempt may need.
  expect(readdirSync(dir).filter((f) => f.startsWith('keys-'))).toEqual([a])
  expect([await read(folder, a), Buffer.from((await folder.manifest()) as Uint8Array).toString()]).toEqual(['a', '1'])
  await folder.close()
})

describe('the folder belongs to one process', () => {
  test('while another lives, it is refused, with its number', async () => {
    const dir = fresh()
    await (await StateFolder.open(dir)).close()
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    writeFileSync(join(dir, 'lock'), String(other.pid))
    await expect(StateFolder.open(dir)).rejects.toMatchObject({ code: 'bad-state', message: expect.stringContaining(`process ${other.pid}`) as string })
    const gone = new Promise((done) => other.once('exit', done))
    other.kill('SIGKILL')
    await gone
    // What a killed process left is what recovery is for.
    await (await StateFolder.open(dir)).close()
  })

  test('it is free again when closed, and leaves nothing behind', async () => {
    const dir = fresh()
    const folder = await StateFolder.open(dir)
    expect(readFileSync(join(dir, 'lock'), 'utf8')).toBe(String(process.pid))
    await folder.close()
    expect(readdirSync(dir)).toEqual([])
  })

  test('a lock that names nobody does not lock for ever', async () => {
    const dir = fresh()
    await (await StateFolder.open(dir)).close()
    writeFileSync(join(dir, 'lock'), '')
    await (await StateFolder.open(dir)).close()
    expect(existsSync(join(dir, 'lock'))).toBe(false)
  })
})

test('where no folder can be, the user is told', async () => {
  writeFileSync(join(root, 'file'), '')
  await expect(StateFolder.open(join(root, 'file'))).rejects.toMatchObject({ code: 'usage' })
})
