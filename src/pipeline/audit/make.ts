import type { Catalogue } from '../../catalogue/index.ts'
import { reviewSchema, verdicts, type Review } from '../../warnings/review.ts'
import { audit, coversDay, type AuditSink } from './audit.ts'
import { Claims } from './claims.ts'
import { auditedWarning, Disputes } from './disputes.ts'
import { readClaims } from './read-claims.ts'
import { readEach, type BadLine } from './read.ts'
import type { Audit } from './report.ts'
import { auditedRecord, Sittings } from './sittings.ts'

export interface AuditOptions {
  records: readonly string[]
  claims: string
  /** Of the claims: a WHATWG encoding; default UTF-8. */
  encoding?: string
  /** Of claims that name none. */
  platform?: string
  warnings?: readonly string[]
  reviews?: string
  catalogue: Catalogue
  /** Seconds of a class hour. */
  hour: number
  /** Seconds up to which a row agrees. */
  tolerance: number
  timeZone?: string
}

/** Where an audit puts what it does not keep. */
export interface MakeSink extends Omit<AuditSink, 'repeated'> {
  reject(line: BadLine): void
}

/** Reads all, each file once from begin to end, and compares. Errors: `not-found`, `bad-file`, `bad-input`, `usage`, `io`. */
export async function makeAudit(o: AuditOptions, sink: MakeSink): Promise<Audit> {
  const rejects: Record<string, number> = {}
  const bad = { records: 0, claims: 0, warnings: 0 }
  const into = (of: keyof typeof bad) => (line: BadLine): void => {
    bad[of]++
    rejects[line.reason] = (rejects[line.reason] ?? 0) + 1
    sink.reject(line)
  }
  const reviews: Review[] = []
  if (o.reviews !== undefined) await readEach(o.reviews, reviewSchema, 'review', (r) => reviews.push(r), into('warnings'))
  const disputes = new Disputes(verdicts(reviews))
  for (const file of o.warnings ?? []) await readEach(file, auditedWarning, 'warning', (w) => disputes.add(w), into('warnings'))
  disputes.settle()
  const sittings = new Sittings()
  for (const file of o.records) await readEach(file, auditedRecord, 'record', (r) => sittings.add(r), into('records'))
  const covers = sittings.cover()
  const claims = new Claims(coversDay(covers, o.catalogue, o.timeZone))
  const read = await readClaims({ file: o.claims, encoding: o.encoding, hour: o.hour, platform: o.platform }, (c, line) => claims.add(c, line), into('claims'))
  const repeated = into('claims')
  const lists: AuditSink = {
    differing: (row) => sink.differing(row),
    learner: (l) => sink.learner(l),
    repeated: (line) => repeated({ file: o.claims, line, reason: 'repeated', message: 'a row before says the same; it counts once', text: '' }),
  }
  const { format, hour, tolerance, timeZone, period, ...rest } = audit({ sittings, covers, claims, disputes, catalogue: o.catalogue, hour: o.hour, tolerance: o.tolerance, timeZone: o.timeZone }, lists)
  const { open, all } = sittings.states()
  return {
    format, hour, tolerance, ...(timeZone === undefined ? {} : { timeZone }), ...(period === undefined ? {} : { period }),
    sources: {
      records: { read: sittings.records, replaced: sittings.replaced, sittings: all, open, bad: bad.records },
      claims: { rows: read.rows, taken: read.rows - bad.claims, bad: bad.claims, ignored: read.ignored },
      ...(o.warnings === undefined ? {} : { warnings: { ...disputes.counts, bad: bad.warnings } }),
      rejects,
    },
    ...rest,
  }
}
