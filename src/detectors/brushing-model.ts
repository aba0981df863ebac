import { z } from 'zod'
import { invariant } from '../base/errors.ts'
import { number, rare, record, ref, type RecordOf } from '../base/record.ts'
import { plausible } from '../base/plausible.ts'
import { DAY, duration, MINUTE, SECOND, type Ms } from '../base/time.ts'
import { fnv1a } from '../base/hash.ts'
import { defineDetector, type Context, type Sentence } from '../engine/detector.ts'
import { FEATURES, SITTING_GAP, takeIn } from '../models/features/index.ts'
import { follow, followFields, readRow } from '../models/follow.ts'
import { addEvidence, newEvidence, type Evidence } from '../warnings/evidence.ts'
import type { Reason } from '../warnings/warning.ts'

const params = z.strictObject({
  threshold: z.number().gt(0).max(1).default(0.99).describe('Probability of a program from which on it warns: at 0.99, one in a hundred such learners is honest, if the model is right.'),
  least: z.number().min(0).default(10).describe('Minutes watched before the model is asked.').meta(plausible(1, 600)),
  end: duration.prefault('30m').describe('Time below the threshold that ends the episode; so does the end of the sitting, 30 minutes of silence.'),
})

/** A warning that is open, with what spoke most for it so far. Plain data. */
interface Episode {
  begin: Ms
  /** Of the latest event that the model took for a program's. */
  end: Ms
  class: string | undefined
  course: string | undefined
  chapters: string[]
  evidence: Evidence
  score: number
  minutes: number
  reasons: Reason[]
}

// Every event touches both ends of the activity: numbers lie before it, texts after it.
const fields = record({
  /** An episode begins no earlier. */
  since: number(0),
  /** Events since the sitting or the episode before. */
  count: number(0),
  /** When the learner is judged next; 0: not while it is silent. */
  due: number(0),
}, followFields, {
  class: ref<string>(),
  course: ref<string>(),
  /** The first of those counted. */
  first: ref<string>(),
  episode: rare<Episode>(),
})
type State = RecordOf<typeof fields>
interface Facts {
  /** Calibrated probability of a program. */
  score: number
  /** Minutes watched that it rests on; those of earlier sittings count less. */
  minutes: number
}
type Ctx = Context<z.output<typeof params>, State, Facts>

/**
 * While a learner is active it is judged so often, each at the same one of twenty instants of the ten minutes: enough learners meet at each
 * for a batch, and not so many that scoring them takes long.
 */
const EVERY: Ms = 10 * MINUTE
const GRID: Ms = 30 * SECOND
const MOST_CHAPTERS = 50
const MODEL = 'brushing'
const byName = new Map(FEATURES.map((f) => [f.name, f]))

