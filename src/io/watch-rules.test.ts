import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, expect, test } from 'vitest'
import { temporary } from '../testing/runs.ts'
import { RulesWatch, type Settled } from './watch-rules.ts'

const root = temporary()
const QUIET = 150
let dir = ''
let watch: RulesWatch

beforeEach(() => {
  dir = mkdtempSync(join(root, 'r-'))
  watch = new RulesWatch([dir], { poll: 10, quiet: QUIET })
})

const write = (name: string, text: string) => writeFileSync(join(dir, name), text)
const texts = (settled: Settled | undefined) => (settled && 'sources' in settled ? settled.sources.flatMap((s) => s.files.map((f) => `${f.path.slice(dir.length + 1)}=${f.text}`)) : settled?.error.message)
const next = async () => texts(await watch.next(new AbortController().signal))
/** What comes within a while; undefined where nothing does. */
const soon = async () => texts(await watch.next(AbortSignal.timeout(4 * QUIET)))

test('hands out what lies there, and then only what has changed', async () => {
  write('a.yaml', '1')
  mkdirSync(join(dir, 'regulations'))
  write('regulations/r.yaml', 'r')
  expect(await next()).toEqual(['a.yaml=1', 'regulations/r.yaml=r'])
  expect(await soon()).toBeUndefined()
  write('b.yml', '2')
  expect(await next()).toEqual(['a.yaml=1', 'b.yml=2', 'regulations/r.yaml=r'])
  rmSync(join(dir, 'a.yaml'))
  expect(await next()).toEqual(['b.yml=2', 'regulations/r.yaml=r'])
})

test('waits until a file that is written bit by bit is quiet', async () => {
  write('a.yaml', 'old')
  await next()
  let written = ''
  const writing = (async () => {
    for (let i = 0; i < 12; i++) {
      written += i
      write('a.yaml', written)
      await sleep(QUIET / 5)
    }
  })()
  expect(await next()).toEqual(['a.yaml=01234567891011'])
  await writing
})

test('a directory that never rests is told, and read once it does', async () => {
  const impatient = new RulesWatch([dir], { poll: 10, quiet: QUIET, patience: 3 * QUIET })
  let n = 0
  const writing = setInterval(() => write('a.yaml', String(n++)), QUIET / 10)
  expect(texts(await impatient.next(new AbortController().signal))).toBe(`the rules in \`${dir}\` do not stop changing; let them rest for 150ms, or swap a directory by a link`)
  clearInterval(writing)
  expect(texts(await impatient.next(new AbortController().signal))).toEqual([`a.yaml=${n - 1}`])
})

test('sees a file that was replaced by another of the same size and date', async () => {
  write('a.yaml', 'one')
  utimesSync(join(dir, 'a.yaml'), 1, 1)
  await next()
  write('.a.yaml.swp', 'two')
  utimesSync(join(dir, '.a.yaml.swp'), 1, 1)
  renameSync(join(dir, '.a.yaml.swp'), join(dir, 'a.yaml'))
  expect(await next()).toEqual(['a.yaml=two'])
  // And one that was written in place.
  write('a.yaml', 'six')
  utimesSync(join(dir, 'a.yaml'), 1, 1)
  expect(await next()).toEqual(['a.yaml=six'])
})

test('what editors leave there while they work is no rule', async () => {
  write('a.yaml', '1')
  await next()
  symlinkSync('nobody@nowhere.1', join(dir, '.#a.yaml'))
  write('.a.yaml', 'half')
  write('a.yaml~', 'old')
  write('4913', '')
  expect(await soon()).toBeUndefined()
})

test('follows links that are swapped, as those of mounted configuration', async () => {
  const version = (n: number) => {
    mkdirSync(join(dir, `..v${n}`))
    write(`..v${n}/a.yaml`, `a${n}`)
    write(`..v${n}/b.yaml`, `b${n}`)
    symlinkSync(`..v${n}`, join(dir, '..next'))
    renameSync(join(dir, '..next'), join(dir, '..data'))
  }
  version(1)
  for (const name of ['a.yaml', 'b.yaml']) symlinkSync(join('..data', name), join(dir, name))
  expect(await next()).toEqual(['a.yaml=a1', 'b.yaml=b1'])
  version(2)
  expect(await next()).toEqual(['a.yaml=a2', 'b.yaml=b2'])
})

test('never mixes two versions, however often they are swapped while they are read', async () => {
  for (const n of [1, 2]) {
    mkdirSync(join(dir, `..v${n}`))
    for (const name of ['a.yaml', 'b.yaml', 'c.yaml']) write(`..v${n}/${name}`, `${n}`.repeat(50_000 * n))
  }
  const swap = (n: number) => {
    symlinkSync(`..v${n}`, join(dir, '..next'))
    renameSync(join(dir, '..next'), join(dir, '..data'))
  }
  swap(1)
  for (const name of ['a.yaml', 'b.yaml', 'c.yaml']) symlinkSync(join('..data', name), join(dir, name))
  const stop = new AbortController()
  const swapping = (async () => {
    for (let i = 0; !stop.signal.aborted; i++) {
      swap(1 + (i % 2))
      // At times at once again, at times with a pause in which all can be read.
      if (i % 16 < 13) await new Promise(setImmediate)
      else await sleep(i % 5)
    }
  })()
  // Nothing is waited for: whatever looks the same twice is read.
  let read = 0
  while (read < 80) {
    const settled = await new RulesWatch([dir], { poll: 0, quiet: 0 }).next(AbortSignal.timeout(200))
    if (settled === undefined || !('sources' in settled)) continue
    read++
    expect(new Set(settled.sources.flatMap((s) => s.files.map((f) => f.text[0]))).size).toBe(1)
  }
  stop.abort()
  await swapping
})

test('a directory that is gone, a file that is no text and one that cannot be read are told, once; then what takes their place', async () => {
  expect(await next()).toBe(`there is no \`.yaml\` file in the rules directory \`${dir}\``)
  expect(await soon()).toBeUndefined()
  rmSync(dir, { recursive: true })
  expect(await next()).toBe(`there is no rules directory \`${dir}\``)
  mkdirSync(dir)
  writeFileSync(join(dir, 'a.yaml'), Buffer.from([0x61, 0xff]))
  expect(await next()).toContain('is not valid UTF-8 in line 1')
  write('a.yaml', '1')
  expect(await next()).toEqual(['a.yaml=1'])
  symlinkSync('nowhere', join(dir, 'b.yaml'))
  expect(await next()).toBe(`there is no file \`${join(dir, 'b.yaml')}\``)
})

test('a change of rights or a copy of itself is looked at, and is the same text', async () => {
  write('a.yaml', '1')
  await next()
  chmodSync(join(dir, 'a.yaml'), 0o600)
  expect(await next()).toEqual(['a.yaml=1'])
  copyFileSync(join(dir, 'a.yaml'), join(dir, 'kept'))
  renameSync(join(dir, 'kept'), join(dir, 'a.yaml'))
  expect(await next()).toEqual(['a.yaml=1'])
})
