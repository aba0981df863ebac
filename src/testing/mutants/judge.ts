import { InvigilError } from '../../base/errors.ts'
import type { Problem } from '../../base/errors.ts'
import { detectors } from '../../detectors/index.ts'
import type { Scorer } from '../../engine/ports.ts'
import { lintRules } from '../../rules/lint/index.ts'
import { loadRules, type Bundle, type RuleSource } from '../../rules/load.ts'
import { runTests } from '../../rules/run-tests.ts'
import type { Mutant } from './operators.ts'

/** `reported`: an error or warning stands within a line of the mutation; `elsewhere`: further away; `silent`: nothing is said. */
export type Verdict = 'reported' | 'elsewhere' | 'silent' | 'crash'

export interface Judged {
  mutant: Mutant
  verdict: Verdict
  /** The nearest that was said. */
  said: Problem | undefined
  isWarning: boolean
  /** Of one that loads and is only odd: whether a test of the rule fails. */
  isCaught: boolean | undefined
}

const TODAY = '2026-06-01'

/** Loads a mutant as `rules check` does. `sources` puts its text among the other files. */
export function judge(mutant: Mutant, sources: (text: string) => RuleSource[], models: ReadonlyMap<string, Scorer>): Judged {
  const of = (verdict: Verdict, said?: Problem, isWarning = false, isCaught?: boolean): Judged => ({ mutant, verdict, said, isWarning, isCaught })
  let bundle: Bundle
  try {
    bundle = loadRules(sources(mutant.text), { detectors, models: [...models.keys()] })
  } catch (e) {
    if (!(e instanceof InvigilError) || e.code !== 'bad-rules') return of('crash', { message: e instanceof Error ? (e.stack ?? e.message) : String(e) })
    const nearest = near(e.problems, mutant)
    return of(nearest && distance(nearest, mutant) <= 1 ? 'reported' : 'elsewhere', nearest)
  }
  const nearest = near(lintRules(bundle, { today: TODAY }), mutant)
  const isCaught = mutant.isInvalid ? undefined : runTests(bundle, undefined, models).some((r) => r.failure !== undefined)
  if (!nearest) return of('silent', undefined, false, isCaught)
  return of(distance(nearest, mutant) <= 1 ? 'reported' : 'elsewhere', nearest, true, isCaught)
}

function distance(p: Problem, { line }: Mutant): number {
  return p.line === undefined ? Infinity : Math.abs(p.line - line)
}

function near(problems: readonly Problem[], mutant: Mutant): Problem | undefined {
  return [...problems].sort((a, b) => distance(a, mutant) - distance(b, mutant))[0]
}
