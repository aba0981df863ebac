import { z } from 'zod'
import { flag, rare, record, type RecordOf } from '../base/record.ts'
import { defineDetector, type Context } from '../engine/detector.ts'
import { addStudy, AFFECTED, endParam, HORIZON, isStudy, newStudy, overAt, raiseStudy, studied, tell, type Affected, type Study } from './shared/class-fault.ts'
import { planOf } from './shared/plan.ts'

interface Facts extends Affected {
  chapters: number
  first: string
  limitLearners: number
}

const params = z.strictObject({
  learners: z.int().min(1).default(2).describe('Learners who study chapters out of the plan below whom nothing is said: one may have strayed there from another class.'),
  end: endParam,
})
type Params = z.output<typeof params>

interface Strays extends Study {
  chapters: string[]
  raised: boolean
}

const fields = record({
  /** Whether any chapter of the plan was seen: else the platform may name chapters in another way than the catalogue. */
  knowsPlan: flag,
  strays: rare<Strays>(),
  told: rare<string[]>(),
})
type State = RecordOf<typeof fields>
type Call = Context<Params, State, Facts>

const MOST_CHAPTERS = 50

/** Chapters are studied in a class that none of its courses has: what is taught is not what was approved. */
export const unplannedChapter = defineDetector<typeof params, State, Facts>({
  name: 'unplanned-chapter',
  version: 1,
  summary: 'Chapters are studied in a class that are in none of its courses.',
  stage: 'resource',
  params,
  facts: {
    chapters: 'how many chapters in none of its courses, up to 50', first: 'the first of them', limitLearners: 'learners from whom on it counts', learners: AFFECTED,
  },
  resources: ['class'],
  needs: ['class', 'chapter'],
  orRoster: true,
  needsCatalogue: ['class', 'chapters'],
  horizon: HORIZON,
  state: fields,
  onSighting(s, context) {
    const { state, params: { learners, end }, catalogue } = context
    endIfOver(context)
    if (!isStudy(s, catalogue)) return
    const klass = catalogue.class(s.scope, s.id)
    if (klass === undefined) return tell('the class is not in the catalogue', context)
    const plan = planOf(klass, catalogue)
    if (!plan.isWhole) return tell('a course of the class is unknown, or its chapters are', context)
    const chapter = s.chapter as string
    if (plan.chapters.has(chapter)) state.knowsPlan = true
    else {
      if (!state.knowsPlan) tell('no chapter of the plan was seen in the class so far', context)
      const strays = (state.strays ??= { ...newStudy(s.time), chapters: [], raised: false })
      if (!strays.chapters.includes(chapter) && strays.chapters.length < MOST_CHAPTERS) strays.chapters.push(chapter)
      const isMore = addStudy(strays, s)
      if (strays.raised && isMore) report(strays, 'ongoing', context)
      context.wakeAt(overAt(strays, end))
    }
    const { strays } = state
    if (strays === undefined || strays.raised || !state.knowsPlan || strays.learners < learners) return
    strays.raised = true
    report(strays, 'ongoing', context)
  },
  onTimer(_, context) {
    endIfOver(context)
    const { state, params } = context
    if (state.strays !== undefined) context.wakeAt(overAt(state.strays, params.end))
  },
  explain({ chapters, first, limitLearners: limit, learners }) {
    const { en, zh } = studied(learners)
    return {
      en: `${en} ${chapters === 1 ? `chapter ${first}, which is` : `${chapters} chapters (the first: ${first}) that are`} in no course of the class (limit ${limit} learner${limit === 1 ? '' : 's'})`,
      zh: `${zh}在该班学习了批准课程以外的 ${chapters} 个章节（首个：${first}；限值 ${limit} 名）`,
    }
  },
})

function endIfOver(context: Call): void {
  const { state, params, now } = context
  const { strays } = state
  if (strays === undefined || now < overAt(strays, params.end)) return
  state.strays = undefined
  if (strays.raised) report(strays, 'ended', context)
}

function report(strays: Strays, episode: 'ongoing' | 'ended', context: Call): void {
  const { chapters } = strays
  raiseStudy(strays, episode, context.id, { chapters: chapters.length, first: chapters[0] as string, limitLearners: context.params.learners }, context, chapters)
}
