import { z } from 'zod'
import { compareText } from '../base/order.ts'
import { number, rare, record, ref, type RecordOf } from '../base/record.ts'
import { DAY, SECOND, duration, type Ms } from '../base/time.ts'
import { defineDetector, type Context } from '../engine/detector.ts'
import { SIGHTING_EVERY } from '../engine/presence.ts'
import { addEvidence, newEvidence, type Evidence } from '../warnings/evidence.ts'
import { peopleOf, personKey, type Ref } from './shared/people.ts'

interface Stretch {
  platform: string
  from: Ms
  last: Ms
  chapters: string[]
}

/** What is kept of a person who watches on two platforms, until both are left. Plain data. */
interface Both {
  /** What the person watches on each platform now. */
  stretches: Stretch[]
  /** Platform of the latest sighting, and how often it changed within the present overlap. */
  latest: string
  changes: number
  /** Events of those changes. */
  evidence: Evidence
  open: { begin: Ms; end: Ms; learners: string[]; platforms: string[]; chapters: string[]; seconds: number; judged: Ms } | undefined
}

const fields = record({
  /** What the person watches, on one platform as nearly everybody does. See `Stretch`. */
  platform: ref<string>(),
  from: number(NaN),
  last: number(NaN),
  /** The first of its chapters, and the others. */
  chapter: ref<string>(),
  chapters: ref<string[]>(),
  /** In the place of the fields above. */
  both: rare<Both>(),
})
type State = RecordOf<typeof fields>

interface Facts {
  platforms: string[]
  /** Seconds in which both were watched. */
  seconds: number
  changes: number
}

const params = z.strictObject({
  overlap: duration.prefault('20m').describe('For how long both platforms are watched without a break, at least.'),
  changes: z.int().min(2).default(4).describe('How often the sightings change from one platform to the other meanwhile, at least: going over for good changes once.'),
  gap: duration.prefault('11m').describe('A platform not seen for so long is no longer watched; sightings come every 10 minutes.'),
  quiet: duration.prefault('30m').describe('An episode is over when the two have not overlapped for so long.'),
})
type Params = z.output<typeof params>
type Person = Context<Params, State, Facts>

const MOST_CHAPTERS = 20

/**
 * A person with a global id watches on two platforms at once. A sighting tells only that a platform was watched in the 10
 * minutes before the next one, so one alone proves nothing: both stretches must go on without a break for `overlap` and be
 * seen in turn again and again. Somebody who changes over, even twice, is not accused.
 */
export const twoPlatforms = defineDetector<typeof params, State, Facts>({
  name: 'two-platforms',
  version: 1,
  summary: 'One person, known by a global id, watches on two platforms at the same time.',
  stage: 'resource',
  params,
  facts: { platforms: 'ids of both', seconds: 'time in which both were watched', changes: 'changes from one to the other meanwhile' },
  resources: ['person'],
  needs: ['chapter'],
  doubts: ({ gap }) =>
    gap > SIGHTING_EVERY ? [] : [{ param: 'gap', message: 'sightings come every 10 minutes, so that nobody seems to watch without a break', mend: 'write more than `10m`' }],
  needsCatalogue: ['global'],
  horizon: DAY,
  state: fields,
  onSighting(s, context) {
    const { state, params } = context
    end(context)
    if (s.kind === 'left') {
      drop(state, (x) => x.platform === s.platform)
      return
    }
    if (s.chapter === undefined) return
    drop(state, (x) => s.time - x.last > params.gap)
    if (isAlone(state, s.platform, s.chapter, s.time)) return
    const both = (state.both ??= join(state))
    const mine = stretchOf(both, s.platform, s.time)
    mine.last = s.time
    if (!mine.chapters.includes(s.chapter)) {
      if (mine.chapters.length === MOST_CHAPTERS) mine.chapters.shift()
      mine.chapters.push(s.chapter)
    }
    if (both.latest !== s.platform && both.stretches.length > 1) {
      both.changes++
      if (s.event !== undefined) addEvidence(both.evidence, s.event)
    }
    both.latest = s.platform
    judge(mine, personKey(s.platform, s.learner), both, context)
  },
  onTimer(_, context) {
    end(context)
  },
  explain({ platforms, seconds, changes }, { overlap, changes: least }) {
    return {
      en: `one person watched on ${platforms.join(' and ')} at the same time for ${seconds} s (limit ${overlap / SECOND} s), seen in turn ${changes} times (limit ${least - 1})`,
      zh: `同一人在 ${platforms.join('、')} 上同时学习 ${seconds} 秒（限值 ${overlap / SECOND} 秒），两平台交替出现 ${changes} 次（限值 ${least - 1} 次）`,
    }
  },
})

