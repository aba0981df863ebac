import { Coverage } from './coverage.ts'
import type { LearnerStage } from './learner-stage.ts'
import type { ResourceStage } from './resource-stage.ts'
import type { Unjudged } from './runtime.ts'

/** The stages of all tasks, whose accounts are drawn up together. */
export interface Stages {
  readonly learners: readonly LearnerStage[]
  readonly resources: readonly ResourceStage[]
}

/** What each platform's events carried. */
export function coverageOf({ learners }: Stages): Map<string, Coverage> {
  const all = new Map<string, Coverage>()
  for (const task of learners) {
    for (const part of task.parts.values()) {
      const merged = all.get(part.id) ?? new Coverage()
      merged.merge(part.coverage.seen)
      all.set(part.id, merged)
    }
  }
  return all
}

/** What rules could not judge. */
export function unjudgedOf({ learners, resources }: Stages): Unjudged {
  return sum([...learners, ...resources].map((t) => t.context.unjudged))
}

/** Findings that exemptions covered, by rule. */
export function exemptedOf({ learners, resources }: Stages): Record<string, number> {
  return sum([...learners, ...resources].map((t) => t.context.exempted))
}

/** Events that stood in the log twice. */
export function duplicatesOf({ learners }: Stages): number {
  let n = 0
  for (const task of learners) {
    n += task.duplicatesLate
    for (const part of task.parts.values()) n += part.reorder.duplicates
  }
  return n
}

function sum(counts: readonly Record<string, number>[]): Record<string, number> {
  const total: Record<string, number> = {}
  for (const c of counts) for (const [k, n] of Object.entries(c)) total[k] = (total[k] ?? 0) + n
  return total
}
