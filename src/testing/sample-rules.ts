import { z } from 'zod'
import { duration, type Ms } from '../base/time.ts'
import { defineDetector, type AnyDetector } from '../engine/detector.ts'
import { addEvidence, newEvidence, type Evidence } from '../warnings/evidence.ts'

const playsParams = z.strictObject({
  most: z.int().min(1).max(100).default(1).describe('Plays that are allowed.'),
  within: duration.prefault('10m').describe('A longer pause begins anew.'),
  count: z.enum(['all', 'chapters']).default('all').describe('What is counted: every play | every chapter.'),
  ignore: z.array(z.string()).default([]).describe('Chapters that do not count.'),
})

/** Small detectors to test rules with, so that such tests do not depend on the real ones. */
export const manyPlays = defineDetector<typeof playsParams, { times: number; begin: Ms; last: Ms; chapters: string[]; evidence: Evidence }, Record<string, unknown>>({
  name: 'many-plays',
  version: 1,
  summary: 'A learner plays more often than allowed.',
  stage: 'learner',
  params: playsParams,
  actions: ['played'],
  needs: ['chapter', ['session', 'device']],
  newState: () => ({ times: 0, begin: 0, last: 0, chapters: [], evidence: newEvidence() }),
  onEvent(event, context) {
    const { params, state } = context
    if (params.ignore.includes(event.chapter as string)) return
    if (state.times === 0 || event.time - state.last > params.within) Object.assign(state, { times: 0, begin: event.time, chapters: [], evidence: newEvidence() })
    if (params.count === 'chapters' && state.chapters.includes(event.chapter as string)) return
    state.times++
    state.last = event.time
    if (!state.chapters.includes(event.chapter as string)) state.chapters.push(event.chapter as string)
    addEvidence(state.evidence, event.id)
    if (state.times <= params.most) return
    const facts = { plays: state.times, seconds: (event.time - state.begin) / 1000, ...(event.ip === undefined ? {} : { ip: event.ip }) }
    context.raise({ episode: 'ongoing', begin: state.begin, end: event.time, chapters: [...state.chapters], facts, evidence: state.evidence })
  },
  explain: (facts, { most }) => ({ en: `played ${String(facts.plays)} times (limit ${most})`, zh: `播放了${String(facts.plays)}次（上限${most}次）` }),
})

const addressParams = z.strictObject({ most: z.int().min(1).default(1).describe('Learners on one address.') })

export const busyAddress = defineDetector<typeof addressParams, { learners: string[] }, { learners: number }>({
  name: 'busy-address',
  version: 1,
  summary: 'Several learners use one address.',
  stage: 'resource',
  resources: ['ip'],
  params: addressParams,
  needs: ['ip'],
  needsCatalogue: ['class'],
  horizon: 'class',
  newState: () => ({ learners: [] }),
  onSighting({ learner, platform, time }, context) {
    const { params, state } = context
    if (!state.learners.includes(learner)) state.learners.push(learner)
    if (state.learners.length <= params.most) return
    context.raise({
      episode: 'ended', begin: time, end: time, learners: state.learners.map((id) => ({ platform, id })), facts: { learners: state.learners.length },
      evidence: newEvidence(),
    })
  },
  explain: ({ learners }, { most }) => ({ en: `${learners} learners on one address (limit ${most})`, zh: `${learners}名学员共用一个地址（上限${most}名）` }),
})

export const sampleDetectors: readonly AnyDetector[] = [manyPlays, busyAddress]

export const sampleRegulation = `
id: testland
title: { en: The rules of Testland, zh: 测试国规定 }
note: { en: A summary., zh: 摘要。 }
articles:
  - { id: study-1, en: One learner plays once., zh: 每人播放一次。 }
  - { id: study-2, en: One address has one learner., zh: 一址一人。 }
`

export const sampleRules = `# plays
- rule: often
  title: Plays too often
  description: Somebody plays again and again.
  falsePositives: [a restless learner]
  next: Ask the learner.
  basis: [testland/study-1]
  detector: many-plays
  severity: low
  response: prompt
  params: { most: 2 }
  prompt: { en: "You played {plays} times.", zh: "你播放了{plays}次。" }
  exempt:
    - { platform: p1, learner: [demo], from: 2026-03-01, until: 2026-03-02, why: demo account, by: audit }
  tests:
    - it: warns at the third play
      given: |
        08:00:00 played L1 chapter=c1 position=0   # the first
        08:00:10 played L1 chapter=c2 position=0
        08:00:20 played L1 chapter=c1 position=5
      expect: [{ subject: { kind: learner, id: L1 }, chapters: [c1, c2], facts: { plays: 3 } }]
    - it: does not warn at the second
      given: |
        08:00:00 played L1 chapter=c1
        08:00:10 played L1 chapter=c2
      expect: []
- rule: address
  title: A busy address
  description: Several learners on one address.
  basis: [testland/study-2]
  detector: busy-address
  severity: medium
  response: review
  tests:
    - it: warns of two
      given: |
        08:00:00 logged-in L1 ip=1.2.3.4
        08:00:10 logged-in L2 ip=1.2.3.4
      expect: [{ subject: { kind: ip, id: 1.2.3.4 } }]
`
