import { expect, test } from 'vitest'
import { HOUR, MINUTE, formatTime, parseTime, type Ms } from '../../base/time.ts'
import { readRuleSources } from '../../io/texts.ts'
import type { RuleSource } from '../../rules/load.ts'
import { fivePlatforms, seeded, type Arrival } from '../../testing/five-platforms.ts'
import { RULES, run, temporary, writeLog } from '../../testing/runs.ts'
import { contextUnder, openSurroundings, type OpenContext, type Surroundings } from '../context.ts'
import { replay } from './replay.ts'
import { planPasses, versionKey, versionsOf, type Variant } from './variant.ts'

const dir = temporary()
const HOME = 'home'

/** Three hours, and again after silences in which the engine forgets; classes are told on the first day only, and one event in fifty comes late. */
function arrivals(seed: number): Arrival[] {
  const random = seeded(seed)
  const first = fivePlatforms(seed, 3)
  const later = (hours: number, name: string): Arrival[] => first.map(({ at, wire }) => (
    { at: at + hours * HOUR, wire: { ...wire, id: `${name}-${wire.id}`, time: formatTime((parseTime(wire.time) as Ms) + hours * HOUR) } }
  ))
  const all = [...first.map(({ at, wire }) => ({ at, wire: { ...wire, class: HOME } })), ...later(30, 'b'), ...later(150, 'c')]
  return all.map(({ at, wire }) => ({ at: random() < 0.02 ? at + 20 * MINUTE : at, wire })).sort((a, b) => a.at - b.at)
}

/** Parameters to draw from, of rules that find something in this log. */
const PARAMS: Readonly<Record<string, Readonly<Record<string, readonly unknown[]>>>> = {
  'parallel-chapters': { overlap: ['10s', '2m'], end: ['1m', '3h'] },
  'hang-up': { hidden: ['2m', '9m'], kinds: [['hidden'], ['idle']] },
  'face-check': { misses: [1, 5], answer: ['20s', '90s'] },
  'shared-device': { learners: [2, 4], quiet: ['30m', '9h'] },
  'shared-account': {},
  'late-telemetry': {},
  'seek-ahead': { coverage: [0.5, 1] },
  'over-credit': { excess: [0, 0.5], over: ['1m', '10m'] },
}
const OTHERS: readonly Readonly<Record<string, string>>[] = [
  { severity: 'low' }, { scope: 'platform != "bulk"' }, { scope: 'learner < "L02"' }, { unless: 'evidence.count < 20' }, { unless: 'id < "8" && rule != "x"' }, { unless: 'revision > 2' },
  { unless: 'context < "8"' },
]

function overlay(random: () => number): RuleSource {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const items = Object.entries(PARAMS).filter(() => random() < 0.4).map(([rule, params]) => {
    const own = Object.entries(params).filter(() => random() < 0.5).map(([name, values]) => [name, pick(values)] as const)
    return { rule, params: Object.fromEntries(own), ...(random() < 0.3 ? pick(OTHERS) : {}) }
  })
  return { dir: 'overlay', files: [{ path: 'overlay/site.yaml', text: items.length === 0 ? '# nothing' : JSON.stringify(items) }] }
}

/** Rules with some of them left out. */
function without(context: OpenContext, left: (id: string) => boolean): OpenContext {
  const { bundle } = context
  const rules = bundle.rules.filter((r) => !left(r.id))
  const hash = `${context.hash.slice(0, 50)}${rules.length}`
  return { ...context, hash, live: hash, bundle: { ...bundle, rules, described: bundle.described.filter((d) => !left(d.rule.id)) } }
}

async function variantsOf(surroundings: Surroundings, seed: number): Promise<Variant[]> {
  const random = seeded(seed)
  const shipped = await readRuleSources([RULES])
  const all: Variant[] = [{ name: 'shipped', context: await contextUnder(shipped, surroundings) }]
  for (let i = 0; i < 4; i++) {
    const context = await contextUnder([...shipped, overlay(random)], surroundings)
    all.push({ name: `overlay ${i}`, context: i < 2 ? context : without(context, () => random() < 0.4) })
  }
  // One that remembers nothing of a learner after a day.
  all.push({ name: 'one rule', context: without((all[1] as Variant).context, (id) => id !== 'hang-up' && id !== 'parallel-chapters') })
  return all
}

test.each([1, 2])('variants that share a machine warn as runs of their own do, byte for byte: seed %i', async (seed) => {
  const log = writeLog(dir, `log-${seed}.ndjson`, arrivals(seed).map(({ wire }) => JSON.stringify(wire)))
  const surroundings = await openSurroundings({ version: 'test' })
  const variants = await variantsOf(surroundings, seed)
  const passes = planPasses(variants)
  const written = new Map(variants.map((v) => [v, '']))
  const owners = passes.map(({ variants: of }) => of.map((v) => ({ v, versions: new Set(versionsOf(v)) })))
  const { accounts } = await replay({
    logs: [log], format: 'canonical', surroundings, passes,
    output: (pass, warning) => {
      for (const { v, versions } of owners[pass] ?? []) {
        if (versions.has(versionKey(warning))) written.set(v, `${written.get(v)}${JSON.stringify({ ...warning, context: v.context.live })}\n`)
      }
    },
  })
  // The log must be worth it: late events, and variants that differ.
  expect(accounts.late).toBeGreaterThan(20)
  expect(new Set([...written.values()].map((w) => w.replaceAll(/"context":"[^"]*"/g, ''))).size).toBeGreaterThan(3)
  expect(passes.length).toBeLessThan(variants.length)
  for (const v of variants) {
    const alone = await run(dir, { logs: [log], context: v.context })
    expect(alone.warnings.length, v.name).toBeGreaterThan(10)
    expect(written.get(v) === alone.bytes, `${v.name}: ${written.get(v)?.length} bytes, alone ${alone.bytes.length}`).toBe(true)
    expect(accounts).toMatchObject({ lines: alone.summary.log.lines, events: alone.summary.log.events, late: alone.summary.log.late })
  }
}, 180_000)

test('whoever remembers a learner for longer than a day shares a machine only with its like', async () => {
  const surroundings = await openSurroundings({ version: 'test' })
  const shipped = await readRuleSources([RULES])
  const of = async (name: string, items: readonly object[]): Promise<Variant> => (
    { name, context: await contextUnder(items.length === 0 ? shipped : [...shipped, { dir: 'o', files: [{ path: 'o/o.yaml', text: JSON.stringify(items) }] }], surroundings) }
  )
  const variants = await Promise.all([
    of('shipped', []), of('params', [{ rule: 'seek-ahead', params: { coverage: 0.5 } }]), of('scope of another', [{ rule: 'hang-up', scope: 'platform == "p"' }]),
    of('scope', [{ rule: 'seek-ahead', scope: 'platform == "p"' }]), of('asks for the context', [{ rule: 'hang-up', unless: 'context == ""' }]),
  ])
  expect(planPasses(variants).map((p) => p.variants.map((v) => v.name))).toEqual([['shipped', 'params', 'scope of another'], ['scope'], ['asks for the context']])
  const [pass] = planPasses(variants)
  // What all have runs once; of what differs each version has an id of its own.
  expect(pass?.rules.filter((r) => (r.as ?? r.id) === 'hang-up').map((r) => r.id)).toEqual(['hang-up', 'hang-up~1'])
  expect(pass?.rules.filter((r) => r.id.startsWith('face-check')).map((r) => r.id)).toEqual(['face-check', 'face-check-intervals'])
})
