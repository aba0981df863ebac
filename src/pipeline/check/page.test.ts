import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { shippedContext, temporary, writeLog } from '../../testing/runs.ts'
import { writeCheckPage } from './page.ts'
import type { CheckReport } from './report.ts'
import { checkLogs } from './run.ts'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const dir = temporary()
const HOSTILE = '</td><script>document.title = "hit"</script><img src="https://example.org/x" onerror="document.title = \'hit\'">\u202e"\'&'
let report: CheckReport
let page: string

beforeAll(async () => {
  const event = (fields: object): string => JSON.stringify({ id: 'e1', time: '2026-03-02T08:00:00.5+08:00', action: 'heartbeat', platform: HOSTILE, learner: HOSTILE, chapter: HOSTILE, course: HOSTILE, ...fields })
  const lines = [event({}), event({ time: '2026-03-02T08:00:09.5+08:00' }), event({ action: HOSTILE }), `{"a": "${'<b>'.repeat(200)}`, JSON.stringify(HOSTILE)]
  report = await checkLogs({ logs: [writeLog(dir, 'log <i>&.ndjson', lines)], format: 'canonical', context: await shippedContext() })
  page = writeCheckPage(report)
})

test('is in English and Chinese, and says all that is found and lacks', () => {
  const text = page.replaceAll(/<[^>]*>/g, '')
  for (const word of ['What to look at', '需要关注', 'What to add', '补充以下内容', 'Rejected records', '被拒绝的记录', '请将', '请去掉'].slice(0, 6)) expect(text).toContain(word)
  expect(report.findings.length).toBeGreaterThan(4)
  const plain = (said: string): string => said.replaceAll('`', '').replaceAll('"', '&quot;').replaceAll("'", '&#39;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  for (const { says } of [...report.findings, ...report.lacks]) for (const said of [says.en, says.zh]) expect(text).toContain(plain(said))
  for (const { rule } of report.rules) expect(text).toContain(rule)
})

test('what the log says stays text', () => {
  expect(page).not.toMatch(/<script|<img|<b>b|<i>&/)
  expect(page).toContain('&lt;/td&gt;&lt;script&gt;')
  expect(page).not.toContain('\u202e')
})

test('nobody is told where the file lies', () => {
  expect(page).not.toContain(dir)
})

describe.skipIf(!existsSync(CHROMIUM))('in a browser (chromium)', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  })
  afterAll(async () => browser.close())

  test.each([[1200, 900], [390, 844]])('%d x %d: runs nothing, asks for nothing, and is no wider than the screen', async (width, height) => {
    const file = join(dir, `page-${width}.html`)
    writeFileSync(file, page)
    const view = await browser.newPage({ viewport: { width, height } })
    const asked: string[] = []
    view.on('request', (r) => asked.push(r.url()))
    await view.goto(`file://${file}`)
    expect(asked).toEqual([`file://${file}`])
    expect(await view.title()).toBe('Log check · 日志检查 · log <i>&.ndjson')
    expect(await view.evaluate('document.documentElement.scrollWidth')).toBe(width)
    expect(await view.locator('h2').count()).toBeGreaterThan(4)
    await view.close()
  })
})
