import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { run, temporary, writeLog } from '../testing/runs.ts'
import { openContext, type OpenContext } from './context.ts'

const rules = `- conditions: { fast: elapsed < 1.0 }
- rule: fast
  title: Fast answers
  description: Answers that nobody can have read the question for.
  detector: match
  severity: low
  response: review
  params: { where: action == "answered" && fast, by: [course] }
- rule: crowd
  title: A crowd
  description: Many on one device.
  detector: threshold
  severity: low
  response: review
  params: { over: device, distinct: learner, window: 1h, most: 1 }
- rule: elsewhere
  title: Elsewhere
  description: Not in China.
  detector: match
  severity: low
  response: review
  params: { where: place.province != "Yunnan" }
`
const dir = temporary()
let context: OpenContext

beforeAll(async () => {
  mkdirSync(join(dir, 'rules'))
  writeFileSync(join(dir, 'rules', 'own.yaml'), rules)
  context = await openContext({ rules: [join(dir, 'rules')], version: 'test' })
})

const event = (n: number, platform: string, learner: string, fields: object) =>
  JSON.stringify({ id: `e${n}`, time: `2026-03-02T08:${String(n).padStart(2, '0')}:00Z`, action: 'answered', platform, learner, ...fields })

test('a platform that does not send what a rule reads is not evaluable for it, and never clean', async () => {
  const log = writeLog(dir, 'log.ndjson', [
    event(1, 'tells', 'A', { course: 'k', elapsed: 0.5, device: 'd' }),
    event(2, 'tells', 'B', { course: 'k', device: 'd' }),
    event(3, 'silent', 'A', { course: 'k' }),
    event(4, 'silent', 'B', { course: 'k' }),
    event(5, 'asks-nothing', 'A', { action: 'logged-in', elapsed: 0.5, course: 'k', ip: '10.0.0.1' }),
  ])
  const { summary, warnings } = await run(dir, { logs: [log], context })
  expect(new Set(warnings.map((w) => `${w.rule} ${w.subject.platform}/${w.subject.id}`))).toEqual(new Set(['fast tells/A', 'crowd tells/d']))
  const rows = new Map(summary.coverage.map((c) => [`${c.rule} ${c.platform}`, `${c.state}: ${c.why.join(', ')}`]))
  expect(rows.get('fast tells')).toBe('judged: ')
  expect(rows.get('fast silent')).toBe('not evaluable: no event carries `elapsed`')
  expect(rows.get('fast asks-nothing')).toBe('not evaluable: no event of `answered`, no event carries `course`, no event carries `elapsed`')
  expect(rows.get('crowd silent')).toBe('not evaluable: no event carries `device`')
  expect(rows.get('elsewhere silent')).toBe('not evaluable: no event carries `ip`')
  expect(rows.get('elsewhere asks-nothing')).toBe('not evaluable: no address is known to its province')
  // A condition on what this one event lacks is no guess, but no fault goes unseen either.
  expect(summary.faults).toMatchObject([{ rule: 'fast', part: 'params.where', message: 'no such overload: null < double', count: 1 }])
})

test('a bundle is made again from its own texts, lists and conditions included', async () => {
  const { loadRules } = await import('../rules/load.ts')
  const { detectors } = await import('../detectors/index.ts')
  expect(loadRules(context.bundle.texts, { detectors }).hash).toBe(context.bundle.hash)
})
