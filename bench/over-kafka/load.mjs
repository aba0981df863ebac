// Puts a log into `telemetry` exactly as the intake writes it: the same bytes, keys and headers.
import { Intake } from '../../dist/pipeline/intake.js'
import { createDecoder } from '../../dist/telemetry/decode.js'
import { createEnricher } from '../../dist/telemetry/enrich.js'
import { openGeo } from '../../dist/io/geo.js'

const PORTION = 4000
const SOURCE = 'bench-platform'

/** Makes records of `telemetry` from lines of a platform. */
export async function intakeOf() {
  const intake = new Intake({ decoders: new Map([[SOURCE, createDecoder({ format: 'canonical' })]]), enrich: createEnricher({ geo: (await openGeo()).lookups }) })
  let offset = 0
  return (line) => {
    const { telemetry, rejects } = intake.take({ topic: SOURCE, partition: 0, offset: String(offset++), key: null, value: Buffer.from(line), timestamp: '0' })
    if (rejects.length > 0) throw new Error(`the intake refused ${line}`)
    return telemetry[0]
  }
}

/** Loads lines in their order; returns how many, and the bytes of their values. */
export async function load(client, lines, topic = client.topic('telemetry')) {
  const toMessage = await intakeOf()
  const producer = client.plainProducer()
  await producer.connect()
  let [count, bytes, messages, under] = [0, 0, [], Promise.resolve()]
  try {
    for (const line of lines) {
      const message = toMessage(line)
      count++
      bytes += message.value.length
      messages.push(message)
      if (messages.length < PORTION) continue
      // The next portion is made while this one is sent.
      await under
      under = producer.send({ topic, messages })
      under.catch(() => undefined)
      messages = []
    }
    await under
    if (messages.length > 0) await producer.send({ topic, messages })
  } finally {
    await producer.disconnect()
  }
  return { count, bytes }
}
