import { beatColumns } from './beat-columns.ts'
import type { Column, Feature } from './feature.ts'
import { personColumns } from './person-columns.ts'
import { sittingColumns } from './sitting-columns.ts'
import type { Activity, Around } from './state.ts'
import { takeIn } from './waiting.ts'

export type { Feature } from './feature.ts'
export { observe } from './observe.ts'
export { activity, activityFields, KEEP, SITTING_GAP, type Activity, type Around } from './state.ts'
export { takeIn } from './waiting.ts'

const COLUMNS: readonly Column[] = [...beatColumns, ...personColumns, ...sittingColumns]

/** All features, in the order of their columns. */
export const FEATURES: readonly Feature[] = COLUMNS

/** Writes `FEATURES.length` numbers from `at` on; NaN where one is missing. */
export function readFeatures(activity: Activity, around: Around, into: Float32Array | Float64Array, at: number): void {
  takeIn(activity)
  for (let i = 0; i < COLUMNS.length; i++) into[at + i] = (COLUMNS[i] as Column).read(activity, around)
}
