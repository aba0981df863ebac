import { z } from 'zod'
import type { Ms } from '../base/time.ts'
import { defineOwn, type Call, type Seen } from './own/define.ts'
import { traceOf, type Trace } from './own/episode.ts'
import { checkCommon, commonParams, condition, isNumberOf, isTextOf, numberField, stretch, textField, wrongField } from './own/params.ts'
import { round3 } from './shared/wording.ts'
import { byWords, numberWords, sentence, span, textWords } from './own/words.ts'
import { textOf } from './own/subs.ts'

// As many are remembered of one value of `by` at most, and fewer where the limit is low. It is always more than the limit
// of what is counted, so that what is let go changes no verdict; a sum can only come out too low.
const MOST_KEPT = 1000
const LEAST_KEPT = 100

const params = z
  .strictObject({
    where: condition.optional().describe('What counts; without it, everything does.'),
    sum: numberField.optional().describe('Adds up this field, instead of counting.'),
    distinct: textField.optional().describe('Counts the different values of this field.'),
    window: stretch.describe('Within what time.'),
    most: z.number().min(0).describe('It warns above this. Where something is counted, a whole number below 1000; far above the limit the warning says `at least`.'),
    ...commonParams,
  })
  .superRefine((p, context) => {
    const issue = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
    checkCommon(p, issue)
    if (p.sum !== undefined && p.distinct !== undefined) issue(['distinct'], 'either `sum` or `distinct`, not both')
    if (p.sum !== undefined && !isNumberOf(p.over, p.sum)) issue(['sum'], wrongField(p.sum, p.over))
    if (p.distinct !== undefined && !isTextOf(p.over, p.distinct)) issue(['distinct'], wrongField(p.distinct, p.over))
    if (p.sum === undefined && !(Number.isInteger(p.most) && p.most < MOST_KEPT)) issue(['most'], `what is counted is a whole number below ${MOST_KEPT}`)
  })
type Params = z.output<typeof params>

const example = `
- rule: too-many-starts
  title: More than 3 courses started within 10 minutes
  description: Nobody begins four courses in ten minutes in order to learn.
  falsePositives: [somebody who looks around on the first day]
  detector: threshold
  severity: medium
  response: review
  params: { where: 'action == "initialized"', distinct: course, window: 10m, most: 3 }
  tests:
    - it: warns at the fourth course
      given: |
        08:00:00 initialized L1 course=k1 chapter=a
        08:02:00 initialized L1 course=k2 chapter=b
        08:02:30 initialized L1 course=k2 chapter=c
        08:05:00 initialized L1 course=k3 chapter=d
        08:09:59 initialized L1 course=k4 chapter=e
      expect: [{ facts: { value: 4, limit: 3, values: [k1, k2, k3, k4] }, evidence: { count: 4 } }]
    - it: does not where the first was longer ago
      given: |
        08:00:00 initialized L1 course=k1 chapter=a
        08:02:00 initialized L1 course=k2 chapter=b
        08:05:00 initialized L1 course=k3 chapter=d
        08:10:01 initialized L1 course=k4 chapter=e
      expect: []
- rule: crowded-device
  title: More than 2 learners on one device within an hour
  description: A device that many take turns on may be one that somebody lends out.
  detector: threshold
  severity: low
  response: review
  params: { over: device, distinct: learner, window: 1h, most: 2 }
  tests:
    - it: counts each learner once
      given: |
        08:00:00 logged-in L1 device=d1
        08:05:00 logged-out L1 device=d1
        08:06:00 logged-in L1 device=d1
        08:10:00 logged-in L2 device=d1
        08:20:00 logged-in L3 device=d1
      expect: [{ subject: { kind: device, id: d1 }, facts: { value: 3, values: [L1, L2, L3] }, learners: [{ id: L1 }, { id: L2 }, { id: L3 }] }]
    - it: has nothing against two
      given: |
        08:00:00 logged-in L1 device=d1
        08:10:00 logged-in L2 device=d1
      expect: []
- rule: many-inputs
  title: More than 500 inputs in a minute
  description: No hand presses keys so fast for so long.
  detector: threshold
  severity: low
  response: review
  params: { sum: inputs, window: 60s, most: 500, by: [session] }
  tests:
    - it: adds them up
      given: |
        08:00:00 heartbeat L1 chapter=a session=s1 inputs=300
        08:00:30 heartbeat L1 chapter=a session=s1 inputs=201
        08:00:40 heartbeat L1 chapter=a session=s2 inputs=400
      expect: [{ facts: { value: 501, limit: 500, by: { session: s1 } } }]
    - it: lets the limit pass
      given: |
        08:00:00 heartbeat L1 chapter=a session=s1 inputs=300
        08:00:30 heartbeat L1 chapter=a session=s1 inputs=200
      expect: []
`

