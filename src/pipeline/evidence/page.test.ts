import { expect, test } from 'vitest'
import { cases, contextOf, type Fixture } from '../../testing/fixtures.ts'
import { feedOf, VERSION } from '../../testing/evidence.ts'
import { run, temporary, writeLog } from '../../testing/runs.ts'
import { html } from './html.ts'
import { makeEvidence, packEvidence, type Made } from './make.ts'
import { writePage } from './page.ts'
import { measuresOf, storyOf } from './story.ts'

const dir = temporary()
const EVIL = `<img src=x onerror=alert(1)>"'&\u202e`

test('whatever is put into a page is text', () => {
  expect(html`<p title="${EVIL}">${['a', html`<b>${EVIL}</b>`, undefined, 3]}</p>`.text).toBe(
    '<p title="&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;\\u202e">a<b>&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;\\u202e</b>3</p>')
})

test('a page about a learner, chapter and session with evil names holds no markup of theirs, and asks for nothing from elsewhere', async () => {
  const beat = (t: number, session: string, chapter: string) =>
    JSON.stringify({ id: `${EVIL}${t}${session}`, time: new Date(Date.UTC(2026, 2, 2, 0, 0, t)).toISOString(), action: t < 20 ? 'played' : 'heartbeat', platform: EVIL, learner: EVIL, session: `${EVIL}${session}`, chapter: `${EVIL}${chapter}`, position: t })
  const lines = Array.from({ length: 12 }, (_, i) => [beat(10 * i, 's1', 'c1'), beat(10 * i + 1, 's2', 'c2')]).flat()
  const log = writeLog(dir, 'evil.ndjson', lines)
  const { warnings } = await run(dir, { logs: [log] })
  const id = warnings.find((w) => w.rule === 'parallel-chapters')?.id as string
  const [{ evidence }] = (await makeEvidence(await feedOf(log, await contextOf({ catalogue: undefined })), [id], { version: VERSION })) as [Made]
  const page = writePage(await storyOf(evidence), { bundle: packEvidence(evidence) })
  expect(page).toContain('&lt;img src=x onerror')
  expect(page).not.toMatch(/<img|<script|\u202e/)
  expect(page).not.toMatch(/(?:src|href)\s*=|url\(|@import/i.exec(page.replaceAll('&lt;img src=x', ''))?.[0] ?? 'never')
})

test.each(['parallel-chapters', 'lockstep', 'brushing-rhythm'])('the page about %s tells all of it, in both languages, and is the same each time', async (name) => {
  const fixture = cases().find((c) => c.name === name) as Fixture
  const context = await contextOf(fixture)
  const { warnings } = await run(dir, { logs: [fixture.log], context })
  const last = warnings.at(-1) as (typeof warnings)[number]
  const [{ evidence }] = (await makeEvidence(await feedOf(fixture.log, context), [last.id], { version: VERSION })) as [Made]
  const story = await storyOf(evidence)
  const page = writePage(story, { bundle: packEvidence(evidence), file: 'some.zip' })
  for (const text of [last.id, last.subject.id, last.ruleVersion, last.context, 'invigil verify some.zip', ...story.articles.flatMap((a) => [a.en, a.zh])]) expect(page).toContain(html`${text}`.text)
  for (const text of [last.summary.en, last.summary.zh]) expect(page).toContain(html`${text}`.text)
  for (const id of last.evidence.events) expect(page).toContain(`<code>${id}</code>`)
  for (const d of last.disputed) expect(page).toContain(`<bdi>${d.chapter}</bdi>`)
  expect(page.match(/<section>/g)?.length).toBe(page.match(/<\/section>/g)?.length)
  expect(writePage(await storyOf(evidence), { bundle: packEvidence(evidence), file: 'some.zip' })).toBe(page)
})

test('measured and limit stand beside each other, whichever way a detector tells of them', () => {
  expect(measuresOf({ facts: { chapters: 2, seconds: 31, limitSeconds: 30, concurrency: 1.5, limitConcurrency: 1.05 } }, {})).toEqual([
    { name: 'seconds', value: 31, limit: 30 }, { name: 'concurrency', value: 1.5, limit: 1.05 },
  ])
  expect(measuresOf({ facts: { kind: 'none', count: 0, seconds: 1227, limit: 1200 } }, {})).toEqual([{ name: 'seconds', value: 1227, limit: 1200 }])
  expect(measuresOf({ facts: { jumpSeconds: 40, limitSeconds: 10, coverage: 0.5, limitCoverage: 0.9 } }, {})).toEqual([{ name: 'jumpSeconds', value: 40, limit: 10 }, { name: 'coverage', value: 0.5, limit: 0.9 }])
  expect(measuresOf({ facts: { signs: [{ sign: 'many-chapters', value: 4.3, usual: 2 }, { sign: 'odd' }] } }, {})).toEqual([{ name: 'many-chapters', value: 4.3, limit: 2 }])
  expect(measuresOf({ facts: { score: 0.7, minutes: 46 } }, { threshold: 0.6 })).toEqual([{ name: 'score', value: 0.7, limit: 0.6 }])
  expect(measuresOf({ facts: { learners: ['a'], boundaries: 9 } }, { coincidences: 6 })).toEqual([])
})
