// npm run services: a Kafka and a Redis for development, until Ctrl-C. Their addresses go to standard output, all else to standard error.
import { constants } from 'node:os'
import { parseArgs } from 'node:util'
import { KAFKA_VERSION, startKafka } from './kafka.mjs'
import { startRedis } from './redis.mjs'
import { ServiceError } from './server.mjs'

const USAGE = `usage: npm run services -- [--kafka-port N] [--redis-port N] [--heap 1g] [--keep]
  --kafka-port N, --redis-port N   ports on 127.0.0.1; free ones unless given
  --heap SIZE                      Kafka's largest heap, as Java writes it (default 1g)
  --keep                           leave data and logs in .cache/services/data`

const say = (text) => process.stderr.write(`${text}\n`)
/** A bug of ours shows where it is; a service that fails, only its message. */
const told = (e) => (e instanceof ServiceError ? e.message : e.stack)

let values
try {
  ;({ values } = parseArgs({ options: { 'kafka-port': { type: 'string' }, 'redis-port': { type: 'string' }, heap: { type: 'string' }, keep: { type: 'boolean' }, help: { type: 'boolean' } } }))
} catch (e) {
  say(`${e.message}\n${USAGE}`)
  process.exit(2)
}
if (values.help) {
  process.stdout.write(`${USAGE}\n`)
  process.exit(0)
}

const running = []
let isLeaving = false

async function leave(code) {
  if (isLeaving) return
  isLeaving = true
  const stopped = await Promise.allSettled(running.map((s) => s.stop()))
  const failed = stopped.filter((s) => s.status === 'rejected')
  for (const { reason } of failed) say(told(reason))
  if (values.keep) for (const { dir } of running) say(`kept: ${dir}`)
  process.exit(failed.length > 0 ? 1 : code)
}

let isUp = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    // What is half started ends with this process.
    if (!isUp) process.exit(128 + constants.signals[signal])
    void leave(0)
  })
}

function onDeath(error) {
  say(told(error))
  void leave(1)
}

const port = (text) => (text === undefined ? undefined : Number(text))
const began = performance.now()
const started = await Promise.allSettled([
  startKafka({ port: port(values['kafka-port']), heap: values.heap, keep: values.keep, onDeath }),
  startRedis({ port: port(values['redis-port']), keep: values.keep, onDeath }),
])
for (const s of started) {
  if (s.status === 'fulfilled') running.push(s.value)
  else say(told(s.reason))
}
isUp = true
if (running.length < started.length) await leave(1)
else if (!isLeaving) {
  const [kafka, redis] = running
  process.stdout.write(`KAFKA_BROKERS=${kafka.brokers}\nREDIS_URL=${redis.url}\n`)
  say(`Kafka ${KAFKA_VERSION} (process ${kafka.pid}) and Redis (process ${redis.pid}) are up after ${((performance.now() - began) / 1000).toFixed(1)} s; Ctrl-C stops them`)
}
