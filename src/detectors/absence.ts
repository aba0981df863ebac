import { z } from 'zod'
import type { Ms } from '../base/time.ts'
import { defineOwn, type Call } from './own/define.ts'
import { traceOf, type Trace } from './own/episode.ts'
import { checkCommon, commonParams, condition, stretch } from './own/params.ts'
import { byWords, sentence, span } from './own/words.ts'

const params = z
  .strictObject({
    after: condition.describe('After what something must come.'),
    expect: condition.describe('What must come.'),
    within: stretch.describe('By when; what comes at that very time is in time.'),
    silence: z.enum(['warn', 'ignore']).default('warn').describe(
      'What if nothing at all came since, of this learner or resource: a connection or a platform may have been down. `warn` says so in the warning; `ignore` counts it as not evaluable.',
    ),
    ...commonParams,
  })
  .superRefine((p, context) => checkCommon(p, (path, message) => context.addIssue({ code: 'custom', path, message })))
type Params = z.output<typeof params>

const example = `
- rule: no-question-after-chapter
  title: No question is answered after a chapter
  description: The player asks a question after each chapter; who does not answer one within 5 minutes is not there.
  falsePositives: [somebody who takes a break]
  detector: absence
  severity: low
  response: review
  params:
    after: action == "completed"
    expect: action == "answered" && item != null
    within: 5m
    by: [course]
    says: { en: "no question of course {course} was answered within {within} of a chapter's end, {times} times", zh: "课程 {course} 的章节结束后 {within} 内没有答题，共 {times} 次" }
  tests:
    - it: warns when the time is up, even if nothing more comes
      given: |
        07:59:00 answered  L2 course=k1 item=q1       # this platform asks questions
        08:00:00 completed L1 chapter=c1 course=k1
        mark 08:06:30
      expect: [{ raised: 2026-03-02T08:05:00.001Z, begin: 2026-03-02T08:00:00.000Z, end: 2026-03-02T08:05:00.000Z, facts: { value: 1, silent: 1 } }]
    - it: is content with an answer in time
      given: |
        07:59:00 answered  L2 course=k1 item=q1
        08:00:00 completed L1 chapter=c1 course=k1
        08:05:00 answered  L1 course=k1 item=q1
        mark 08:10:00
      expect: []
    - it: does not take the answer of another course
      given: |
        07:59:00 answered  L2 course=k1 item=q1
        08:00:00 completed L1 chapter=c1 course=k1
        08:01:00 answered  L1 course=k2 item=q1
        mark 08:10:00
      expect: [{ course: k1 }]
    - it: says nothing of a platform that has never sent an answer
      given: |
        08:00:00 completed L1 chapter=c1 course=k1
        mark 08:10:00
      expect: []
- rule: class-stands-still
  title: Nobody of a class completes a chapter
  description: Within 2 hours of a chapter's beginning, nobody of the class completes one.
  detector: absence
  severity: low
  response: review
  params: { over: class, after: 'kind == "began"', expect: 'kind == "completed"', within: 2h, silence: ignore, end: 12h }
  tests:
    - it: warns of a class that goes on
      given: |
        08:00:00 played    L1 chapter=c1 class=k
        08:30:00 heartbeat L2 chapter=c1 class=k
        mark 12:00:00
      expect: [{ subject: { kind: class, id: k }, learners: [{ id: L1 }], chapters: [c1], end: 2026-03-02T10:00:00.000Z }]
    - it: is content with one who does
      given: |
        08:00:00 played    L1 chapter=c1 class=k
        08:30:00 heartbeat L2 chapter=c1 class=k
        09:30:00 completed L2 chapter=c1 class=k
        mark 12:00:00
      expect: []
    - it: cannot tell where nothing comes any more
      given: |
        08:00:00 played L1 chapter=c1 class=k
        mark 12:00:00
      expect: []
`

/** As many wait for an answer at a time; of more nothing can be said. */
const MOST_WAITING = 100

/** What waits for something to come, in order of time. Plain data. */
interface Waiting {
  list: Trace[]
  /** When something came last; -Infinity: never. */
  came: Ms
}

const AFTER = 1
const EXPECTED = 2

/** Warns where something does not follow. */
export const absence = defineOwn(params, {
  name: 'absence',
  summary: 'For rules of your own: after one thing, another that must follow within a time does not come, whether anything else comes or not.',
  example,
  refuses: { withhold: 'what did not come may have been lost on the way' },
  conditions: () => [['after'], ['expect']],
  awaits: ['expect'],
  fields: () => [],
  kept: ({ after, expect, over }) => [after, expect, over],
  limit: () => 0,
  newData: (): Waiting => ({ list: [], came: -Infinity }),
  // Where nobody could tell that it has come, nothing is waited for.
  meets(_, { after, expect }, holds) {
    const came = holds(expect)
    return (came !== undefined && holds(after) ? AFTER : 0) | (came ? EXPECTED : 0)
  },
  onMet(seen, met, { data, notEvaluable }) {
    if (met & EXPECTED) {
      data.list = []
      data.came = seen.time
    }
    // At the same instant nobody knows which came first.
    if (!(met & AFTER) || data.came === seen.time) return
    if (data.list.length < MOST_WAITING) data.list.push(traceOf(seen))
    else notEvaluable(`more than ${MOST_WAITING} waited at a time`)
  },
  tidy(call) {
    const { data, now, params: { within } } = call
    const overdue = data.list.filter((t) => now > t.time + within)
    for (const trace of overdue) missed(trace, call)
    if (overdue.length > 0) data.list = data.list.slice(overdue.length)
    const [next] = data.list
    if (next !== undefined) return next.time + within + 1
    return data.came === now ? now + 1 : undefined
  },
  explain(facts, p) {
    const [by, within] = [byWords(facts), span(p.within)]
    const silent = facts.silent === undefined ? { en: '', zh: '' } : { en: '; nothing else came meanwhile, so that a connection may have been down', zh: '；其间没有任何其他数据，连接可能中断' }
    return sentence(facts, p, p.within, {
      en: `what should have followed did not come ${facts.times === 1 ? 'once' : `${facts.times} times`} (limit ${within.en})${by.en}${silent.en}`,
      zh: `应随后发生的情形有 ${facts.times} 次未发生（限值 ${within.zh}）${by.zh}${silent.zh}`,
    })
  },
})

function missed(trace: Trace, { lastSeen, params: { within, silence }, happen, notEvaluable }: Call<Params, Waiting>): void {
  const silent = lastSeen <= trace.time
  if (silent && silence === 'ignore') return notEvaluable('nothing at all came after it')
  happen({ begin: trace.time, end: trace.time + within, traces: [trace], silent })
}
