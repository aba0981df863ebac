import type { Row } from './compare.ts'
import { FIGURES, type Figures, type Money } from './figures.ts'
import type { Measured, Reason } from './rank.ts'
import type { Kept } from './ranking.ts'
import type { AuditLearner, AuditRow } from './report.ts'

// What is reckoned, as it is written: no more digits than the records have, and nothing that is absent.

export function tidyReason({ metric, value, atLeast, usual, z }: Reason): { metric: Measured['metric']; value: number; atLeast: number; usual?: number; z?: number } {
  return { metric, value: round3(value), atLeast: round3(atLeast), ...(usual === undefined ? {} : { usual: round3(usual) }), ...(z === undefined ? {} : { z: round3(z) }) }
}

export function tidyLearner({ platform, learner, class: klass, institution, figures, warnings }: Kept, reasons: AuditLearner['reasons']): AuditLearner {
  return { platform, learner, ...(klass === undefined ? {} : { class: klass }), ...(institution === undefined ? {} : { institution }), ...tidy(figures), warnings, reasons }
}

export function tidyRow({ platform, learner, institution, class: klass, course, chapter, sittings, rules, verdict, why, missing, ...figures }: Row): AuditRow {
  return {
    platform, learner, ...(klass === undefined ? {} : { class: klass }), ...(institution === undefined ? {} : { institution }), ...(course === undefined ? {} : { course }), ...(chapter === undefined ? {} : { chapter }),
    ...tidy(figures), sittings, rules, verdict, ...(why === undefined ? {} : { why }), ...(missing === undefined ? {} : { missing }),
  }
}

export function tidy(figures: Figures): Figures {
  return Object.fromEntries(FIGURES.map((name) => [name, round3(Math.max(0, figures[name]))])) as unknown as Figures
}

export function tidyMoney(money: Money): Money {
  return Object.fromEntries(Object.entries(money).map(([name, amount]) => [name, Math.round((amount as number) * 100) / 100])) as unknown as Money
}

export function round3(n: number): number {
  return Math.round(n * 1000) / 1000
}
