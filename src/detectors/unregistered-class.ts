import { z } from 'zod'
import { flag, rare, record, type RecordOf } from '../base/record.ts'
import { defineDetector, type Context } from '../engine/detector.ts'
import { addStudy, AFFECTED, endParam, HORIZON, isStudy, newStudy, overAt, raiseStudy, studied, tell, type Affected, type Study } from './shared/class-fault.ts'

interface Facts extends Affected {
  class: string
  limitLearners: number
}

const params = z.strictObject({
  learners: z.int().min(1).default(1).describe('Learners of such a class below whom nothing is said.'),
  end: endParam,
})
type Params = z.output<typeof params>

interface Unknown extends Study {
  id: string
  raised: boolean
}

const fields = record({
  /** Whether a class of the catalogue was seen: else the platform may name its classes in another way. */
  knowsOne: flag,
  classes: rare<Unknown[]>(),
  told: rare<string[]>(),
})
type State = RecordOf<typeof fields>
type Call = Context<Params, State, Facts>

const MOST_CLASSES = 500

/**
 * There is study in a class that the catalogue does not have, on a platform other classes of which it has. Where no class of a platform's
 * telemetry is in the catalogue, the two may name them in different ways, and nothing can be told.
 */
export const unregisteredClass = defineDetector<typeof params, State, Facts>({
  name: 'unregistered-class',
  version: 1,
  summary: 'There is study in a class that is not in the catalogue, though other classes of its platform are.',
  stage: 'resource',
  params,
  facts: { class: 'the class', limitLearners: 'learners from whom on it counts', learners: AFFECTED },
  resources: ['platform'],
  needs: ['class', 'chapter'],
  needsCatalogue: ['class'],
  horizon: HORIZON,
  state: fields,
  onSighting(s, context) {
    const { state, params, catalogue } = context
    endOver(context)
    if (s.class === undefined || !isStudy(s, catalogue)) return
    if (catalogue.class(s.platform, s.class) !== undefined) {
      putInOrder(s.class, context)
      if (!state.knowsOne) {
        state.knowsOne = true
        for (const u of state.classes ?? []) raiseIfDue(u, context)
      }
    } else {
      if (!state.knowsOne) tell('no class of the platform was seen that the catalogue has', context)
      const known = see(s.class, context)
      if (known !== undefined) {
        const isMore = addStudy(known, s)
        if (known.raised && isMore) report(known, 'ongoing', context)
        else raiseIfDue(known, context)
      }
    }
    context.wakeAt(nextOver(state, params))
  },
  onTimer(_, context) {
    endOver(context)
    context.wakeAt(nextOver(context.state, context.params))
  },
  explain({ class: id, limitLearners: limit, learners }) {
    const { en, zh } = studied(learners)
    return {
      en: `${en} in class ${id}, which is not registered (limit ${limit} learner${limit === 1 ? '' : 's'})`,
      zh: `班级 ${id} 未登记备案，${zh}在该班学习（限值 ${limit} 名）`,
    }
  },
})

/** The unknown class of that name, or a new one. */
function see(id: string, context: Call): Unknown | undefined {
  const { state, now } = context
  const classes = state.classes ?? []
  const known = classes.find((u) => u.id === id)
  if (known !== undefined) return known
  if (classes.length >= MOST_CLASSES) {
    tell(`more than ${MOST_CLASSES} classes at once are not in the catalogue`, context)
    return undefined
  }
  const fresh: Unknown = { ...newStudy(now), id, raised: false }
  state.classes = [...classes, fresh]
  return fresh
}

function raiseIfDue(u: Unknown, context: Call): void {
  if (u.raised || !context.state.knowsOne || u.learners < context.params.learners) return
  u.raised = true
  report(u, 'ongoing', context)
}

/** A class that has come into the catalogue. */
function putInOrder(id: string, context: Call): void {
  take(context, (u) => u.id === id)
}

function endOver(context: Call): void {
  const { now, params } = context
  take(context, (u) => now >= overAt(u, params.end))
}

function take(context: Call, isOver: (u: Unknown) => boolean): void {
  const { state } = context
  if (state.classes?.some(isOver) !== true) return
  for (const u of state.classes) if (u.raised && isOver(u)) report(u, 'ended', context)
  const rest = state.classes.filter((u) => !isOver(u))
  state.classes = rest.length === 0 ? undefined : rest
}

function nextOver({ classes }: State, { end }: Params): number | undefined {
  return classes === undefined ? undefined : Math.min(...classes.map((u) => overAt(u, end)))
}

function report(u: Unknown, episode: 'ongoing' | 'ended', context: Call): void {
  raiseStudy(u, episode, u.id, { class: u.id, limitLearners: context.params.learners }, context)
}
