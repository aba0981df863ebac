import { z } from 'zod'
import { defineOwn } from './own/define.ts'
import { traceOf } from './own/episode.ts'
import { checkCommon, commonParams, condition } from './own/params.ts'
import { byWords, sentence } from './own/words.ts'

const params = z
  .strictObject({ where: condition.describe('What to look for.'), ...commonParams })
  .superRefine((p, context) => checkCommon(p, (path, message) => context.addIssue({ code: 'custom', path, message })))

const example = `
- rule: very-fast-answer
  title: A question answered within half a second
  description: Nobody reads a question in half a second.
  falsePositives: [a question that was seen before]
  detector: match
  severity: low
  response: review
  params:
    where: action == "answered" && elapsed != null && elapsed < 0.5
    by: [course]
    says: { en: "questions of course {course} were answered within half a second, {times} times", zh: "课程 {course} 的题目在半秒内作答 {times} 次" }
  tests:
    - it: takes answers of one course as one episode
      given: |
        08:00:00 answered L1 course=k1 item=q1 elapsed=0.2
        08:01:00 answered L1 course=k1 item=q2 elapsed=0.3
        08:02:00 answered L1 course=k2 item=q3 elapsed=0.4
        mark 08:40:00
      expect:
        - { course: k1, episode: ended, facts: { value: 2, limit: 0, by: { course: k1 } }, evidence: { events: [e1, e2] } }
        - { course: k2, facts: { value: 1 } }
    - it: has nothing against thinking
      given: 08:00:00 answered L1 course=k1 item=q1 elapsed=6
      expect: []
- rule: office-hours-only
  title: An office's address is used at night
  description: The office is closed at night, and so should be its network.
  detector: match
  severity: low
  response: review
  params: { over: ip, where: 'ip.startsWith("203.0.113.") && (hour < 6 || hour >= 22)', end: 6h }
  tests:
    - it: names who was there
      catalogue: { classes: [{ id: k, platform: p1, institution: i1, timeZone: Asia/Shanghai }] }
      given: |
        16:00:00 logged-in L1 class=k ip=203.0.113.9
        16:01:00 logged-in L2 class=k ip=203.0.113.9
        mark 23:00:00
      expect: [{ subject: { kind: ip, platform: p1, id: 203.0.113.9 }, learners: [{ id: L1 }, { id: L2 }] }]
    - it: keeps quiet by day, and about others
      catalogue: { classes: [{ id: k, platform: p1, institution: i1, timeZone: Asia/Shanghai }] }
      given: |
        04:00:00 logged-in L1 class=k ip=203.0.113.9
        16:00:00 logged-in L2 class=k ip=198.51.100.9
      expect: []
`

/** Warns of whatever meets a condition. */
export const match = defineOwn(params, {
  name: 'match',
  summary: 'For rules of your own: an event, or a sighting of a resource, meets a condition.',
  example,
  conditions: () => [['where']],
  fields: () => [],
  kept: () => undefined,
  limit: () => 0,
  newData: () => ({}),
  meets: (_, { where }, holds) => (holds(where) ? 1 : 0),
  onMet(seen, _, { happen }) {
    happen({ begin: seen.time, end: seen.time, traces: [traceOf(seen)] })
  },
  tidy: () => undefined,
  explain(facts, p) {
    const by = byWords(facts)
    return sentence(facts, p, undefined, {
      en: `what the rule looks for happened ${facts.times === 1 ? 'once' : `${facts.times} times`} (limit 0)${by.en}`,
      zh: `规则所查情形出现 ${facts.times} 次（限值 0 次）${by.zh}`,
    })
  },
})
