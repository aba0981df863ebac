import { beforeAll, describe, expect, test } from 'vitest'
import { cases, contextOf, day, type Fixture } from '../../testing/fixtures.ts'
import { feedOf, VERSION } from '../../testing/evidence.ts'
import { run, temporary } from '../../testing/runs.ts'
import type { Warning } from '../../warnings/warning.ts'
import { makeEvidence, packEvidence, type Made } from './make.ts'
import { storyOf } from './story.ts'
import { verifyBundle } from './verify.ts'

const dir = temporary()

/** What a run over a fixture gave, and the evidence for one warning of each of its rules. */
async function evidenceFor(fixture: Fixture): Promise<{ bytes: string; made: readonly Made[] }> {
  const context = await contextOf(fixture)
  const { bytes, warnings } = await run(dir, { logs: [fixture.log], context })
  const ids = new Map<string, string>()
  // The last of each: what came before it is in its evidence.
  for (const w of warnings) ids.set(w.rule, w.id)
  return { bytes, made: await makeEvidence(await feedOf(fixture.log, context), [...ids.values()], { version: VERSION }) }
}

function linesOf(bytes: string, id: string): string[] {
  return bytes.split('\n').filter((l) => l !== '' && (JSON.parse(l) as Warning).id === id)
}

describe.each([...cases(), day])('$name', (fixture) => {
  let bytes = ''
  let made: readonly Made[] = []
  beforeAll(async () => {
    ({ bytes, made } = await evidenceFor(fixture))
  }, 300_000)

  test('the evidence for a warning of each rule holds what the run wrote, and verifies', { timeout: 300_000 }, async () => {
    expect(made.length).toBeGreaterThan(0)
    for (const { evidence } of made) {
      expect(evidence.revisions).toEqual(linesOf(bytes, evidence.about.warning))
      const bundle = packEvidence(evidence)
      expect(await verifyBundle(bundle, { version: VERSION })).toMatchObject({ rule: evidence.about.rule, verified: true, differences: [], signature: { state: 'none' } })
      expect(Buffer.compare(packEvidence(evidence), bundle)).toBe(0)
    }
  })

  test('it is of those learners alone whom the warning is of or who were sighted where it was raised', () => {
    for (const { evidence } of made) {
      const last = JSON.parse(evidence.revisions.at(-1) as string) as Warning
      const ids = evidence.about.learners.map((l) => l.id)
      expect(ids).toEqual(expect.arrayContaining(last.learners.map((l) => l.id)))
      if (['learner', 'account'].includes(last.subject.kind) && last.learners.length === 1 && last.rule !== 'shared-photo') expect(ids).toHaveLength(1)
    }
  })

  test('its story has the events that the warning names, and what was measured', { timeout: 300_000 }, async () => {
    for (const { evidence } of made) {
      const story = await storyOf(evidence)
      const named = new Set(evidence.revisions.flatMap((line) => (JSON.parse(line) as Warning).evidence.events))
      expect([story.warning.rule, new Set(story.events.filter((e) => e.named).map((e) => e.id))]).toEqual([story.warning.rule, named])
      expect(story.params.every((p) => p.means !== '')).toBe(true)
      expect(story.articles.length).toBe(story.warning.basis.length)
    }
  })
})
