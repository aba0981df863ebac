// What any program in JavaScript would need: a bare consumer that only parses each record. `node parse-ceiling.mjs BROKERS TOPIC TOTAL`; prints one line of JSON.
import { createRequire } from 'node:module'

const { Kafka, logLevel } = createRequire(import.meta.url)('kafkajs')
const [brokers, topic, total] = [process.argv[2], process.argv[3], Number(process.argv[4])]
const BYTES = 4 << 20

const consumer = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).consumer({ groupId: `ceiling-${process.pid}`, maxBytesPerPartition: BYTES, maxBytes: 4 * BYTES, maxWaitTimeInMs: 200 })
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
let [count, first, half, cpu] = [0, undefined, undefined, undefined]
await new Promise((done, fail) => {
  consumer.on(consumer.events.CRASH, ({ payload }) => fail(payload.error))
  consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      first ??= performance.now()
      for (const { value } of batch.messages) if (JSON.parse(value.toString()).id === '') throw new Error('an event without id')
      count += batch.messages.length
      if (half === undefined && count >= total / 2) [half, cpu] = [{ at: performance.now(), count }, process.cpuUsage()]
      if (count >= total) done()
    },
  }).catch(fail)
})
const end = performance.now()
const used = process.cpuUsage(cpu)
process.stdout.write(`${JSON.stringify({ perSecond: (count / (end - first)) * 1000, warm: ((count - half.count) / (end - half.at)) * 1000, micros: (used.user + used.system) / (count - half.count) })}\n`)
process.exit(0)
