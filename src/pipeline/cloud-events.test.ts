import { expect, test } from 'vitest'
import { buildPrompts } from '../warnings/build.ts'
import { warningSchema, type Warning } from '../warnings/warning.ts'
import { Event } from '../telemetry/event.ts'
import { lateMessage, promptMessage, warningMessage } from './cloud-events.ts'

const RAISED = '2026-03-02T00:52:59.000Z'
const warning: Warning = {
  format: 1, id: 'abcdef0123456789abcdef0123456789', revision: 2, episode: 'ongoing', rule: 'shared-ip', detector: 'shared-ip', ruleVersion: 'r', context: 'c', basis: [],
  severity: 'high', response: 'warn', subject: { kind: 'ip', platform: 'yunxue', id: '2001:da8::1' }, learners: [{ platform: 'yunxue', id: '张三' }, { platform: 'yunxue', id: 'L2' }],
  institutions: [], chapters: ['c1'], begin: RAISED, end: RAISED, raised: RAISED, disputed: [], case: 'k', summary: { en: 'two', zh: '两' }, facts: {}, evidence: { events: [], count: 0 }, coverage: { state: 'full' },
}

test('a warning is a CloudEvent under its id, with the bytes of a line of the file', () => {
  const { key, value, headers } = warningMessage(warning)
  expect(warningSchema.parse(JSON.parse(value.toString()))).toEqual(warning)
  expect(value.toString()).toBe(JSON.stringify(warning))
  expect(key).toBe(warning.id)
  expect(headers).toEqual({
    ce_specversion: '1.0', ce_type: 'invigil.warning.v1', ce_source: 'invigil', ce_id: 'abcdef0123456789abcdef0123456789.2', ce_subject: 'ip/yunxue/2001:da8::1', ce_time: RAISED,
    'content-type': 'application/json',
  })
  expect(warningMessage({ ...warning, revision: 3 }).headers.ce_id).toBe('abcdef0123456789abcdef0123456789.3')
})

test('the parts of a subject can be told apart, and hold nothing that an attribute must not', () => {
  const subject = { kind: 'account' as const, platform: 'a/b%', id: 'x/y%\n\u0085é@' }
  const parts = (warningMessage({ ...warning, subject }).headers.ce_subject as string).split('/')
  expect(parts.slice(0, 2)).toEqual(['account', 'a%2Fb%25'])
  expect(parts.slice(2).join('/')).toBe('x/y%25%0A%C2%85é@')
  expect(decodeURIComponent(parts.slice(2).join('/'))).toBe(subject.id)
})

test('each learner of a warning gets a prompt of its own id, under its own key', () => {
  const prompts = buildPrompts(warning, { en: 'please: {summary}' }, Date.parse(RAISED)).map(promptMessage)
  expect(prompts.map((p) => p.key)).toEqual(['yunxue\u0000张三', 'yunxue\u0000L2'])
  expect(prompts.map((p) => p.headers.ce_subject)).toEqual(['learner/yunxue/张三', 'learner/yunxue/L2'])
  expect(new Set(prompts.map((p) => p.headers.ce_id)).size).toBe(2)
  expect(prompts[0]?.headers).toMatchObject({ ce_type: 'invigil.prompt.v1', ce_id: expect.stringMatching(/^abcdef0123456789abcdef0123456789\.[0-9a-f]{16}$/) as string, ce_time: RAISED })
  expect(JSON.parse(String(prompts[1]?.value))).toMatchObject({ learner: 'L2', text: { en: 'please: two' } })
})

test('a late event is told with its bytes, where they stand and the watermark that it missed', () => {
  const event = Object.assign(new Event(), { id: 'e1', time: Date.UTC(2026, 2, 2), platform: 'p1', learner: 'L1', raw: '{"名":1}' })
  const { key, value, headers } = lateMessage({ event, watermark: Date.UTC(2026, 2, 2, 1) }, { topic: 'invigil.telemetry', partition: 3, offset: 42 })
  expect(key).toBe('p1\u0000L1')
  expect(JSON.parse(value.toString())).toEqual({
    format: 1, platform: 'p1', learner: 'L1', id: 'e1', time: '2026-03-02T00:00:00.000Z', watermark: '2026-03-02T01:00:00.000Z',
    topic: 'invigil.telemetry', partition: 3, offset: 42, text: '{"名":1}',
  })
  expect(headers).toMatchObject({ ce_type: 'invigil.late.v1', ce_id: 'invigil.telemetry/3/42', ce_subject: 'learner/p1/L1', ce_time: '2026-03-02T00:00:00.000Z' })
})
