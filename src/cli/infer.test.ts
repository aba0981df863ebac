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
  const none = await infer(['none.ndjson', '--format', 'canonical', '--output', 'none'])
  expect([none.code, none.err]).toEqual([2, 'invigil: there is no event to draft a catalogue from; `invigil check` tells what became of the records\n'])
  writeLog(dir, 'some.ndjson', ['{}', '{"id":"e1","time":"2026-03-02T08:00:00+08:00","action":"heartbeat","platform":"p1","learner":"L1","chapter":"c1"}'])
  const some = await infer(['some.ndjson', '--output', 'some'])
  expect([some.code, some.err]).toEqual([2, 'invigil: 1 record rejected; `invigil check` tells why\n'])
  expect(draft('some')).toContain('  - id: p1   # 1 event\n')
})

test('of a table a mapping is drafted, and by it a catalogue', async () => {
  const rows = Array.from({ length: 400 }, (_, i) => [`${2026 + (i % 8)}`, i % 100 < 8 ? '播放' : '心跳', `2026/3/2 ${8 + Math.floor(i / 200)}:${String(Math.floor(i / 4) % 60).padStart(2, '0')}:${String((i % 4) * 15).padStart(2, '0')}`, 'K1', i % 200 < 100 ? 'K1-1' : 'K1-2', String(i * 15), '一班'].join(','))
  writeLog(dir, 'export.csv', ['学号,操作,操作时间,课程编号,章节编号,播放进度,班级', ...rows])
  const mapped = await infer(['export.csv', '--platform', 'p1', '--output', 'mapped'])
  expect([mapped.code, mapped.err]).toEqual([0, ''])
  expect(mapped.out).toBe([
    'mapped/invigil.mapping.yaml: a draft from a log of no known format; of the first 400 records it makes 400 events', 'left to say:', '  confirm the time zone',
    'read it, then: invigil check export.csv --mapping mapped/invigil.mapping.yaml, and invigil infer export.csv --mapping mapped/invigil.mapping.yaml --output mapped', '',
  ].join('\n'))
  const drafted = await infer(['export.csv', '--mapping', 'mapped/invigil.mapping.yaml', '--output', 'mapped'])
  expect([drafted.code, drafted.out, drafted.err]).toEqual([0, 'mapped/catalogue.yaml: 1 platform, 1 course with 2 sure chapters, 1 class with 8 learners, from 400 events\n', ''])
  const data = loadCatalogue(draft('mapped'), 'x').data
  expect(data.courses[0]?.chapters.map((c) => c.id)).toEqual(['K1-1', 'K1-2'])
  expect(data.classes[0]).toMatchObject({ id: '一班', timeZone: 'Asia/Shanghai', learners: ['2026', '2027', '2028', '2029', '2030', '2031', '2032', '2033'] })
  const checked = await invigil(['check', 'export.csv', '--mapping', 'mapped/invigil.mapping.yaml', '--catalogue', 'mapped/catalogue.yaml', ...SMALL_GEO], { cwd: dir })
  expect([checked.code, checked.out.split('\n')[0]]).toEqual([0, 'export.csv: 400 records, 400 events, 0 ignored, 0 rejected, 0 blank'])
})
