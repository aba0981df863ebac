// How far a group has come, by what it has committed and nothing else.
import { setTimeout as sleep } from 'node:timers/promises'
import { unpackMark } from '../../dist/engine/mark-record.js'
import { committedOffsets, logRanges } from '../../dist/io/kafka/offsets.js'
import { readRanges } from '../../dist/io/kafka/read-range.js'
import { readTaskPosition } from '../../dist/pipeline/kafka/task-head.js'

/** Follows the learner tasks of a realm: after each `look`, `history` says when which task's last committed mark was which. */
export class Progress {
  history = []
  #client
  #admin
  #group
  #marks = []
  #consumer

  constructor(client, group) {
    this.#client = client
    this.#group = group
    this.#admin = client.admin()
  }

  async open() {
    await this.#admin.connect()
    const topic = this.#client.topic('marks')
    this.#consumer = this.#client.consumer({ groupId: `${this.#group}-bench`, maxWaitTimeInMs: 200 })
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topic, fromBeginning: true })
    await this.#consumer.run({ autoCommit: false, eachMessage: async ({ message }) => {
      const { mark, offsets } = unpackMark(message.value)
      if (mark.number > (this.#marks.at(-1)?.number ?? 0)) this.#marks.push({ number: mark.number, offsets, at: Number(message.timestamp), troubled: mark.troubled.length })
    } })
    return this
  }

  async close() {
    await this.#consumer.disconnect()
    await this.#admin.disconnect()
  }

  get marks() {
    return this.#marks
  }

  /** O of each task of a stage; 0 where nothing is committed. */
  async committed(stage) {
    return (await this.#positions(stage)).map((p) => p?.o ?? 0)
  }

  /** Q of each task of a stage, as its offset tells of it; 0 where it has not been saved. */
  async saved(stage) {
    return (await this.#positions(stage)).map((p) => p?.q ?? 0)
  }

  async #positions(stage) {
    const topic = this.#client.topic(stage === 'learner' ? 'telemetry' : 'sightings')
    const partitions = this.#client.config.topics.partitions[stage === 'learner' ? 'telemetry' : 'sightings']
    const all = await committedOffsets(this.#admin, `${this.#group}-${stage}`, topic)
    return Array.from({ length: partitions }, (_, p) => all[p] && readTaskPosition(all[p].metadata))
  }

  async look() {
    const out = await this.committed('learner')
    this.history.push({ at: Date.now(), out })
    return out
  }

  /** Events covered by what these tasks have committed; the topic must begin at 0. */
  covered(out) {
    return out.reduce((n, mark, p) => n + (this.#at(mark)?.offsets[p] ?? 0), 0)
  }

  /** Events committed by the time of each look. */
  series() {
    return this.history.map(({ at, out }) => ({ at, events: this.covered(out) }))
  }

  /** When it was looked and nothing was missing any more of `total` events. Looks every `every` ms; `check` may throw. */
  async until(total, { every = 250, within, check = () => undefined } = {}) {
    for (const begun = Date.now(); ; await sleep(every)) {
      const out = await this.look()
      if (this.covered(out) >= total) return Date.now()
      check()
      if (Date.now() - begun > within) throw new Error(`of ${total} events only ${this.covered(out)} were committed within ${within / 1000} s`)
    }
  }

  #at(number) {
    const { length } = this.#marks
    // Numbers have no gaps.
    const first = this.#marks[0]?.number ?? 1
    const mark = this.#marks[Math.min(number - first, length - 1)]
    return mark !== undefined && mark.number === number ? mark : undefined
  }
}

/** Every committed record of a topic. */
export async function readAll(client, kind, take) {
  const topic = client.topic(kind)
  await readRanges(client, { topic, ranges: await client.withAdmin((admin) => logRanges(admin, topic)), group: `read-${kind}` }, (partition, message) => take(message, partition))
}

/** The warnings of a realm: `id.revision` of each, and how often one came twice. */
export async function warningsOf(client) {
  const texts = new Map()
  let twice = 0
  await readAll(client, 'warnings', ({ value }) => {
    const text = String(value)
    const { id, revision } = JSON.parse(text)
    const key = `${id}.${revision}`
    if (texts.has(key)) twice++
    texts.set(key, text)
  })
  return { texts, twice }
}
