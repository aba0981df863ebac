import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { InvigilError } from '../../base/errors.ts'
import { SMALL_GEO } from '../../testing/cli.ts'
import { temporary } from '../../testing/runs.ts'
import { openContext } from '../context.ts'
import { Reloader, type Keep } from './reloader.ts'

const root = temporary()
const geo = SMALL_GEO.slice(1)

async function follow(keep?: Keep) {
  const dir = join(mkdtempSync(join(root, 'r-')), 'rules')
  mkdirSync(dir)
  const write = (severity: string, more = '') => writeFileSync(join(dir, 'a.yaml'), `- { rule: a, title: a, description: a, detector: hang-up, severity: ${severity}, response: review }\n${more}`)
  write('low')
  const context = await openContext({ rules: [dir], geo, version: '1' })
  const told: string[] = []
  let heard = () => {}
  const tell = (what: string) => {
    told.push(what)
    heard()
  }
  const reloader = new Reloader(context, { rules: [dir], version: '1', watch: { poll: 10, quiet: 50 } }, {
    accepted: ({ bundle }) => tell(bundle.rules[0]?.severity ?? ''), refused: (e) => tell(e.message), mended: () => tell('mended'),
  }, keep)
  onTestFinished(() => reloader.close())
  /** What it tells next, after `doing`. */
  const after = async (doing: () => void) => {
    const next = new Promise<void>((done) => (heard = done))
    doing()
    await next
    return told.at(-1)
  }
  return { context, reloader, write, told, after }
}

test('offers the newest good rules, once; what is refused takes nothing away', async () => {
  const { reloader, write, after } = await follow()
  expect(reloader.take()).toBeUndefined()
  expect(await after(() => write('medium'))).toBe('medium')
  expect(await after(() => write('high'))).toBe('high')
  expect(await after(() => write('highest'))).toBe('1 problem in the rules')
  expect(reloader.isReady).toBe(true)
  expect(reloader.take()?.bundle.rules[0]?.severity).toBe('high')
  expect([reloader.isReady, reloader.take()]).toEqual([false, undefined])
  expect(await after(() => write('high', '# the same\n'))).toBe('mended')
  expect(reloader.isReady).toBe(false)
})

test('tests of rules that are off, and those with a mistake, count like all others', async () => {
  const { reloader, write, after } = await follow()
  const off = (given: string) => `- { rule: b, title: b, description: b, detector: hang-up, severity: low, response: review, mode: off, tests: [{ it: warns, given: '${given}', expect: [{}] }] }\n`
  expect(await after(() => write('medium', off('08:00:00 played L1 chapter=c1')))).toBe('1 of 1 tests of the rules failed')
  expect(await after(() => write('medium', off('08:00:00 playd L1 chapter=c1')))).toBe('1 problem in the rules')
  expect(reloader.isReady).toBe(false)
})

test('there and back again is offered, since what was there is not in force any more for whoever has taken the other', async () => {
  const { context, reloader, write, after } = await follow()
  await after(() => write('medium'))
  reloader.take()
  await after(() => write('low'))
  expect(reloader.take()?.hash).toBe(context.hash)
})

test('what could not be kept, as on a full disk, is told once and tried again though no file changes', { timeout: 30_000 }, async () => {
  let tries = 0
  const { reloader, write, after, told } = await follow(() => (++tries < 3 ? Promise.reject(new InvigilError('disk-full', 'no room')) : Promise.resolve()))
  expect(await after(() => write('medium'))).toBe('no room')
  expect(reloader.isReady).toBe(false)
  expect(await after(() => undefined)).toBe('medium')
  expect([told, tries]).toEqual([['no room', 'medium'], 3])
})

test('a bug ends it for whoever asks', async () => {
  const { reloader, write } = await follow(() => Promise.reject(new Error('a bug')))
  write('medium')
  await expect(reloader.until(new AbortController().signal)).rejects.toThrow('a bug')
  expect(reloader.isReady).toBe(true)
  expect(() => reloader.take()).toThrow('a bug')
})