/** Notes what is watched where that is one platform; false if it is two now. */
function isAlone(state: State, platform: string, chapter: string, at: Ms): boolean {
  if (state.both !== undefined) return false
  if (state.platform === undefined) {
    state.platform = platform
    state.from = at
  } else if (state.platform !== platform) return false
  state.last = at
  if (state.chapter === undefined) state.chapter = chapter
  else if (state.chapter !== chapter && !state.chapters?.includes(chapter)) {
    state.chapters = state.chapters?.concat(chapter) ?? [chapter]
    if (state.chapters.length === MOST_CHAPTERS) state.chapter = state.chapters.shift()
  }
  return true
}

/** What would be kept had both been watched from the beginning; the fields are free then. */
function join(state: State): Both {
  const { platform, from, last, chapter, chapters } = state
  const one: Stretch = { platform: platform as string, from, last, chapters: [chapter as string, ...(chapters ?? [])] }
  clear(state)
  return { stretches: [one], latest: one.platform, changes: 0, evidence: newEvidence(), open: undefined }
}

function clear(state: State): void {
  state.platform = state.chapter = state.chapters = state.both = undefined
}

function judge(mine: Stretch, who: string, both: Both, context: Person): void {
  const { params } = context
  const other = both.stretches.find((x) => x !== mine)
  if (!other || both.changes < params.changes) return
  const begin = Math.max(mine.from, other.from)
  const end = Math.min(mine.last, other.last)
  const { open } = both
  if (open) {
    open.seconds += Math.max(0, end - Math.max(open.end, begin)) / SECOND
    open.end = Math.max(open.end, end)
    open.judged = context.now
    for (const c of mine.chapters) if (!open.chapters.includes(c) && open.chapters.length < MOST_CHAPTERS) open.chapters.push(c)
  } else if (end - begin >= params.overlap) {
    const learner = who.slice(who.indexOf('\u0000') + 1)
    const platforms = [mine.platform, other.platform].sort(compareText)
    const chapters = [...new Set([...other.chapters, ...mine.chapters])].slice(0, MOST_CHAPTERS)
    both.open = { begin, end, learners: platforms.map((p) => personKey(p, learner)), platforms, chapters, seconds: (end - begin) / SECOND, judged: context.now }
    raise('ongoing', both, context)
  } else return
  context.wakeAt(context.now + params.quiet)
}

function stretchOf({ stretches }: Both, platform: string, at: Ms): Stretch {
  const found = stretches.find((x) => x.platform === platform)
  if (found) return found
  const made: Stretch = { platform, from: at, last: at, chapters: [] }
  stretches.push(made)
  return made
}

/** Ends stretches; without two there is no overlap, and what was counted of it is void. */
function drop(state: State, over: (x: Pick<State, 'platform' | 'last'>) => boolean): void {
  const { both } = state
  if (!both) {
    if (state.platform !== undefined && over(state)) clear(state)
    return
  }
  if (!both.stretches.some(over)) return
  both.stretches = both.stretches.filter((x) => !over(x))
  if (both.stretches.length > 1 || both.open) return
  if (both.stretches.length === 0) clear(state)
  both.changes = 0
  both.evidence = newEvidence()
}

function end(context: Person): void {
  const { state, params, now } = context
  const { both } = state
  if (!both?.open || now < both.open.judged + params.quiet) return
  raise('ended', both, context)
  clear(state)
}

function raise(episode: 'ongoing' | 'ended', both: Both, context: Person): void {
  const { begin, end, learners, platforms, chapters, seconds } = both.open as NonNullable<Both['open']>
  const people: Ref[] = peopleOf(learners)
  context.raise({
    episode, begin, end, subject: { kind: 'person', id: context.id, platform: (people[0] as Ref).platform }, learners: people, chapters: [...chapters].sort(compareText),
    facts: { platforms, seconds: Math.round(seconds * 1000) / 1000, changes: both.changes }, evidence: both.evidence,
  })
}
