import { InvigilError } from '../base/errors.ts'
import { readText } from '../io/texts.ts'
import type { Labels } from '../pipeline/backtest/labels.ts'
import { readReviews } from '../pipeline/reviews.ts'
import { verdicts } from '../warnings/review.ts'
import { readTruth } from './score.ts'

/** Reads who did cheat: `truth.json` of a simulation, or reviews, one a line. Errors: `not-found`, `bad-file` with the lines. */
export async function readLabels(file: string): Promise<Labels> {
  const text = await readText(file)
  const first = text.split('\n').find((l) => l.trim() !== '')
  if (first === undefined) throw new InvigilError('bad-file', `\`${file}\` is empty: it holds neither the truth of a simulation nor reviews`)
  return isReview(first) ? { kind: 'reviews', verdicts: verdicts(await readReviews(file)) } : { kind: 'truth', truth: await readTruth(file) }
}

function isReview(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && ('verdict' in value || 'warning' in value)
  } catch {
    // The truth of a simulation may be laid out over many lines.
    return false
  }
}
