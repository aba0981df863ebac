import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadCatalogue } from '../catalogue/load.ts'
import { invigil, SMALL_GEO } from '../testing/cli.ts'
import { day } from '../testing/fixtures.ts'
import { temporary, writeLog } from '../testing/runs.ts'

const dir = temporary()
const infer = (args: string[]) => invigil(['infer', ...args, ...SMALL_GEO], { cwd: dir })
const draft = (folder: string): string => readFileSync(join(dir, folder, 'catalogue.yaml'), 'utf8')

test('a draft from which a check finds more to judge, and never over what somebody may have worked on', async () => {
  const { code, out, err } = await infer([day.log, '--output', 'draft'])
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/^draft\/catalogue\.yaml: 3 platforms, 8 courses with \d+ sure chapters, 4 classes with 120 learners, from 95772 events\n$/)
  expect(loadCatalogue(draft('draft'), 'x').data.platforms.map((p) => p.heartbeat)).toEqual([20_000, 15_000, 30_000])
  const again = await infer([day.log, '--output', 'draft'])
  expect([again.code, again.err]).toEqual([2, 'invigil: `draft/catalogue.yaml` is there already, and somebody may have worked on it; name another folder, or write over it with `--force`\n'])
  expect((await infer([day.log, '--output', 'draft', '--force'])).code).toBe(0)
  const checked = await invigil(['check', day.log, '--catalogue', 'draft/catalogue.yaml', ...SMALL_GEO], { cwd: dir })
  expect(checked.code).toBe(0)
  expect(checked.out.replaceAll(/\s+/g, ' ')).toContain('`heartbeat: 20s` (as in the catalogue)')
})

test('of a log without events there is no draft; rejects are told', async () => {
  writeLog(dir, 'none.ndjson', ['{}'])
  const none = await infer(['none.ndjson', '--output', 'none'])
  expect([none.code, none.err]).toEqual([2, 'invigil: there is no event to draft a catalogue from; `invigil check` tells what became of the records\n'])
  writeLog(dir, 'some.ndjson', ['{}', '{"id":"e1","time":"2026-03-02T08:00:00+08:00","action":"heartbeat","platform":"p1","learner":"L1","chapter":"c1"}'])
  const some = await infer(['some.ndjson', '--output', 'some'])
  expect([some.code, some.err]).toEqual([2, 'invigil: 1 record rejected; `invigil check` tells why\n'])
  expect(draft('some')).toContain('  - id: p1   # 1 event\n')
})
