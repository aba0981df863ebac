// Writes learners' events into `telemetry` as they happen: `node produce.mjs OPTIONS`, as JSON; prints one line of JSON a second, and one at the end.
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { KafkaClient } from '../../dist/io/kafka/client.js'
import { kafkaConfig } from '../../dist/io/kafka/config.js'
import { timedLinesOf } from '../make-log.mjs'
import { intakeOf } from './load.mjs'

const { kafka, log, start } = JSON.parse(process.argv[2])
/** How often what has become due is sent. */
const EVERY = 25
const client = await KafkaClient.open(kafkaConfig.parse(kafka), pino({ level: 'error' }, pino.destination(2)))
const topic = client.topic('telemetry')
const producer = client.plainProducer()
await producer.connect()
const toMessage = await intakeOf()
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)

let [sent, worst, told] = [0, 0, Date.now()]
let messages = []
let oldest
const send = async () => {
  if (messages.length === 0) return
  const portion = messages
  const begun = oldest
  messages = []
  await producer.send({ topic, messages: portion })
  sent += portion.length
  // From when the oldest of them happened until the broker had it.
  worst = Math.max(worst, Date.now() - begun)
}
await sleep(Math.max(0, start - Date.now()))
for (const { time, text } of timedLinesOf({ ...log, start })) {
  if (time > Date.now()) {
    await send()
    while (time > Date.now()) await sleep(EVERY)
    if (Date.now() - told >= 1000) {
      say({ sent, worst })
      ;[worst, told] = [0, Date.now()]
    }
  }
  if (messages.length === 0) oldest = time
  messages.push(toMessage(text))
  if (messages.length >= 4000) await send()
}
await send()
await producer.disconnect()
say({ sent, worst, end: true })
