import { kafkaError } from '../../io/kafka/errors.ts'
import type { KafkaClient } from '../../io/kafka/client.ts'
import { logRanges } from '../../io/kafka/offsets.ts'
import { murmur2 } from '../../io/kafka/partitioning.ts'
import { readRanges } from '../../io/kafka/read-range.ts'
import { reviewSchema, type Review } from '../../warnings/review.ts'
import { reviewMessage } from '../cloud-events.ts'
import { latestOf, reviewedSchema, type Reviewed } from '../reviews.ts'

/** The latest revision of a warning in the topic `warnings`. Throws `not-found` where there is none of that id. */
export async function findWarningInTopic(client: KafkaClient, group: string, id: string): Promise<Reviewed> {
  const topic = client.topic('warnings')
  const revisions: Reviewed[] = []
  const all = await client.withAdmin((admin) => logRanges(admin, topic), { topic })
  // A warning lies by its key in one partition.
  const partition = (murmur2(id) & 0x7fffffff) % all.length
  await readRanges(client, { topic, ranges: all.map((range, p) => (p === partition ? range : undefined)), group }, (_, { key, value }) => {
    if (String(key) === id && value !== null) revisions.push(reviewedSchema.parse(JSON.parse(String(value))))
  })
  return latestOf(revisions, id, `the topic \`${topic}\``)
}

/** All warnings and reviews that are in the topics now. */
export async function readReviewed(client: KafkaClient, group: string): Promise<{ warnings: Reviewed[]; reviews: Review[] }> {
  const warnings: Reviewed[] = []
  const reviews: Review[] = []
  const read = async (kind: 'warnings' | 'reviews', take: (value: unknown) => void): Promise<void> => {
    const topic = client.topic(kind)
    const ranges = await client.withAdmin((admin) => logRanges(admin, topic), { topic })
    await readRanges(client, { topic, ranges, group }, (_, { value }) => {
      if (value !== null) take(JSON.parse(String(value)))
    })
  }
  await read('warnings', (v) => void warnings.push(reviewedSchema.parse(v)))
  await read('reviews', (v) => void reviews.push(reviewSchema.parse(v)))
  return { warnings, reviews }
}

/** Writes a review to the topic `reviews`. */
export async function publishReview(client: KafkaClient, review: Review): Promise<void> {
  const topic = client.topic('reviews')
  const producer = client.plainProducer()
  try {
    await producer.connect()
    await producer.send({ topic, messages: [reviewMessage(review)] })
  } catch (e) {
    throw kafkaError(e, { topic })
  } finally {
    await producer.disconnect()
  }
}
