// npm run evaluate: judges the model in models/brushing on simulated learners that it was never trained on, and writes its card with plots. About a quarter of an hour on two cores.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { InvigilError } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import { detectors } from '../detectors/index.ts'
import { readModel } from '../io/models.ts'
import { readRuleSources } from '../io/texts.ts'
import { FEATURES } from '../models/features/index.ts'
import { readCalibration, readScaler, readTails } from '../models/runtime/scales.ts'
import { openScorer } from '../models/runtime/scorer.ts'
import { loadRules } from '../rules/load.ts'
import { card } from './card.ts'
import { collect } from './collect.ts'
import { measure, type Candidate } from './evaluate.ts'
import { scoreGroups } from './groups.ts'
import { evaluationOf, picturesOf } from './report.ts'
import type { Rows } from './rows.ts'
import { heldOutWorlds, HELD_OUT_SPREAD, jitterWorlds, TRAINED_SPREAD, trainingWorlds, unlistedWorlds, weekWorlds, type WorldSpec } from './worlds.ts'

const USAGE = `usage: npm run evaluate -- [--model DIR] [--worlds N] [--held-out N] [--json]
  --model DIR    (default models/brushing)
  --worlds N     those that it was trained on, for the models that leave a kind out (default 30)
  --held-out N   worlds of 500 learners to judge it by (default 16)
  --json         print what was measured as JSON, and write no card`
const { values } = parseArgs({ options: {
  model: { type: 'string', default: join('models', 'brushing') }, worlds: { type: 'string', default: '30' }, 'held-out': { type: 'string', default: '16' }, json: { type: 'boolean' }, help: { type: 'boolean' },
} })
if (values.help) {
  process.stdout.write(`${USAGE}\n`)
  process.exit(0)
}
const say = (text: string) => void process.stderr.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`)
const [WEEKS, UNLISTED] = [6, 4]
const JITTERS = [0, 0.1, 0.2, 0.3, 0.4, 0.5]

async function candidate(dir: string): Promise<Candidate & { hash: string; parameters: number }> {
  const folder = await readModel(dir)
  if (folder === undefined) throw new InvigilError('not-found', `there is no model in \`${dir}\`; \`npm run train\` makes one`)
  const { files } = folder
  const weights = files.get('weights.bin') ?? new Uint8Array()
  const features = FEATURES.map((f) => f.name)
  const sources = await readRuleSources([fileURLToPath(new URL('../../rules', import.meta.url))])
  const rule = loadRules(sources, { detectors, models: ['brushing'] }).rules.find((r) => r.detector.name === 'brushing-model')
  const threshold = rule?.params.threshold
  if (typeof threshold !== 'number') throw new InvigilError('not-found', 'no shipped rule asks the model')
  return {
    scorer: await openScorer('brushing', files, { features, backend: 'wasm' }), scaler: readScaler('brushing', files, features), calibration: readCalibration('brushing', files),
    tails: readTails('brushing', files, features.length) ?? { weight: 0, lines: features.map(() => ({ x: [0], y: [0] })) }, threshold,
    hash: sha256(weights), parameters: weights.length / Float32Array.BYTES_PER_ELEMENT,
  }
}

const judged = await candidate(values.model)
const told = (world: { seed: number }) => say(`world ${world.seed}`)
const worlds = {
  heldOut: await collect(heldOutWorlds(Number(values['held-out'])), told),
  training: await collect(trainingWorlds(Number(values.worlds)), told),
  week: await collect(weekWorlds(WEEKS), told),
  unlisted: await collect(unlistedWorlds(UNLISTED), told),
  jitter: [] as { jitter: number; worlds: Awaited<ReturnType<typeof collect>> }[],
}
for (const jitter of JITTERS) worlds.jitter.push({ jitter, worlds: await collect(jitterWorlds(jitter, 2), told) })
const measured = measure(judged, worlds, say)
const groups = await scoreGroups([71, 72, 73].flatMap((seed) => [{ seed, learners: 1000, days: 2 }, { seed, learners: 400, days: 2, variety: true, spread: HELD_OUT_SPREAD }]))
const part = (name: string, rows: readonly Rows[], seeds: readonly WorldSpec[], spread: readonly [number, number]) => {
  const people = rows.flatMap((w) => w.people)
  return {
    name, spread, seeds: seeds.map((w) => w.seed), honest: people.filter((p) => p.kind === 'honest').length, cheating: people.filter((p) => p.kind === 'cheater').length, rows: rows.reduce((n, w) => n + w.count, 0),
  }
}
const evaluation = evaluationOf(measured, groups, {
  model: {
    name: 'brushing', hash: judged.hash.slice(0, 12), network: 'A network of two hidden layers of 32 and 16 units, beside it a table of tails (docs/decisions/011).', parameters: judged.parameters, features: FEATURES.length,
    training: [
      'Rows are what the detector itself asks about, followed by the production engine through simulated worlds.',
      'Each learner counts the same, passive honest ones three times; 15 % of the values are hidden in each step, so that no single one decides.',
      'One learner in seven, honest or not, was given slips that happen in life and never in the simulation (`training/slips.ts`): without them a single odd sign is as good as proof, and one honest learner in nine with such a sign would be warned of.',
      'Honest rows are taught as honest to nine tenths: what looks honest may be a program of a kind that nobody has shown, and a network that is not certain leaves the tails something to say.',
      `The weight of the tails, ${judged.tails.weight}, catches most of the kinds that were left out, of those that cost at most one point of recall at 0.1 % of the known kinds; on the learners of the calibration. It and the shape of the tails were so chosen by all kinds together, which makes the rows of left-out kinds a little kind.`,
      `The rule warns from ${judged.threshold} on, which at most one honest learner in a thousand of the calibration ever reaches, and at which 97 % of its warnings there would be right if 2 % cheated; it is as far above that as costs three points of recall there, since elsewhere learners are less alike.`,
    ],
  },
  data: [
    part('training', worlds.training, trainingWorlds(Number(values.worlds)), TRAINED_SPREAD), part('judging', worlds.heldOut, heldOutWorlds(Number(values['held-out'])), HELD_OUT_SPREAD),
    part('several sittings', worlds.week, weekWorlds(WEEKS), HELD_OUT_SPREAD), part('unlisted kinds', worlds.unlisted, unlistedWorlds(UNLISTED), HELD_OUT_SPREAD),
  ],
})
if (!values.json) {
  await writeFile(join(values.model, 'card.md'), card(evaluation))
  for (const [name, svg] of await picturesOf(measured, judged.threshold)) await writeFile(join(values.model, name), svg)
  for (const r of evaluation.rows) process.stdout.write(`${r.met ? 'met   ' : 'missed'}  ${r.test}: ${r.measured?.toPrecision(4) ?? 'not measured'} (${'least' in r.target ? `at least ${r.target.least}` : `at most ${r.target.most}`})\n`)
}
if (values.json) process.stdout.write(`${JSON.stringify({ ...measured, predicted: undefined, scores: undefined, roc: undefined, groups }, (_, v: unknown) => (typeof v === 'number' ? Number(v.toPrecision(4)) : v), 1)}\n`)
