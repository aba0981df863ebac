import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Catalogue } from '../../catalogue/index.ts'
import { NO_CHROMIUM, openBrowser } from '../../testing/chromium.ts'
import { temporary } from '../../testing/runs.ts'
import { makeAudit } from './make.ts'
import { auditPage } from './page.ts'
import { auditSchema, type Audit } from './report.ts'

const dir = temporary()
const EVIL = ['<script>alert(1)</script>', `"><img src=x onerror=alert(1)>'&`, '\u202egpj.exe', 'מכללה', 'x'.repeat(300), '</style><svg onload=alert(1)>', '{{7*7}} `${1}`', '云学平台']
const DAY = Date.UTC(2026, 2, 2)
const LEARNERS = 120
const CHAPTERS = 3
const LENGTH = 1800

/** What is wrong with the page as it is shown, and which languages are seen. A text, since it runs in the browser. */
const MEASURE = `(() => {
  const { clientWidth, scrollWidth } = document.documentElement
  const all = (selector) => [...document.querySelectorAll(selector)]
  const width = (e) => e.getBoundingClientRect().width
  const seen = (e) => e.offsetParent !== null
  return {
    wide: scrollWidth - clientWidth,
    beyond: all('main *').filter((e) => !e.closest('svg, thead, .wide') && e.getBoundingClientRect().right > clientWidth + 1).map((e) => e.outerHTML.slice(0, 80)),
    scrolled: clientWidth < 700 ? all('.wide').filter((e) => e.scrollWidth > e.clientWidth).length : 0,
    small: all('main svg').filter((e) => width(e) > 0 && width(e) / Number(e.getAttribute('width')) < 0.7).length,
    squeezed: all('main td, main tbody th').filter((e) => e.textContent.trim() !== '' && width(e) > 0 && width(e) < 30).length,
    twice: all('[id]').map((e) => e.id).filter((id, i, ids) => ids.indexOf(id) !== i),
    scripts: document.scripts.length,
    english: all('main [lang=en]').some(seen),
    chinese: all('main [lang=zh]').some(seen),
  }
})()`

const platformOf = (l: number): string => EVIL[l % 4] as string
const learnerOf = (l: number): string => `${EVIL[l % EVIL.length]}-${l}`
const classOf = (l: number): string => `${EVIL[Math.floor(l / 5) % EVIL.length]}-${Math.floor(l / 5)}`

/** An audit of names that nobody should have: many learners of many classes, some of whom studied less than is claimed. */
async function evilAudit(): Promise<Audit> {
  const records: string[] = []
  const claims = ['platform,learner,class,course,chapter,seconds']
  const warnings: string[] = []
  const quoted = (s: string): string => `"${s.replaceAll('"', '""')}"`
  for (let l = 0; l < LEARNERS; l++) {
    const who = { platform: platformOf(l), learner: learnerOf(l) }
    for (let c = 0; c < CHAPTERS; c++) {
      const begin = DAY + c * 86_400_000 + (l % 24) * 3_600_000
      const credited = l % 3 === 0 ? 200 : LENGTH
      const chapter = `${EVIL[c]}`
      const [from, to] = [new Date(begin).toISOString(), new Date(begin + LENGTH * 1000).toISOString()]
      records.push(JSON.stringify({ format: 1, id: `${l} ${c}`, revision: 1, state: 'closed', kind: 'playback', ...who, class: classOf(l), institution: EVIL[l % 5], course: EVIL[5], chapter, begin: from, end: to, watched: [[0, credited]], length: LENGTH, completed: true, credited, coverage: l % 7 === 0 ? { state: 'partial', missing: EVIL[0] } : { state: 'full' } }))
      claims.push([who.platform, who.learner, classOf(l), EVIL[5] as string, chapter].map(quoted).join(',') + `,${LENGTH}`)
      if (l % 10 === 1) warnings.push(JSON.stringify({ id: `w${l} ${c}`, revision: 1, episode: 'ended', rule: EVIL[1], detector: 'hang-up', severity: 'high', response: 'withhold', learners: [{ platform: who.platform, id: who.learner }], begin: from, end: to, disputed: [{ ...who, chapter, begin: from, end: to, seconds: LENGTH }], facts: {} }))
    }
  }
  mkdirSync(dir, { recursive: true })
  const write = (name: string, lines: readonly string[]): string => {
    writeFileSync(join(dir, name), `${lines.join('\n')}\n`)
    return join(dir, name)
  }
  const catalogue = new Catalogue({
    platforms: [], networks: {}, courses: [{ id: EVIL[5] as string, title: EVIL[0], chapters: EVIL.slice(0, CHAPTERS).map((id) => ({ id, length: LENGTH, kind: 'theory' as const })) }],
    classes: Array.from({ length: LEARNERS }, (_, l) => ({ id: classOf(l), platform: platformOf(l), institution: EVIL[l % 5], courses: [], teachers: [], learners: [], hourRate: 10, timeZone: 'Asia/Shanghai' })),
  })
  return makeAudit({
    records: [write('records.ndjson', records)], claims: write('claims.csv', [...claims, 'p,,,,,1']), warnings: [write('warnings.ndjson', warnings)], catalogue, hour: 2700, tolerance: 60,
  }, { differing: () => undefined, learner: () => undefined, reject: () => undefined })
}

