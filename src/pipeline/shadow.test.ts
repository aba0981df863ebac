import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { renewLearners } from '../engine/renew.ts'
import { LearnerStage } from '../engine/learner-stage.ts'
import type { Output } from '../engine/output.ts'
import { Timekeeper } from '../engine/timekeeper.ts'
import { day } from '../testing/fixtures.ts'
import { at, ruleOf } from '../testing/drive.ts'
import { RULES, run, temporary } from '../testing/runs.ts'
import { beats } from '../testing/tiny-detectors.ts'
import type { Mode } from '../engine/rule.ts'
import { openContext } from './context.ts'

const dir = temporary()

/** Of a learner, of resources, of a model, and one that prompts. */
const TRIED = ['brushing-model', 'chapter-skip', 'hang-up', 'shared-device', 'shared-ip']

/** A run over the simulated day with the rules in that mode. */
async function dayWith(mode: Mode) {
  const rules = join(dir, `rules-${mode}`)
  mkdirSync(rules)
  writeFileSync(join(rules, 'mode.yaml'), TRIED.map((rule) => `- { rule: ${rule}, mode: ${mode} }\n`).join(''))
  const context = await openContext({ rules: [RULES, rules], catalogue: day.catalogue, version: 'test' })
  const output = mkdtempSync(join(dir, 'out-'))
  const { summary } = await run(dir, { logs: [day.log], context, output })
  const read = (name: string) => readFileSync(join(output, `${name}.ndjson`), 'utf8')
  return { summary, context, warnings: read('warnings'), prompts: read('prompts'), late: read('late'), shadow: read('shadow') }
}

const anyContext = (lines: string) => lines.split('\n').map((l) => l.replace(/"context":"[0-9a-f]*"/, ''))

test('a rule in the shadow changes no byte of what is live, and warns there of what it would warn of', async () => {
  const [off, shadow, live] = [await dayWith('off'), await dayWith('shadow'), await dayWith('live')]
  for (const name of ['warnings', 'prompts', 'late'] as const) expect(shadow[name]).toBe(off[name])
  expect(off.shadow).toBe('')
  expect(live.shadow).toBe('')
  const isTried = (line: string) => TRIED.some((rule) => line.includes(`"rule":"${rule}"`))
  expect(anyContext(shadow.shadow)).toEqual([...anyContext(live.warnings).filter(isTried), ''])
  for (const rule of TRIED) expect(shadow.summary.shadow[rule], rule).toEqual(live.summary.warnings.byRule[rule])
  expect(Object.keys(shadow.summary.warnings.byRule).filter((r) => TRIED.includes(r))).toEqual([])
  // What is live names the context without the shadow; what is in the shadow names the whole.
  expect(shadow.context.live).toBe(off.context.hash)
  expect(off.context.live).toBe(off.context.hash)
  expect(shadow.context.hash).not.toBe(off.context.hash)
  expect(shadow.shadow).toContain(`"context":"${shadow.context.hash}"`)
})

test('a rule that goes from live to shadow ends what it has told, and goes on in the shadow', () => {
  const outputs: Output[] = []
  const sinks = { output: (o: Output) => void outputs.push(o), sighting: () => undefined, late: () => undefined }
  const catalogue = new Catalogue(catalogueSchema.parse({}))
  const rule = ruleOf(beats, { quiet: '2m', every: 2 })
  let stage = new LearnerStage({ rules: [rule], catalogue, context: 'a' }, sinks)
  const timekeeper = new Timekeeper(catalogue, 0)
  const feed = (...times: string[]) => {
    for (const time of times) {
      const event = at(time, 'heartbeat', 'L1', 'c1', { received: time })
      timekeeper.observe(event)
      stage.add(event, timekeeper.mark + 1)
    }
    stage.mark(timekeeper.next('a'))
  }
  feed('08:00:00', '08:00:15', '08:00:30', '08:00:45')
  const renewal = renewLearners(stage, { rules: [{ ...rule, mode: 'shadow' }], catalogue, context: 'b', live: 'b-live' }, sinks)
  for (let step = renewal.next(); ; step = renewal.next()) {
    if (!step.done) continue
    stage = step.value
    break
  }
  feed('08:01:00', '08:01:15', '08:01:30', '08:10:00')
  stage.mark(timekeeper.end('b'))
  const told = outputs.flatMap((o) => (o.kind === 'prompt' || o.kind === 'record' ? [] : [`${o.kind} ${o.value.revision} ${o.value.episode} ${o.value.context}`]))
  const last = told.filter((t) => t.startsWith('warning')).pop()
  expect(last).toMatch(/^warning \d+ ended b-live$/)
  expect(told.filter((t) => t.startsWith('shadow')).length).toBeGreaterThan(0)
  expect(told.filter((t) => t.startsWith('shadow')).every((t) => t.endsWith(' b'))).toBe(true)
})
