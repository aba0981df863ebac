import { z } from 'zod'
import { DAY, SECOND } from '../base/time.ts'
import { defineDetector, type Context } from '../engine/detector.ts'
import { endQuiet, groupParams, judgePass, nextQuiet, type Group } from './shared/group.ts'
import { namesOf, peopleOf, personKey } from './shared/people.ts'
import { newSynchrony, notePass, type Synchrony } from './shared/synchrony.ts'

interface State {
  synchrony: Synchrony
  groups: Group[]
}

interface Facts {
  learners: string[]
  boundaries: number
  share: number
  withinSeconds: number
  /** Learners of the class that were seen. */
  seen: number
}

const params = z.strictObject(groupParams)
type Params = z.output<typeof params>

/** Learners of one class who pass the same lesson boundaries together again and again, wherever they are; see `judgePass`. */
export const lockstep = defineDetector<typeof params, State, Facts>({
  name: 'lockstep',
  version: 1,
  summary: 'Learners of one class pass the same lesson boundaries within seconds of each other, again and again.',
  stage: 'resource',
  params,
  facts: {
    learners: 'ids of those in step', boundaries: 'lesson boundaries that two or more of them passed together',
    share: 'smallest share of their boundaries that two of them passed together', withinSeconds: 'how close is together',
    seen: 'learners of the class that were seen',
  },
  resources: ['class'],
  needs: ['class', 'chapter'],
  orRoster: true,
  horizon: 7 * DAY,
  newState: () => ({ synchrony: newSynchrony(), groups: [] }),
  onSighting(s, context) {
    const { state, params } = context
    end(context)
    const pass = notePass(state.synchrony, s, params)
    if (!pass) return
    const group = judgePass(state.synchrony, state.groups, personKey(s.platform, s.learner), pass, params, (g) => g)
    if (group) raise(group, 'ongoing', context)
    context.wakeAt(nextQuiet(state.groups, params.quiet))
  },
  onTimer(_, context) {
    end(context)
    context.wakeAt(nextQuiet(context.state.groups, context.params.quiet))
  },
  explain({ learners, boundaries, share, withinSeconds }, { coincidences }) {
    const percent = Math.round(share * 100)
    return {
      en: `${learners.length} learners of the class (${namesOf(learners)}) passed ${boundaries} lesson boundaries within ${withinSeconds} s of each other, ${percent} % or more of those they could have (limit ${coincidences} boundaries)`,
      zh: `同一班级的 ${learners.length} 名学员（${namesOf(learners)}）先后 ${boundaries} 次在 ${withinSeconds} 秒之内同时开始或学完同一课时,占可比次数的 ${percent}% 以上（限值 ${coincidences} 次）`,
    }
  },
})

function end(context: Context<Params, State, Facts>): void {
  const { state, params, now } = context
  for (const group of endQuiet(state.synchrony, state.groups, now, params.quiet)) raise(group, 'ended', context)
}

function raise(group: Group, episode: 'ongoing' | 'ended', context: Context<Params, State, Facts>): void {
  const { state, params } = context
  const learners = peopleOf(group.learners)
  context.raise({
    episode, begin: group.begin, end: group.end, learners, class: context.id, chapters: group.chapters,
    facts: {
      learners: learners.map((l) => l.id), boundaries: group.boundaries, share: Math.round(group.share * 1000) / 1000,
      withinSeconds: params.within / SECOND, seen: Object.keys(state.synchrony.members).length,
    },
    evidence: group.evidence,
  })
}
