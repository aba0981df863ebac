import { z } from 'zod'
import { MINUTE, SECOND, duration, type Ms } from '../base/time.ts'
import { defineDetector } from '../engine/detector.ts'
import { addEvidence, newEvidence, type Evidence } from '../warnings/evidence.ts'

const countParams = z.strictObject({
  most: z.int().default(2).describe('Beats from which on it is an episode.'),
  every: z.int().default(1).describe('Beats from one revision to the next.'),
  quiet: duration.prefault('1m').describe('A silence that ends it.'),
})

/** Small detectors to test the engine with. This one opens an episode at the second beat and ends it by a timer after a minute of silence. */
export const beats = defineDetector<typeof countParams, { n: number; begin: Ms; last: Ms; evidence: Evidence }, { n: number; last: Ms }>({
  name: 'beats', version: 1, summary: 'Counts beats.', stage: 'learner', params: countParams, actions: ['heartbeat'], needs: [],
  newState: () => ({ n: 0, begin: 0, last: 0, evidence: newEvidence() }),
  onEvent(event, { params, state, wakeAt, raise }) {
    if (state.n++ === 0) Object.assign(state, { begin: event.time, evidence: newEvidence() })
    state.last = event.time
    addEvidence(state.evidence, event.id)
    wakeAt(event.time + params.quiet)
    if (state.n >= params.most && (state.n - params.most) % params.every === 0) raise({ episode: 'ongoing', begin: state.begin, end: event.time, facts: { n: state.n, last: event.time }, evidence: state.evidence })
  },
  onTimer(_, { params, state, raise }) {
    if (state.n >= params.most) raise({ episode: 'ended', begin: state.begin, end: state.last, facts: { n: state.n, last: state.last }, evidence: state.evidence })
    state.n = 0
  },
  explain: ({ n }, { most }) => ({ en: `${n} beats (limit ${most})`, zh: `${n} 次心跳（上限 ${most}）` }),
})

const none = z.strictObject({})

/** Remembers every chapter until the class closes and raises at each chapter played again. */
export const again = defineDetector<typeof none, { chapters: string[] }, { chapter: string; known: string[] }>({
  name: 'again', version: 1, summary: 'A chapter is played again.', stage: 'learner', params: none, actions: ['played'], needs: ['chapter'], horizon: 'class',
  newState: () => ({ chapters: [] }),
  onEvent(event, { state, raise, wakeAt }) {
    const chapter = event.chapter as string
    if (state.chapters.includes(chapter)) {
      raise({ episode: 'ended', begin: event.time, end: event.time, facts: { chapter, known: state.chapters }, evidence: newEvidence() })
    } else state.chapters.push(chapter)
    wakeAt(event.time + 30 * 24 * 60 * MINUTE)
  },
  onTimer(at, { state, raise }) {
    raise({ episode: 'ended', begin: at, end: at, facts: { chapter: 'none', known: state.chapters }, evidence: newEvidence() })
  },
  explain: ({ chapter }) => ({ en: `${chapter} again`, zh: `重复播放 ${chapter}` }),
})

/** Raises for each late event. */
export const lates = defineDetector<typeof none, { n: number }, { n: number }>({
  name: 'lates', version: 1, summary: 'Counts late events.', stage: 'learner', params: none, actions: [], needs: [],
  newState: () => ({ n: 0 }),
  onEvent() {},
  onLate(event, { state, now, raise }) {
    state.n++
    raise({ episode: 'ended', begin: event.time, end: now, facts: { n: state.n }, evidence: newEvidence() })
  },
  explain: ({ n }) => ({ en: `${n} late`, zh: `${n} 个迟到` }),
})

const judgedParams = z.strictObject({ every: duration.prefault('10s').describe('The grid.') })

/** Asks a model of two features at the times of a grid while its learner beats, and raises where the score is high. */
export const judged = defineDetector<typeof judgedParams, { n: number; last: Ms; scored: Ms }, { n: number; score: number }>({
  name: 'judged', version: 1, summary: 'A model knows the beats.', stage: 'learner', params: judgedParams, actions: ['heartbeat'], needs: [],
  model: { name: 'tiny', features: ['beats', 'silence'] },
  newState: () => ({ n: 0, last: 0, scored: 0 }),
  onEvent(event, { params, state, wakeAt }) {
    state.n++
    state.last = event.time
    wakeAt(Math.floor(event.time / params.every) * params.every + params.every)
  },
  onTimer(at, { params, state, ask, wakeAt }) {
    if (at - state.last < 3 * params.every) wakeAt(at + params.every)
    ask((into, from) => {
      into[from] = (state.n % 7) - 3
      into[from + 1] = state.n % 5 === 0 ? NaN : (at - state.last) / SECOND
    })
  },
  onScore({ probability, reasons }, { state, now, raise }) {
    state.scored = now
    if (probability >= 0.9) raise({ episode: 'ended', begin: now, end: now, facts: { n: state.n, score: probability }, reasons: reasons(), evidence: newEvidence() })
  },
  explain: ({ n, score }, _, reasons) => ({ en: `${n} beats score ${score}, since ${reasons.map((r) => r.feature).join(', ')}`, zh: `${n} 次心跳得分 ${score}` }),
})

const crowdParams = z.strictObject({ most: z.int().default(3).describe('Learners on one address from which on it is an episode.') })

/** An episode while so many learners are on one address; it ends 45 s after the last sighting of a crowd. */
export const crowd = defineDetector<typeof crowdParams, { who: [string, Ms][]; begin: Ms | undefined; most: number }, { learners: number }>({
  name: 'crowd', version: 1, summary: 'Many learners on one address.', stage: 'resource', params: crowdParams, resources: ['ip'], needs: ['ip'],
  newState: () => ({ who: [], begin: undefined, most: 0 }),
  onSighting(s, { params, state, raise, wakeAt }) {
    const who = `${s.platform}/${s.learner}`
    state.who = state.who.filter(([w, t]) => w !== who && s.time - t <= 20 * MINUTE)
    if (s.kind !== 'left') state.who.push([who, s.time])
    if (state.who.length < params.most) return
    if (state.begin === undefined) {
      state.begin = s.time
      const learners = state.who.map(([w]) => ({ platform: w.slice(0, w.indexOf('/')), id: w.slice(w.indexOf('/') + 1) }))
      raise({ episode: 'ongoing', begin: s.time, end: s.time, learners, facts: { learners: state.who.length }, evidence: newEvidence() })
    }
    state.most = Math.max(state.most, state.who.length)
    wakeAt(s.time + 45 * SECOND)
  },
  onTimer(at, { state, raise }) {
    raise({ episode: 'ended', begin: state.begin as Ms, end: at, facts: { learners: state.most }, evidence: newEvidence() })
    state.begin = undefined
    state.most = 0
  },
  explain: ({ learners }) => ({ en: `${learners} learners on one address`, zh: `一个地址 ${learners} 名学员` }),
})
