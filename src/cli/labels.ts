import { InvigilError } from '../base/errors.ts'
import { schemaProblems } from '../base/problems.ts'
import { parseTree } from '../base/tree.ts'
import { readText } from '../io/texts.ts'
import type { Labels } from '../pipeline/backtest/labels.ts'
import { reviewSchema, verdicts, type Review } from '../warnings/review.ts'
import { readTruth } from './score.ts'

/** Reads who did cheat: `truth.json` of a simulation, or reviews, one a line. Errors: `not-found`, `bad-file` with the lines. */
export async function readLabels(file: string): Promise<Labels> {
  const text = await readText(file)
  const lines = text.split('\n')
  const first = lines.find((l) => l.trim() !== '')
  if (first === undefined) throw new InvigilError('bad-file', `\`${file}\` is empty: it holds neither the truth of a simulation nor reviews`)
  return isReview(first) ? { kind: 'reviews', verdicts: verdicts(readReviews(file, lines)) } : { kind: 'truth', truth: await readTruth(file) }
}

function isReview(line: string): boolean {
  const value = parsed(line)
  return typeof value === 'object' && value !== null && ('verdict' in value || 'warning' in value)
}

function readReviews(file: string, lines: readonly string[]): Review[] {
  const reviews: Review[] = []
  const problems: InvigilError['problems'][number][] = []
  lines.forEach((content, i) => {
    if (content.trim() === '') return
    const review = reviewSchema.safeParse(parsed(content))
    if (review.success) {
      reviews.push(review.data)
      return
    }
    const { tree } = parsed(content) === undefined ? { tree: undefined } : parseTree(file, content)
    const found = tree === undefined ? [{ file, message: 'not JSON' }] : schemaProblems(review.error.issues, tree, reviewSchema)
    problems.push(...found.map((p) => ({ ...p, line: i + 1 })))
  })
  if (problems.length > 0) throw new InvigilError('bad-file', `\`${file}\` does not hold reviews alone`, { problems })
  return reviews
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown
  } catch {
    return undefined
  }
}