/** One that counts. Plain data. */
interface Counted extends Trace {
  /** Of a sum: how much it adds. Of different values: which it is, and how it is shown. */
  amount?: number
  value?: string
  shown?: string
}

/** What counts in the window, in order of time. Plain data. */
interface Window {
  list: Counted[]
  /** The latest that was let go for want of room; -Infinity: none. */
  cut: Ms
}

/** Warns where more than a limit comes together within a time. */
export const threshold = defineOwn(params, {
  name: 'threshold',
  summary: 'For rules of your own: how many events, how much of a number or how many different values come together within a time.',
  example,
  conditions: ({ where }) => (where === undefined ? [] : [['where']]),
  fields: ({ sum, distinct }) => [sum, distinct].filter((f) => f !== undefined),
  kept: ({ where, sum, distinct, over }) => [where, sum, distinct, over],
  limit: ({ most }) => most,
  newData: (): Window => ({ list: [], cut: -Infinity }),
  // What has no value adds none.
  meets: (seen, p, holds) => (countedOf(seen, p) !== undefined && (p.where === undefined || holds(p.where)) ? 1 : 0),
  onMet(seen, _, call) {
    const { data, params: p, isOpen, happen } = call
    const one = countedOf(seen, p) as Counted
    trim(call)
    add(data, one, keptFor(p))
    const value = valueOf(data, p)
    if (value <= p.most) return
    happen({
      begin: data.list[0]?.time as Ms, end: seen.time, value, atLeast: data.cut >= call.now - p.window, traces: isOpen ? [one] : data.list,
      ...(p.distinct === undefined ? {} : { values: data.list.map((c) => c.shown as string) }),
    })
  },
  tidy(call) {
    trim(call)
    const last = call.data.list.at(-1)
    return last && last.time + call.params.window + 1
  },
  ended(data) {
    // What was warned of is not counted again.
    data.list = []
    data.cut = -Infinity
  },
  explain(facts, p) {
    const [by, within] = [byWords(facts), span(p.window)]
    const least = facts.atLeast ? { en: 'at least ', zh: '至少 ' } : { en: '', zh: '' }
    const { value, limit } = facts
    if (p.distinct !== undefined) {
      const word = textWords(p.distinct, value)
      return sentence(facts, p, p.window, {
        en: `${least.en}${value} different ${word.en} within ${within.en} (limit ${limit})${by.en}`, zh: `${within.zh} 之内出现 ${least.zh}${value} 个不同的${word.zh}（限值 ${limit} 个）${by.zh}`,
      })
    }
    if (p.sum !== undefined) {
      const word = numberWords(p.sum)
      return sentence(facts, p, p.window, {
        en: `${word.en}: ${least.en}${value} in all within ${within.en} (limit ${limit})${by.en}`, zh: `${within.zh} 之内${word.zh}合计 ${least.zh}${value}（限值 ${limit}）${by.zh}`,
      })
    }
    return sentence(facts, p, p.window, {
      en: `what the rule counts happened ${least.en}${value} times within ${within.en} (limit ${limit})${by.en}`, zh: `${within.zh} 之内规则所计情形出现 ${least.zh}${value} 次（限值 ${limit} 次）${by.zh}`,
    })
  },
})

function countedOf(seen: Seen, { sum, distinct }: Params): Counted | undefined {
  if (sum !== undefined) {
    const amount = (seen as unknown as Record<string, unknown>)[sum] as number | undefined
    return amount === undefined || amount === 0 ? undefined : { ...traceOf(seen), amount }
  }
  if (distinct === undefined) return traceOf(seen)
  // What is absent is no value.
  const text = textOf(seen, distinct)
  return text && { ...traceOf(seen), value: text.key, shown: text.shown }
}

/** Takes out what is longer ago than the window. */
function trim({ data, now, params: { window } }: Call<Params, Window>): void {
  const from = data.list.findIndex((c) => c.time >= now - window)
  if (from !== 0) data.list = from < 0 ? [] : data.list.slice(from)
}

function keptFor({ sum, most }: Params): number {
  return sum === undefined ? Math.min(MOST_KEPT, Math.max(LEAST_KEPT, 2 * most)) : MOST_KEPT
}

/** Of different values the latest of each is kept. */
function add(data: Window, one: Counted, most: number): void {
  const { list } = data
  const same = one.value === undefined ? -1 : list.findIndex((c) => c.value === one.value)
  if (same >= 0) list.splice(same, 1)
  list.push(one)
  if (list.length <= most) return
  data.cut = (list.shift() as Counted).time
}

function valueOf({ list }: Window, { sum }: Params): number {
  if (sum === undefined) return list.length
  let total = 0
  for (const { amount = 0 } of list) total += amount
  // Sums of decimals are a little off, and nobody is to be accused of that.
  return round3(total)
}
