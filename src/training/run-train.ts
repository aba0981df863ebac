// npm run train: simulates learners, trains the model of `brushing-model` on them and writes it to models/brushing. About ten minutes on two cores.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { writeModel } from '../io/models.ts'
import { openTensorFlow } from '../models/runtime/tensorflow.ts'
import { collect } from './collect.ts'
import { filesOf } from './files.ts'
import { EPOCHS, train } from './train.ts'
import { calibrationWorlds, trainingWorlds } from './worlds.ts'

const USAGE = `usage: npm run train -- [--seed N] [--worlds N] [--calibration N] [--epochs N] [--output DIR]
  --seed N         of the network and of what it is shown when (default 1)
  --worlds N       simulated worlds of 400 learners to learn from (default 30)
  --calibration N  of 500 learners to set curve and threshold by (default 10)
  --epochs N       (default ${EPOCHS})
  --output DIR     (default models/brushing)`
const { values } = parseArgs({ options: {
  seed: { type: 'string', default: '1' }, worlds: { type: 'string', default: '30' }, calibration: { type: 'string', default: '10' }, epochs: { type: 'string', default: String(EPOCHS) },
  output: { type: 'string', default: join('models', 'brushing') }, help: { type: 'boolean' },
} })
if (values.help) {
  process.stdout.write(`${USAGE}\n`)
  process.exit(0)
}
const say = (text: string) => void process.stdout.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`)
const tensorflow = await openTensorFlow('wasm')
const [training, calibrating] = await Promise.all([trainingWorlds(Number(values.worlds)), calibrationWorlds(Number(values.calibration))].map((worlds) => (
  collect(worlds, (world, rows) => say(`world ${world.seed}: ${rows.people.length} learners, ${rows.count} rows`))
)))
const trained = train(training ?? [], calibrating ?? [], { seed: Number(values.seed), epochs: Number(values.epochs), choose: true, say })
const { hash } = await writeModel(values.output, await filesOf(tensorflow, trained))
say(`written to ${values.output} (${hash.slice(0, 12)}); weight of the tails ${trained.tails.weight}; threshold for the rule: ${trained.threshold}`)
