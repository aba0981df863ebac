import { addFigures, addMoney, noFigures, noMoney, type Figures, type Money } from './figures.ts'
import type { Row } from './compare.ts'

/** The sum of some rows. */
export interface Group {
  figures: Figures
  money: Money
  learners: number
}

/** Sums of rows by a key; learners count once in each. Rows of one learner must come together. */
export class Groups<K> {
  readonly all = new Map<string, Group & { key: K }>()
  private readonly hour: number
  private touched = new Set<Group>()

  constructor(hour: number) {
    this.hour = hour
  }

  add(id: string, key: K, row: Row, rate: number | undefined): void {
    let group = this.all.get(id)
    if (group === undefined) this.all.set(id, (group = { key, figures: noFigures(), money: noMoney(), learners: 0 }))
    addFigures(group.figures, row.figures)
    addMoney(group.money, row.figures, rate, this.hour)
    this.touched.add(group)
  }

  /** The learner whose rows came last is done. */
  endLearner(): void {
    for (const group of this.touched) group.learners++
    this.touched.clear()
  }

  /** Groups in the order of their ids. */
  sorted(): (Group & { key: K })[] {
    return [...this.all].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group)
  }
}
