import { expect, test } from 'vitest'
import { contextOf } from '../../testing/fixtures.ts'
import { feedOf, VERSION } from '../../testing/evidence.ts'
import { run, temporary, writeLog } from '../../testing/runs.ts'
import { makeEvidence, packEvidence, type Made } from './make.ts'
import { verifyBundle } from './verify.ts'

const dir = temporary()
const ORIGIN = Date.UTC(2026, 2, 2)

/** A statement of the video profile; `id`: without one, its hash is the event's. */
function statement(second: number, verb: 'played' | 'paused', chapter: string, session: string, id?: string): object {
  const iri = `https://w3id.org/xapi/video`
  return {
    ...(id === undefined ? {} : { id }), actor: { account: { homePage: 'https://lms.example.org', name: '学员一' } }, verb: { id: verb === 'played' ? `${iri}/verbs/played` : `${iri}/verbs/paused` },
    object: { id: chapter, definition: { type: `${iri}/activity-type/video` } }, timestamp: new Date(ORIGIN + second * 1000).toISOString(),
    context: { extensions: { [`${iri}/extensions/session-id`]: session, 'http://id.tincanapi.com/extension/ip-address': '::ffff:182.242.1.1' } },
    result: { extensions: { [`${iri}/extensions/time`]: verb === 'played' ? 0 : second } },
  }
}

test('statements of xAPI, several on a line, without ids and sent twice, are evidence as they are', async () => {
  const lines = [
    [statement(0, 'played', 'c1', 's1'), statement(1, 'played', 'c2', 's2', 'two')], statement(100, 'paused', 'c1', 's1'), statement(100, 'paused', 'c1', 's1'),
    { statements: [statement(101, 'paused', 'c2', 's2')] }, statement(2000, 'played', 'c3', 's1'),
  ].map((l) => JSON.stringify(l))
  const log = writeLog(dir, 'xapi.ndjson', lines)
  const { warnings } = await run(dir, { logs: [log], format: 'xapi' })
  const parallel = warnings.filter((w) => w.rule === 'parallel-chapters')
  expect(parallel.length).toBeGreaterThan(0)
  const feed = await feedOf(log, await contextOf({ catalogue: undefined }), { format: 'xapi' })
  for (const secret of [undefined, Buffer.from('a secret that is long enough')]) {
    const [{ evidence }] = (await makeEvidence(feed, [parallel[0]?.id as string], { version: VERSION, secret })) as [Made]
    expect(evidence.revisions).toEqual(parallel.map((w) => JSON.stringify(w)))
    expect(evidence.events.slice(0, 3)).toEqual([...(JSON.parse(lines[0] as string) as object[]).map((s) => JSON.stringify(s)), lines[1]])
    expect(evidence.places).toEqual([expect.objectContaining({ written: '::ffff:182.242.1.1', ip: '182.242.1.1' })])
    expect(await verifyBundle(packEvidence(evidence), { version: VERSION })).toMatchObject({ verified: true })
  }
})

test('several logs that name no platform, with a byte order mark, CRLF and blank lines among good ones', async () => {
  const beat = (t: number, session: string, chapter: string) => JSON.stringify({ id: `${session}-${t}`, time: new Date(ORIGIN + t * 1000).toISOString(), action: 'heartbeat', learner: 'L1', session, chapter, position: t })
  const one = writeLog(dir, 'one.ndjson', [`\uFEFF${beat(0, 's1', 'c1')}\r`, '', ...[20, 40, 60, 80].map((t) => `${beat(t, 's1', 'c1')}\r`)])
  const two = writeLog(dir, 'two.ndjson', [5, 25, 45, 65].map((t) => beat(t, 's2', 'c2')).concat('{"id":', beat(85, 's2', 'c2')))
  const { warnings } = await run(dir, { logs: [one, two], platform: '平台' })
  const parallel = warnings.filter((w) => w.rule === 'parallel-chapters')
  expect(parallel.length).toBeGreaterThan(0)
  const feed = await feedOf(one, await contextOf({ catalogue: undefined }), { logs: [one, two], platform: '平台' })
  const [{ evidence }] = (await makeEvidence(feed, [parallel[0]?.id as string], { version: VERSION })) as [Made]
  expect(evidence.revisions).toEqual(parallel.map((w) => JSON.stringify(w)))
  expect(evidence.about.inputs.map((i) => i.name)).toEqual(['one.ndjson', 'two.ndjson'])
  expect(await verifyBundle(packEvidence(evidence), { version: VERSION })).toMatchObject({ verified: true })
})

test('one log of several formats, with prefixes, envelopes and lists', async () => {
  const time = (t: number): string => new Date(ORIGIN + t * 1000).toISOString()
  const edx = (t: number, name: string, id: string): string => `${time(t)} INFO 20 [tracking] [user 7] - ${JSON.stringify({
    name, event_type: name, username: 'liu', session: 's1', time: time(t).slice(0, -1), context: { user_id: 7 }, event: JSON.stringify({ id, currentTime: t }),
  })}`
  const media = (t: number, action: string, object: string): object => ({
    '@context': 'http://purl.imsglobal.org/ctx/caliper/v1p2', id: `urn:uuid:${action}-${t}`, type: 'MediaEvent', action, actor: 'https://x.example.org/users/7', session: 'https://x.example.org/sessions/s2', object, eventTime: time(t),
    target: { type: 'MediaLocation', currentTime: `PT${t}S` },
  })
  const lines = [
    edx(0, 'play_video', 'c1'), JSON.stringify({ sensor: 'urn:s', sendTime: time(2), data: [{ id: 'urn:u', type: 'Person' }, media(1, 'Resumed', 'c2')] }), '{"odd": 1}', edx(50, 'show_transcript', 'c1'),
    JSON.stringify([{ id: 'e1', time: time(100), action: 'paused', learner: '7', session: 's1', chapter: 'c1', position: 100 }, media(101, 'Paused', 'c2')]), edx(2000, 'play_video', 'c3'),
  ]
  const log = writeLog(dir, 'mixed.ndjson', lines)
  const { summary, warnings } = await run(dir, { logs: [log], format: 'auto', platform: 'p1' })
  expect(summary.log).toMatchObject({ lines: 6, events: 5, ignored: { Person: 1, show_transcript: 1 }, rejected: { 'unknown-format': 1 } })
  const parallel = warnings.filter((w) => w.rule === 'parallel-chapters')
  expect(new Set(parallel.map((w) => w.id)).size).toBe(1)
  expect(parallel.at(-1)).toMatchObject({ subject: { kind: 'learner', platform: 'p1', id: '7' }, chapters: ['c1', 'c2'] })
  const feed = await feedOf(log, await contextOf({ catalogue: undefined }), { logs: [log], format: 'auto', platform: 'p1' })
  const [{ evidence }] = (await makeEvidence(feed, [parallel[0]?.id as string], { version: VERSION })) as [Made]
  expect(evidence.revisions).toEqual(parallel.map((w) => JSON.stringify(w)))
  expect(evidence.events.slice(0, 2)).toEqual([lines[0], JSON.stringify(media(1, 'Resumed', 'c2'))])
  expect(await verifyBundle(packEvidence(evidence), { version: VERSION })).toMatchObject({ verified: true })
})
