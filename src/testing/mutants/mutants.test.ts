import { beforeAll, expect, test } from 'vitest'
import { fnv1a } from '../../base/hash.ts'
import { loadRules } from '../../rules/load.ts'
import { detectors } from '../../detectors/index.ts'
import { DEFAULT_BACKEND, openScorers, readModels, SHIPPED_MODELS } from '../../pipeline/models.ts'
import { readRuleSources } from '../../io/texts.ts'
import { listModels } from '../../io/models.ts'
import { RULES } from '../root.ts'
import { shippedPieces } from './bundle.ts'
import { judge, type Judged } from './judge.ts'

/** `INVIGIL_MUTANTS=all` judges every one; else a sample of each operator, the same on every run. */
const all = process.env.INVIGIL_MUTANTS === 'all'
const SEED = 1
const SAMPLE = 16

let judged: Judged[]

beforeAll(async () => {
  const bundle = loadRules(await readRuleSources([RULES]), { detectors, models: await listModels(SHIPPED_MODELS) })
  const models = await openScorers(bundle.rules, await readModels(bundle.rules, SHIPPED_MODELS), DEFAULT_BACKEND)
  const every = shippedPieces().flatMap((piece) => piece.mutants.map((mutant) => ({ piece, mutant })))
  const order = (m: (typeof every)[number]) => fnv1a(`${SEED} ${m.piece.name} ${m.mutant.operator} ${m.mutant.line} ${m.mutant.now}`)
  const operators = [...new Set(every.map((m) => m.mutant.operator))]
  const sample = () => operators.flatMap((o) => every.filter((m) => m.mutant.operator === o).sort((a, b) => order(a) - order(b)).slice(0, SAMPLE))
  const chosen = all ? every : sample()
  judged = chosen.map(({ piece, mutant }) => judge(mutant, piece.sources, models))
  console.log(table(judged, every.length))
}, 1_800_000)

function table(of: readonly Judged[], every: number): string {
  const rows = [...new Set(of.map((j) => j.mutant.operator))].sort().map((operator) => {
    const own = of.filter((j) => j.mutant.operator === operator)
    const [first] = own as [Judged]
    const count = (is: (j: Judged) => boolean) => String(own.filter(is).length).padStart(7)
    return first.mutant.isInvalid
      ? `${operator.padEnd(26)}${count(() => true)} ${count((j) => j.verdict === 'reported')} ${count((j) => j.isWarning)} ${count((j) => j.verdict === 'elsewhere')} ${count((j) => j.verdict === 'silent')} ${count((j) => j.verdict === 'crash')}`
      : `${operator.padEnd(26)}${count(() => true)}   odd: a test fails of ${count((j) => j.isCaught === true).trim()}, ${count((j) => j.verdict === 'reported').trim()} are reported`
  })
  return [`${of.length} of ${every} mutants`, `${''.padEnd(26)}mutants at line warning elsewhere silent crash`, ...rows].join('\n')
}

const MOST_SHOWN = 200

/** What loads without a word though it is wrong, and why that is so. */
const LISTED: readonly { operator: string; now: RegExp; why: string }[] = []

const shown = (j: Judged) => `${j.mutant.operator} in line ${j.mutant.line}: ${j.mutant.now.slice(0, 80)}${j.said ? ` -> ${j.said.line}: ${j.said.message.slice(0, 120)}` : ''}`
const invalid = () => judged.filter((j) => j.mutant.isInvalid)

test('no mutant makes the loader crash', () => {
  expect(judged.filter((j) => j.verdict === 'crash').map((j) => `${shown(j)} ${j.said?.message}`)).toEqual([])
})

test('nothing that is wrong loads without a word', () => {
  const silent = invalid().filter((j) => j.verdict === 'silent' && !LISTED.some((l) => l.operator === j.mutant.operator && l.now.test(j.mutant.now)))
  expect(silent.map(shown)).toEqual([])
})

test('of what is wrong, 95 % is reported within a line of where it stands', () => {
  const elsewhere = invalid().filter((j) => j.verdict !== 'reported')
  console.log(`${invalid().length - elsewhere.length} of ${invalid().length} invalid mutants reported within a line (${((1 - elsewhere.length / invalid().length) * 100).toFixed(2)} %)`)
  console.log(elsewhere.slice(0, MOST_SHOWN).map(shown).join('\n'))
  expect(elsewhere.length / invalid().length).toBeLessThanOrEqual(0.05)
})
