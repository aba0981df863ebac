import type { LearningRecord } from '../../records/record.ts'
import type { WireEvent } from '../../telemetry/event.ts'
import type { Review } from '../../warnings/review.ts'
import type { Prompt, Warning } from '../../warnings/warning.ts'
import type { KafkaReject, Reject } from '../rejects.ts'

/** One of each contract, for its page: about one learner and one lesson. Nobody is real. */

export const event: WireEvent = {
  id: 'e3', time: '2026-03-02T08:00:25+08:00', received: '2026-03-02T08:00:26+08:00', action: 'heartbeat', platform: 'p1', learner: 'L1', account: 'login-1', session: 's1',
  device: 'd1', ip: '42.242.8.15', class: 'k1', course: 'law', chapter: 'c1', position: 25, length: 2700, rate: 1, visible: true, muted: false, inputs: 2,
}

export const warning: Warning = {
  format: 1, id: '8b6f0b1d52f7a1c3f0a35f9f7d9f0c11', revision: 1, episode: 'ongoing', rule: 'parallel-chapters', detector: 'parallel-chapters',
  ruleVersion: 'd6b2c1f0a9e84f7b', context: '4be1f97a20c3d586', basis: [{ regulation: 'yunnan', article: 'supervision-2' }], severity: 'high', response: 'withhold',
  subject: { kind: 'learner', platform: 'p1', id: 'L1' }, learners: [{ platform: 'p1', id: 'L1' }], institutions: ['i1'], class: 'k1', course: 'law', chapters: ['c1', 'c2'],
  begin: '2026-03-02T00:00:10.000Z', end: '2026-03-02T00:00:40.000Z', raised: '2026-03-02T00:00:50.000Z',
  disputed: [{ platform: 'p1', learner: 'L1', chapter: 'c2', begin: '2026-03-02T00:00:10.000Z', end: '2026-03-02T00:00:40.000Z', seconds: 30 }],
  case: '52f7a1c3f0a35f9f',
  summary: { en: '2 chapters were played at once, which credits 30 s more than the clock (limit 30 s)', zh: '同时播放 2 个章节，比实际时间多计 30 秒（限值 30 秒）' },
  facts: { seconds: 30, limitSeconds: 30 }, evidence: { events: ['e1', 'e2', 'e3', 'e4', 'e5'], count: 5 }, coverage: { state: 'full' },
}

export const prompt: Prompt = {
  format: 1, warning: warning.id, platform: 'p1', learner: 'L1', rule: 'parallel-chapters',
  text: { en: 'You are playing c1, c2 at once. Only one of them is credited.', zh: '您正在同时播放 c1, c2，只有其中一个章节计入学时。' },
  raised: '2026-03-02T00:00:50.000Z', until: '2026-03-02T00:10:50.000Z',
}

export const record: LearningRecord = {
  format: 1, id: '0d3f5e5a7c9b4a1e8f6d2c4b6a8e0f1d', revision: 2, state: 'closed', kind: 'playback', platform: 'p1', learner: 'L1', account: 'login-1', class: 'k1', institution: 'i1',
  course: 'law', chapter: 'c1', begin: '2026-03-02T00:00:00.000Z', end: '2026-03-02T00:45:20.000Z', written: '2026-03-02T01:15:20.000Z', wallClock: 2720, watched: [[0, 2700]],
  union: 2700, length: 2700, completed: true, credited: 2700, sessions: ['s1'],
  login: { time: '2026-03-01T23:58:00.000Z', ip: '42.242.8.15', place: { country: 'CN', province: 'Yunnan', city: 'Kunming' } },
  ips: [{ ip: '42.242.8.15', place: { country: 'CN', province: 'Yunnan', city: 'Kunming' }, first: '2026-03-02T00:00:00.000Z', last: '2026-03-02T00:45:20.000Z' }], devices: ['d1'],
  checks: [{ time: '2026-03-02T00:12:05.000Z', event: 'e50', challenge: 'f1', outcome: 'passed', photo: 'c3d1e0f0f8fc7e3c', similarity: 0.97 }],
  checkCounts: { requested: 1, passed: 1, failed: 0, unusable: 0, missed: 0 }, answers: { count: 4, correct: 3 }, events: { first: 'e1', last: 'e190', count: 190 }, coverage: { state: 'full' },
}

export const review: Review = {
  format: 1, warning: warning.id, revision: 1, rule: 'parallel-chapters', verdict: 'confirmed', why: 'two devices in two towns at once', by: 'audit-office', at: '2026-03-05T10:12:00+08:00',
}

export const fileReject: Reject = {
  format: 1, reason: 'missing-chapter', message: '`heartbeat` without `chapter`', file: 'telemetry.ndjson', line: 17, offset: 3102,
  text: '{"id":"e17","time":"2026-03-02T08:04:00+08:00","action":"heartbeat","platform":"p1","learner":"L1"}', length: 98,
}

export const kafkaReject: KafkaReject = {
  format: 1, reason: 'bad-json', message: 'the line is not JSON', topic: 'lms.events', partition: 3, offset: 90211, stamp: '2026-03-02T00:04:01.512Z', key: 'TDE=', text: '{"id":"e17",', length: 12,
}

const told = { format: 1, platform: 'p1', learner: 'L1', id: 'e3', time: '2026-03-02T00:00:25.000Z', watermark: '2026-03-02T00:03:10.000Z' } as const
const text = JSON.stringify(event)
export const fileLate = { ...told, text }
export const topicLate = { ...told, topic: 'invigil.telemetry', partition: 5, offset: 118003, text }
