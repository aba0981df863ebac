import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { bytes, manifest, storeLaws } from '../testing/store-laws.ts'
import { StateFolder } from './state-folder.ts'

const root = mkdtempSync(join(tmpdir(), 'invigil-'))
afterAll(() => rmSync(root, { recursive: true }))

let dirs = 0
const fresh = () => join(root, `state${dirs++}`, 'deep')

storeLaws(() => {
  const dir = fresh()
  return { open: () => StateFolder.open(dir), files: async () => readdirSync(dir).filter((f) => f.startsWith('keys-')) }
})

test('a manifest that was cut short is none', async () => {
  const dir = fresh()
  const folder = await StateFolder.open(dir)
  await folder.commit(bytes('1'), [])
  writeFileSync(join(dir, 'manifest.new'), 'half')
  expect(await manifest(folder)).toBe('1')
  await folder.commit(bytes('2'), [])
  expect(readFileSync(join(dir, 'manifest'), 'utf8')).toBe('2')
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
