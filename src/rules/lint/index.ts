import { formatProblem } from '../../base/errors.ts'
import type { Bundle } from '../load.ts'
import { checkCatalogue } from './catalogue.ts'
import { checkConditions } from './conditions.ts'
import { checkExemptions } from './exemptions.ts'
import type { Notice } from './notice.ts'
import { checkNames, checkParamConditions } from './own.ts'
import { checkParams } from './params.ts'
import { checkPrompts } from './prompts.ts'
import { checkOverlays, checkReplacements, checkSameRules } from './sameness.ts'
import { byPlace, lintedRules, type Check, type LintOptions } from './subject.ts'
import { checkTestShapes } from './test-shape.ts'
import { checkTests } from './tests.ts'
import { checkTexts } from './texts.ts'

/** Each looks at one rule. */
const CHECKS: readonly Check[] = [checkConditions, checkParams, checkExemptions, checkPrompts, checkTexts, checkTestShapes, checkTests, checkOverlays, checkReplacements, checkCatalogue, checkParamConditions]

/** What rules that load do not do, or do besides, that nobody can have meant; in order of place. */
export function lintRules(bundle: Bundle, options: LintOptions): Notice[] {
  const rules = lintedRules(bundle)
  const found = [...rules.flatMap((rule) => CHECKS.flatMap((check) => check(rule, options))), ...checkSameRules(rules), ...checkNames(bundle, rules)]
  // An entry that rules share through an alias is told once.
  return [...new Map(found.map((n) => [formatProblem(n), n])).values()].sort(byPlace)
}
