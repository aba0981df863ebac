// npm run evaluate: judges the model in models/brushing on simulated learners that it was never trained on, and writes its card with plots. About a quarter of an hour on two cores.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { InvigilError } from '../base/errors.ts'
import { detectors } from '../detectors/index.ts'
import { readModel } from '../io/models.ts'
import { readRuleSources } from '../io/texts.ts'
import { FEATURES } from '../models/features/index.ts'
import { readCalibration, readScaler, readTails } from '../models/runtime/scales.ts'
import { openScorer } from '../models/runtime/scorer.ts'
import { loadRules } from '../rules/load.ts'
import { collect } from './collect.ts'
import { measure, type Candidate } from './evaluate.ts'
import { scoreGroups } from './groups.ts'
import { heldOutWorlds, HELD_OUT_SPREAD, jitterWorlds, trainingWorlds, unlistedWorlds, weekWorlds } from './worlds.ts'

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
const JITTERS = [0, 0.1, 0.2, 0.3, 0.4, 0.5]

async function candidate(dir: string): Promise<Candidate> {
  const folder = await readModel(dir)
  if (folder === undefined) throw new InvigilError('not-found', `there is no model in \`${dir}\`; \`npm run train\` makes one`)
  const { files } = folder
  const features = FEATURES.map((f) => f.name)
  // The rule waits in the folder of fixtures until it is shipped.
  const sources = await readRuleSources(['rules', 'fixtures/rules'].map((dir) => fileURLToPath(new URL(`../../${dir}`, import.meta.url))))
  const rule = loadRules(sources, { detectors, models: ['brushing'] }).rules.find((r) => r.detector.name === 'brushing-model')
  const threshold = rule?.params.threshold
  if (typeof threshold !== 'number') throw new InvigilError('not-found', 'no shipped rule asks the model')
  return {
    scorer: await openScorer('brushing', files, { features, backend: 'wasm' }), scaler: readScaler('brushing', files, features), calibration: readCalibration('brushing', files),
    tails: readTails('brushing', files, features.length) ?? { weight: 0, lines: features.map(() => ({ x: [0], y: [0] })) }, threshold,
  }
}

const judged = await candidate(values.model)
const told = (world: { seed: number }) => say(`world ${world.seed}`)
const worlds = {
  heldOut: await collect(heldOutWorlds(Number(values['held-out'])), told),
  training: await collect(trainingWorlds(Number(values.worlds)), told),
  week: await collect(weekWorlds(6), told),
  unlisted: await collect(unlistedWorlds(4), told),
  jitter: [] as { jitter: number; worlds: Awaited<ReturnType<typeof collect>> }[],
}
for (const jitter of JITTERS) worlds.jitter.push({ jitter, worlds: await collect(jitterWorlds(jitter, 2), told) })
const measured = measure(judged, worlds, say)
const groups = await scoreGroups([71, 72, 73].flatMap((seed) => [{ seed, learners: 1000, days: 2 }, { seed, learners: 400, days: 2, variety: true, spread: HELD_OUT_SPREAD }]))
if (values.json) process.stdout.write(`${JSON.stringify({ ...measured, predicted: undefined, scores: undefined, roc: undefined, groups }, (_, v: unknown) => (typeof v === 'number' ? Number(v.toPrecision(4)) : v), 1)}\n`)
