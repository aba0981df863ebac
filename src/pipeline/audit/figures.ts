/** Seconds of a row or of a group of rows. */
export interface Figures {
  /** What the platform says was studied. */
  claimed: number
  /** What the log shows to have been played, each media second once. */
  played: number
  /** Of that, what no warning disputes. */
  proven: number
  /** Of the claim, what warnings dispute. */
  disputed: number
  /** Of that, by rules that withhold. */
  withhold: number
  /** Of the claim, what the log should show and does not. */
  unproven: number
  /** Of the claim, what the log cannot show. */
  notEvaluable: number
  /** Proven and not claimed. */
  unclaimed: number
  /** Disputed by warnings and not claimed. */
  spared: number
  /** Of what is disputed, claimed or not, what warnings of medium severity or higher dispute. */
  grave: number
  /** Of what is proven, the time in which a warning names the learner without disputing any seconds. */
  questioned: number
}

export const FIGURES = ['claimed', 'played', 'proven', 'disputed', 'withhold', 'unproven', 'notEvaluable', 'unclaimed', 'spared', 'grave', 'questioned'] as const satisfies readonly (keyof Figures)[]

/** What claims cost; amounts are in the currency of the catalogue's `hourRate`. */
export interface Money {
  claimed: number
  /** For the part of the claim that is proven. */
  proven: number
  disputed: number
  unproven: number
  notEvaluable: number
  /** Claimed seconds of classes without `hourRate`. */
  unrated: number
}

export function noFigures(): Figures {
  return { claimed: 0, played: 0, proven: 0, disputed: 0, withhold: 0, unproven: 0, notEvaluable: 0, unclaimed: 0, spared: 0, grave: 0, questioned: 0 }
}

export function noMoney(): Money {
  return { claimed: 0, proven: 0, disputed: 0, unproven: 0, notEvaluable: 0, unrated: 0 }
}

export function addFigures(sum: Figures, more: Figures): void {
  sum.claimed += more.claimed
  sum.played += more.played
  sum.proven += more.proven
  sum.disputed += more.disputed
  sum.withhold += more.withhold
  sum.unproven += more.unproven
  sum.notEvaluable += more.notEvaluable
  sum.unclaimed += more.unclaimed
  sum.spared += more.spared
  sum.grave += more.grave
  sum.questioned += more.questioned
}

/** Adds what a row costs. `hour`: seconds of a class hour; `rate`: what one costs, where it is known. */
export function addMoney(sum: Money, row: Figures, rate: number | undefined, hour: number): void {
  if (rate === undefined) {
    sum.unrated += row.claimed
    return
  }
  const cost = (seconds: number): number => (seconds / hour) * rate
  sum.claimed += cost(row.claimed)
  sum.proven += cost(row.proven - row.unclaimed)
  sum.disputed += cost(row.disputed)
  sum.unproven += cost(row.unproven)
  sum.notEvaluable += cost(row.notEvaluable)
}

/** All that a share of disputed time is of: what was played, or proven or disputed. */
export function disputable(f: Figures): number {
  return Math.max(f.played, f.proven + f.disputed + f.spared)
}

/** What warnings that accuse dispute of it, claimed or not, as a share. */
export function disputedShare(f: Figures): number {
  const of = disputable(f)
  return of === 0 ? 0 : f.grave / of
}

/** Of what is claimed and can be judged, the share without evidence. */
export function unprovenShare(f: Figures): number {
  const judged = f.claimed - f.notEvaluable
  return judged <= 0 ? 0 : f.unproven / judged
}
