import { fileURLToPath } from 'node:url'
import { catalogueSchema } from '../catalogue/catalogue.ts'
import { Catalogue } from '../catalogue/index.ts'
import { detectors } from '../detectors/index.ts'
import { Machine } from '../engine/machine.ts'
import { readRuleSources } from '../io/texts.ts'
import { loadRules } from '../rules/load.ts'
import { simulate, type SimulateOptions } from '../simulate/index.ts'
import type { Truth } from '../simulate/truth.ts'
import { runWorld } from './run-world.ts'
import { SEVERITIES, type Warning } from '../warnings/warning.ts'

/** How well the resource stage's detectors tell who studies together, and whether who shares an address by chance is accused more. */
export interface GroupScore {
  /** Pairs of learners that one warning of these rules names together, at medium or higher. */
  pairs: number
  /** Of these, pairs that do study together: precision. */
  right: number
  /** Pairs that study together (`group`, `farm`, `teacher`), and of these those named: recall. */
  together: number
  found: number
  /** Honest learners behind addresses that many share (family, office, campus, carrier), and all others; of each those named. */
  shared: { learners: number; named: number }
  alone: { learners: number; named: number }
}

const RULES = ['shared-ip', 'lockstep', 'shared-photo', 'shared-device', 'shared-account']
const BEHIND_ONE = new Set(['family', 'office', 'campus', 'carrier'])
const LOWEST = SEVERITIES.indexOf('medium')

/** Runs the shipped rules for groups over some worlds. */
export async function scoreGroups(worlds: readonly SimulateOptions[]): Promise<GroupScore> {
  const sources = await readRuleSources([fileURLToPath(new URL('../../rules', import.meta.url))])
  const total: GroupScore = { pairs: 0, right: 0, together: 0, found: 0, shared: { learners: 0, named: 0 }, alone: { learners: 0, named: 0 } }
  for (const world of worlds) {
    const simulation = simulate(world)
    const catalogue = new Catalogue(catalogueSchema.parse(simulation.catalogue))
    const rules = loadRules(sources, { detectors, catalogue, models: ['brushing'] }).rules.filter((r) => RULES.includes(r.detector.name))
    const latest = new Map<string, Warning>()
    const machine = new Machine({ rules, catalogue, context: '', models: new Map(), output: (o) => void (o.kind === 'warning' && latest.set(o.value.id, o.value)) })
    runWorld(simulation, machine)
    add(total, simulation.truth(), [...latest.values()].filter((w) => w.episode !== 'withdrawn' && SEVERITIES.indexOf(w.severity) >= LOWEST))
  }
  return total
}

function add(total: GroupScore, truth: Truth, warnings: readonly Warning[]): void {
  const named = new Set<string>()
  const learners = new Set<string>()
  for (const w of warnings) {
    const ids = w.learners.map(keyOf).sort()
    for (const id of ids) learners.add(id)
    for (const pair of pairsOf(ids)) named.add(pair)
  }
  const real = new Set(truth.groups.flatMap((g) => pairsOf(g.learners.map((id) => keyOf({ platform: g.platform, id })).sort())))
  total.pairs += named.size
  total.right += [...named].filter((p) => real.has(p)).length
  total.together += real.size
  total.found += [...real].filter((p) => named.has(p)).length
  for (const { kind, slice, platform, learner } of truth.learners) {
    if (kind !== 'honest') continue
    const side = BEHIND_ONE.has(slice ?? '') ? total.shared : total.alone
    side.learners++
    if (learners.has(keyOf({ platform, id: learner }))) side.named++
  }
}

const keyOf = ({ platform, id }: { platform: string; id: string }): string => `${platform}\u0000${id}`

function pairsOf(ids: readonly string[]): string[] {
  return ids.flatMap((a, i) => ids.slice(i + 1).map((b) => `${a}\u0001${b}`))
}