/** Follows what a learner does and asks a trained model every ten minutes, and when the sitting is over, how likely a program does it. */
export const brushingModel = defineDetector<typeof params, State, Facts>({
  name: 'brushing-model',
  version: 2,
  migrations: { 1: migrateOthers },
  summary: 'A trained model takes what a learner does for the doing of a program.',
  stage: 'learner',
  params,
  facts: {
    score: 'calibrated probability of a program', minutes: 'minutes watched that it rests on; those of earlier sittings count less',
  },
  actions: ['logged-in', 'initialized', 'played', 'paused', 'seeked', 'rate-changed', 'heartbeat', 'completed', 'terminated', 'answered', 'face-requested', 'face-checked'],
  needs: ['chapter'],
  // Evidence of several sittings is judged together, and some learners study once a week.
  horizon: 8 * DAY,
  state: fields,
  model: { name: MODEL, features: FEATURES.map((f) => f.name) },
  onEvent(event, context) {
    const { state } = context
    if (event.time - state.latest > SITTING_GAP) state.count = 0
    follow(event, context)
    // What is written is what the collector looks at.
    if (event.class !== undefined && event.class !== state.class) state.class = event.class
    if (event.course !== undefined && event.course !== state.course) state.course = event.course
    if (state.count++ === 0) state.first = event.id
    const { episode } = state
    if (episode !== undefined) {
      addEvidence(episode.evidence, event.id)
      if (event.chapter !== undefined && !episode.chapters.includes(event.chapter) && episode.chapters.length < MOST_CHAPTERS) episode.chapters.push(event.chapter)
    }
    const { due } = state
    if (due > event.time && due - event.time <= EVERY) return
    const { platform, id, wakeAt } = context
    const phase = (fnv1a(`${platform}\u0000${id}`) % (EVERY / GRID)) * GRID
    state.due = Math.floor((event.time - phase) / EVERY) * EVERY + phase + EVERY
    wakeAt(state.due)
  },
  onTimer(at, context) {
    const { state, params, wakeAt, ask } = context
    takeIn(state)
    const silent = at - state.latest
    const isOver = silent >= SITTING_GAP
    // In a silence nothing is learnt that the end of the sitting does not tell.
    state.due = isOver ? 0 : silent < EVERY ? at + EVERY : Math.ceil((state.latest + SITTING_GAP) / GRID) * GRID
    wakeAt(isOver ? undefined : state.due)
    if ((isOver || silent < EVERY) && (state.episode !== undefined || state.played >= params.least * (MINUTE / SECOND))) ask((into, from) => readRow(context, into, from))
  },
  onScore({ probability, reasons }, context) {
    const { state, params, now } = context
    const isHigh = probability >= params.threshold
    if (isHigh) {
      const isNew = state.episode === undefined
      const episode = (state.episode ??= begin(state))
      episode.end = state.latest
      if (probability > episode.score) Object.assign(episode, { score: probability, minutes: Math.round(state.played / (MINUTE / SECOND)), reasons: reasons() })
      if (isNew) report('ongoing', episode, context)
    }
    const { episode } = state
    if (episode === undefined || (now - state.latest < SITTING_GAP && (isHigh || now - episode.end < params.end))) return
    report('ended', episode, context)
    state.episode = undefined
    // INVARIANT (identity): the next episode begins later than this one, of whose begin its id is made.
    state.since = Math.max(episode.end, episode.begin) + 1
    state.count = 0
  },
  explain: ({ score, minutes }, { threshold }, reasons): Sentence => {
    const told = reasons.map(tell)
    return {
      en: `a model takes it for a program: score ${score} (limit ${threshold}) after ${minutes} min of playback; ${told.map((t) => t.en).join('; ') || 'no single cause stands out'}`,
      zh: `模型判断为程序播放：得分 ${score}（上限 ${threshold}），依据 ${minutes} 分钟的播放；${told.map((t) => t.zh).join('；') || '没有突出的单一原因'}`,
    }
  },
})

/** Brings state of version 1 to 2: chapters beside the one at hand take room only where there are some. */
function migrateOthers(state: unknown): unknown {
  const { others } = state as { others: number[] }
  return { ...(state as object), others: others.some((n) => n !== 0) ? others : undefined }
}

function begin({ began, since, chapter, class: klass, course, first, count }: State): Episode {
  const evidence = newEvidence()
  if (first !== undefined && count > 0) evidence.events.push(first)
  evidence.count = count
  const from = Math.max(began, since)
  return { begin: from, end: from, class: klass, course, chapters: chapter === undefined ? [] : [chapter], evidence, score: -1, minutes: 0, reasons: [] }
}

/** A model alone opens a review: no time is disputed. */
function report(state: 'ongoing' | 'ended', { begin, end, class: klass, course, chapters, evidence, score, minutes, reasons }: Episode, { raise }: Ctx): void {
  raise({ episode: state, begin, end, class: klass, course, chapters: [...chapters], disputed: [], facts: { score, minutes }, reasons, evidence })
}

function tell({ feature, value, usual }: Reason): Sentence {
  const known = byName.get(feature)
  invariant(known !== undefined, `a reason names no feature: \`${feature}\``)
  return known.tell(value, usual)
}
