import { z } from 'zod'
import { SECOND, type Ms } from '../base/time.ts'
import { defineOwn } from './own/define.ts'
import { traceOf, type Trace } from './own/episode.ts'
import { checkCommon, commonParams, condition, stretch } from './own/params.ts'
import { byWords, sentence, span } from './own/words.ts'

const params = z
  .strictObject({
    steps: z.array(condition).min(2).max(8).describe('What happens first, what then, and so on, each later than the one before; other events may lie between.'),
    within: stretch.describe('From the first to the last, at most.'),
    ...commonParams,
  })
  .superRefine((p, context) => checkCommon(p, (path, message) => context.addIssue({ code: 'custom', path, message })))

const example = `
- rule: seek-then-complete
  title: A jump to the end, and the chapter is complete
  description: Within half a minute, a learner jumps forward and completes the chapter.
  falsePositives: [a chapter that is watched for the second time]
  detector: sequence
  severity: low
  response: review
  params:
    steps: ['action == "seeked" && from != null && to != null && to > from', 'action == "completed"']
    within: 30s
    by: [chapter]
    says: { en: "chapter {chapter} was completed within {within} of a jump forward", zh: "章节 {chapter} 在向前跳转后 {within} 内完成" }
  tests:
    - it: warns of the two in this order
      given: |
        08:00:00 played    L1 chapter=c1 position=0
        08:00:10 seeked    L1 chapter=c1 from=10 to=590
        08:00:20 heartbeat L1 chapter=c1 position=600
        08:00:21 completed L1 chapter=c1 position=600
      expect: [{ chapters: [c1], facts: { value: 1, seconds: 11, by: { chapter: c1 } }, evidence: { events: [e2, e4] } }]
    - it: keeps quiet about another order, another chapter, and later
      given: |
        08:00:00 completed L1 chapter=c1 position=600
        08:00:10 seeked    L1 chapter=c1 from=10 to=590
        08:00:15 completed L1 chapter=c2 position=600
        08:00:41 completed L1 chapter=c1 position=600
      expect: []
- rule: device-handed-over
  title: A device is left, and a chapter begins on it within a minute
  description: Who logs out and lets somebody else go on may be studying for both.
  falsePositives: [a shared device in a classroom]
  detector: sequence
  severity: low
  response: review
  params: { over: device, steps: ['kind == "left"', 'kind == "began"'], within: 60s }
  tests:
    - it: names both
      given: |
        08:00:00 played     L1 chapter=c1 device=d1
        08:00:30 logged-out L1 device=d1
        08:01:00 played     L2 chapter=c1 device=d1
      expect: [{ subject: { kind: device, id: d1 }, learners: [{ id: L1 }, { id: L2 }] }]
    - it: keeps quiet after a longer while
      given: |
        08:00:00 played     L1 chapter=c1 device=d1
        08:00:30 logged-out L1 device=d1
        08:01:31 played     L2 chapter=c1 device=d1
      expect: []
`

/** The first steps of a sequence that may go on. Plain data. */
interface Run {
  begin: Ms
  /** Of its latest step. */
  last: Ms
  traces: Trace[]
}

/**
 * Runs by how many of their steps have been made, less one. Of two that are as far, the one that began later can do whatever
 * the other can, but not at the very instant of its latest step: the one before it is kept for that. Plain data.
 */
type Runs = ({ latest: Run; before: Run | null } | null)[]

/** Warns where one thing follows another in time. */
export const sequence = defineOwn(params, {
  name: 'sequence',
  summary: 'For rules of your own: one thing happens, then another, within a time.',
  example,
  conditions: ({ steps }) => steps.map((_, i) => ['steps', i]),
  fields: () => [],
  kept: ({ steps, over }) => [steps, over],
  limit: () => 0,
  newData: (): Runs => [],
  // A bit for each step.
  meets: (_, { steps }, holds) => steps.reduce((bits, step, i) => (holds(step) ? bits | (1 << i) : bits), 0),
  onMet(seen, met, { data: runs, params: { steps, within }, happen }) {
    const trace = traceOf(seen)
    // From the last step to the first, so that one event is one step.
    for (let i = steps.length - 1; i >= 0; i--) {
      if ((met & (1 << i)) === 0) continue
      const before = i === 0 ? undefined : runBefore(seen.time, runs[i - 1])
      if (i > 0 && !(before && seen.time - before.begin <= within)) continue
      const run: Run = { begin: before?.begin ?? seen.time, last: seen.time, traces: [...(before?.traces ?? []), trace] }
      if (i < steps.length - 1) {
        runs[i] = placed(run, runs[i])
        continue
      }
      // What a sequence was made of is part of no other.
      runs.length = 0
      happen({ begin: run.begin, end: seen.time, traces: run.traces })
      return
    }
  },
  tidy({ data: runs, now, params: { within } }) {
    let last: Ms | undefined
    for (let i = 0; i < runs.length; i++) {
      const run = runs[i]?.latest
      if (run && now - run.begin > within) runs[i] = null
      else if (run) last = Math.max(last ?? -Infinity, run.begin)
      // Sparse places are no plain data.
      else runs[i] = null
    }
    return last === undefined ? undefined : last + within + 1
  },
  explain(facts, p) {
    const [by, within] = [byWords(facts), span(p.within)]
    const n = p.steps.length
    const [took, tookZh] = facts.times === 1 ? [` in ${span(facts.seconds * SECOND).en}`, `，用时 ${span(facts.seconds * SECOND).zh}`] : ['', '']
    return sentence(facts, p, p.within, {
      en: `${n} steps followed one another${took} (limit ${within.en}), ${facts.times === 1 ? 'once' : `${facts.times} times`}${by.en}`,
      zh: `${n} 个步骤依次发生${tookZh}（限值 ${within.zh}），共 ${facts.times} 次${by.zh}`,
    })
  },
})

/** The run that an event may go on with. At the same instant nobody knows which came first, so it is none of that instant. */
function runBefore(time: Ms, place: Runs[number] | undefined): Run | null {
  if (!place) return null
  return place.latest.last < time ? place.latest : place.before
}

function placed(run: Run, place: Runs[number] | undefined): Runs[number] {
  if (!place) return { latest: run, before: null }
  if (place.latest.last < run.last) return { latest: run, before: place.latest }
  return { latest: run.begin > place.latest.begin ? run : place.latest, before: place.before }
}
