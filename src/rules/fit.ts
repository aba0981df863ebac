import type { AnyDetector, Need, Path } from '../engine/detector.ts'
import type { Judge, Reads, Rule } from '../engine/rule.ts'
import { ACTIONS, PLACE_LEVELS, type Field, type PlaceLevel } from '../telemetry/event.ts'
import type { ConditionProblem } from './cel.ts'
import { compileJudge, levelOf, type Judged, type OnFault, type Uses } from './condition.ts'
import type { Names } from './names.ts'
import type { Clause } from './reading.ts'
import { events, sightings } from './vocabulary.ts'

/** What a rule's params make of its detector, for the engine. */
export interface Fitted extends Pick<Rule, 'detector' | 'reads' | 'conditions'> {
  uses: readonly Uses[]
}

/** What is wrong with a condition in the params, and where it stands there. */
export interface FitProblem extends ConditionProblem {
  path: Path
}

export interface FitOptions {
  names?: Names
  /** Whether the rule's scope names platforms. */
  namesPlatform: boolean
  /** `part`: where the condition stands, as `params.where`. */
  onFault: (part: string, message: string) => void
}

/** Fits a detector to the params of one rule: which form runs it, what it sees and needs, and its conditions compiled. */
export function fitRule(detector: AnyDetector, params: Record<string, unknown>, { names, namesPlatform, onFault }: FitOptions): Fitted | { problems: FitProblem[] } {
  const fit = detector.fit?.(params)
  if (fit === undefined) return { detector, uses: [] }
  const vocabulary = fit.detector.stage === 'learner' ? events : sightings
  const conditions = new Map<string, Judge>()
  const judged: Judged[] = []
  const uses: Uses[] = []
  const problems: FitProblem[] = []
  for (const path of fit.conditions) {
    const text = path.reduce<unknown>((at, step) => (at as Record<string | number, unknown>)[step], params) as string
    const told: OnFault = (message) => onFault(partName(path), message)
    const found = compileJudge(text, vocabulary, told, names)
    if (found.problem) {
      problems.push({ ...found.problem, path })
      continue
    }
    if (fit.awaits !== undefined && partName(path) === partName(fit.awaits) && !namesPlatform && !found.test.clauses.some(isTelling)) problems.push({ ...UNTOLD, path })
    judged.push(found.test)
    uses.push(found.uses)
    if (!conditions.has(text)) conditions.set(text, found.test.judge)
  }
  if (problems.length > 0) return { problems }
  const clauses = judged.flatMap((j) => j.clauses)
  const reads: Reads = {
    actions: judged.length === 0 ? ACTIONS : ACTIONS.filter((a) => judged.some((j) => j.actions.includes(a))),
    resources: fit.resources ?? [],
    needs: [...fit.needs, ...clauses.map(needOf)],
    needsPlace: deepest(clauses),
    needsCatalogue: fit.needsCatalogue ?? [],
  }
  return { detector: fit.detector, reads, conditions, uses }
}

/** Fields that come with whatever happens: they do not tell that a platform sends this or that. */
const GENERAL = ['received', 'account', 'session', 'device', 'agent', 'ip', 'class', 'course', 'chapter', 'video', 'position', 'length']

function isTelling(clause: Clause): boolean {
  return clause.every((name) => !GENERAL.includes(name) && !name.startsWith('place.'))
}

const UNTOLD: ConditionProblem = {
  message: 'does not tell a platform that never sends such events from a learner who does not come to it',
  mend: 'read a field that comes with them, as in `action == "answered" && item != null`, or name the platforms that send them in `scope`', offset: 0,
}

/** `params.where`, `params.steps[0]`. */
export function partName(path: Path): string {
  return path.reduce<string>((out, step) => (typeof step === 'number' ? `${out}[${step}]` : `${out}.${step}`), 'params')
}

function needOf(clause: Clause): Need {
  // A place is that of an address.
  const fields = new Set(clause.map((name) => (name.startsWith('place.') ? 'ip' : name) as Field))
  return [...fields]
}

function deepest(clauses: readonly Clause[]): PlaceLevel | undefined {
  const levels = clauses.map(levelOf)
  return PLACE_LEVELS.findLast((level) => levels.includes(level))
}
