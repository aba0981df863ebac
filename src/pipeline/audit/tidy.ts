import type { Row } from './compare.ts'
import type { Figures, Money } from './figures.ts'
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

export function tidyRow({ platform, learner, institution, class: klass, course, chapter, sittings, rules, verdict, why, missing, figures }: Row): AuditRow {
  return {
    platform, learner, ...(klass === undefined ? {} : { class: klass }), ...(institution === undefined ? {} : { institution }), ...(course === undefined ? {} : { course }), ...(chapter === undefined ? {} : { chapter }),
    ...tidy(figures), sittings, rules: [...rules], verdict, ...(why === undefined ? {} : { why }), ...(missing === undefined ? {} : { missing }),
  }
}

export function tidy(f: Figures): Figures {
  return {
    claimed: round3(f.claimed), played: round3(f.played), proven: round3(f.proven), disputed: round3(f.disputed), withhold: round3(f.withhold), unproven: round3(f.unproven),
    notEvaluable: round3(f.notEvaluable), unclaimed: round3(f.unclaimed), spared: round3(f.spared), grave: round3(f.grave), questioned: round3(f.questioned),
  }
}

export function tidyMoney(money: Money): Money {
  return Object.fromEntries(Object.entries(money).map(([name, amount]) => [name, Math.round((amount as number) * 100) / 100])) as unknown as Money
}

export function round3(n: number): number {
  return Math.round(n * 1000) / 1000
}