test('the report is what its schema says, and the same each time', async () => {
  const audit = await evilAudit()
  expect(auditSchema.parse(JSON.parse(JSON.stringify(audit)))).toEqual(audit)
  expect(await auditPage(await evilAudit(), 'both')).toBe(await auditPage(audit, 'both'))
})

test('names are text on the page, and nothing on it is from elsewhere', async () => {
  const page = await auditPage(await evilAudit(), 'both')
  const markup = page.replace(/<style>[\s\S]*?<\/style>/, '')
  expect(markup).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  expect(markup).not.toMatch(/<script|<img|onload=(?!alert\(1\)&gt;)|\u202e|<link|<iframe|href=|url\(|@import/i)
  expect(markup.match(/<section>/g)?.length).toBe(markup.match(/<\/section>/g)?.length)
  expect(page).toContain("default-src 'none'")
})

test('long lists are cut, and it is said how many are where', async () => {
  const audit = await evilAudit()
  const page = await auditPage(audit, 'en')
  expect(audit.differing.total).toBeGreaterThan(20)
  expect(page).toContain(`${audit.differing.total - 20} more are in differing.csv`)
  expect(page).toContain(`其余 ${audit.abnormal.learners.total - 20} 项见 learners.csv`)
})

test('an audit of nothing has a page, too', async () => {
  writeFileSync(join(dir, 'none.ndjson'), '')
  writeFileSync(join(dir, 'none.csv'), 'platform,learner,hours\n')
  const audit = await makeAudit({ records: [join(dir, 'none.ndjson')], claims: join(dir, 'none.csv'), catalogue: new Catalogue({ platforms: [], networks: {}, courses: [], classes: [] }), hour: 2700, tolerance: 60 }, { differing: () => undefined, learner: () => undefined, reject: () => undefined })
  expect(auditSchema.parse(JSON.parse(JSON.stringify(audit)))).toEqual(audit)
  expect(await auditPage(audit, 'both')).toContain('No warnings were given')
})

describe.skipIf(NO_CHROMIUM !== undefined)(`in a browser${NO_CHROMIUM === undefined ? '' : ` (${NO_CHROMIUM}: skipped)`}`, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser?.close())

  test.each([['a phone', 390, 844], ['a small phone', 320, 568], ['a tablet', 768, 1024], ['a screen', 1400, 900]])('it reads on %s', async (_, width, height) => {
    const file = join(dir, 'audit.html')
    writeFileSync(file, await auditPage(await evilAudit(), 'both'))
    const page = await browser.newPage({ viewport: { width, height } })
    const happened: string[] = []
    page.on('console', (m) => happened.push(`console: ${m.text()}`))
    page.on('pageerror', (e) => happened.push(`error: ${String(e)}`))
    page.on('dialog', (d) => {
      happened.push('dialog')
      void d.dismiss()
    })
    page.on('request', (r) => {
      if (r.url() !== pathToFileURL(file).href) happened.push(`request: ${r.url()}`)
    })
    await page.goto(pathToFileURL(file).href)
    const measure = (): Promise<unknown> => page.evaluate(MEASURE)
    const well = { wide: 0, beyond: [], scrolled: 0, small: 0, squeezed: 0, twice: [], scripts: 0 }
    expect(await measure()).toEqual({ ...well, english: true, chinese: true })
    await page.locator('label[for=l-zh]').click()
    expect(await measure()).toEqual({ ...well, english: false, chinese: true })
    await page.locator('label[for=l-en]').click()
    expect(await measure()).toEqual({ ...well, english: true, chinese: false })
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('.bar').isVisible()).toBe(false)
    expect(happened).toEqual([])
    await page.close()
  })

  test.each([['en', true, false], ['zh', false, true]] as const)('it begins in the language that is asked for: %s', async (language, english, chinese) => {
    const file = join(dir, `${language}.html`)
    writeFileSync(file, await auditPage(await evilAudit(), language))
    const page = await browser.newPage()
    await page.goto(pathToFileURL(file).href)
    expect(await page.locator('html').getAttribute('lang')).toBe(language)
    expect([await page.locator('h1 [lang=en]').isVisible(), await page.locator('h1 [lang=zh]').isVisible()]).toEqual([english, chinese])
    await page.close()
  })
})
