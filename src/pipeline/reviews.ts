import { open } from 'node:fs/promises'
import { z } from 'zod'
import { InvigilError } from '../base/errors.ts'
import { fileError } from '../io/file-error.ts'
import { parseJson, readRecords } from '../io/record-file.ts'
import { reviewSchema, type Review } from '../warnings/review.ts'
import { warningSchema } from '../warnings/warning.ts'

const LEAST_DIGITS = 8

/** What a review needs to know of the warning that it judges. */
export const reviewedSchema = z.object({ id: z.string(), revision: z.int(), rule: z.string(), episode: warningSchema.shape.episode, summary: warningSchema.shape.summary })
export type Reviewed = z.infer<typeof reviewedSchema>

/** The latest revision of a warning in a file of warnings, by its id or at least the first 8 digits of it. Errors: `not-found`, also where the file has no such warning; `usage` where it has several; `bad-file`. */
export async function findWarning(file: string, id: string): Promise<Reviewed> {
  const found = (await readRecords(file, reviewedSchema, 'warnings')).filter((w) => w.id === id || (id.length >= LEAST_DIGITS && w.id.startsWith(id)))
  if (new Set(found.map((w) => w.id)).size > 1) throw new InvigilError('usage', `several warnings in \`${file}\` begin with \`${id}\`; give more of it`)
  return latestOf(found, id, `\`${file}\``)
}

/** Of the revisions of one warning the latest; `not-found` where there is none. */
export function latestOf(revisions: readonly Reviewed[], id: string, where: string): Reviewed {
  const latest = revisions.reduce<Reviewed | undefined>((best, w) => (best === undefined || w.revision > best.revision ? w : best), undefined)
  if (latest === undefined) throw new InvigilError('not-found', `there is no warning \`${id}\` in ${where}`)
  return latest
}

/** Reads a file of reviews. Errors: `not-found`, `bad-file`. */
export function readReviews(file: string): Promise<Review[]> {
  return readRecords(file, reviewSchema, 'reviews')
}

/** Appends a review to a file, which is made if need be, and returns once it is durable. */
export async function appendReview(file: string, review: Review): Promise<void> {
  try {
    const handle = await open(file, 'a+')
    try {
      const before = await handle.readFile('utf8')
      const rest = before.slice(before.lastIndexOf('\n') + 1)
      // A line that was cut short must not swallow this one, nor make the whole file one that cannot be read.
      if (rest.trim() !== '') parseJson(rest, file, before.split('\n').length)
      await handle.appendFile(`${rest === '' ? '' : '\n'}${JSON.stringify(review)}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (e) {
    throw e instanceof InvigilError ? e : fileError(file, e as NodeJS.ErrnoException)
  }
}
