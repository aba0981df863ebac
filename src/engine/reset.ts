import type { Entry } from './entry.ts'
import type { LearnerStage } from './learner-stage.ts'
import type { ResourceStage } from './resource-stage.ts'
import type { Rule } from './rule.ts'

/** Keys that are looked at in one go. */
const SLICE = 1024

/** Rules as they were before: their versions say which were edited. */
export interface Before {
  readonly rules: readonly Pick<Rule, 'id' | 'version'>[]
}

/** Whether a rule takes the place of another version of it, and wants its state to begin anew then. One that is new has no state yet. */
export function isReset(rule: Rule, { rules }: Before): boolean {
  return rule.onEdit === 'reset' && rules.some((r) => r.id === rule.id && r.version !== rule.version)
}

/**
 * Makes the state of the rules new that say `onEdit: reset` and had another version before: in every key, with their timers; their open
 * episodes end at the key's next event or timer. Stops after every thousand keys or so; until it has returned, the stage may not be used.
 */
export function* resetLearners(stage: LearnerStage, before: Before): Generator<void, void> {
  const slots = slotsOf(stage, before)
  if (slots.length === 0) return
  stage.context.mayHaveOrphans = true
  let looked = 0
  for (const part of stage.parts.values()) {
    for (const entry of part.learners.values()) {
      stage.touch(part, entry)
      resetEntry(stage, entry, slots, stage.table)
      if (++looked % SLICE === 0) yield
    }
  }
}

/** The same for resources. */
export function* resetResources(stage: ResourceStage, before: Before): Generator<void, void> {
  const slots = slotsOf(stage, before)
  if (slots.length === 0) return
  stage.context.mayHaveOrphans = true
  let looked = 0
  for (const entry of stage.entries()) {
    stage.touch(entry)
    resetEntry(stage, entry, slots, entry.shelf.table)
    if (++looked % SLICE === 0) yield
  }
}

type Stage = Pick<LearnerStage | ResourceStage, 'set'>

function slotsOf({ set }: Stage, before: Before): number[] {
  return set.rules.flatMap((rule, slot) => (isReset(rule, before) ? [slot] : []))
}

function resetEntry({ set }: Stage, entry: Entry, slots: readonly number[], table: { reset(entry: Entry, slot: number): void }): void {
  for (const slot of slots) {
    table.reset(entry, slot)
    const { id } = set.rules[slot] as Rule
    for (const episode of entry.open ?? []) if (episode.rule === id) episode.isCut = true
  }
}
