import { PLAYBACK, type Event } from '../../telemetry/event.ts'
import { Sample } from '../check/sample.ts'
import { orderOf } from './order.ts'

/** Chapters of a course whose order is told, and learners whose order is remembered. */
const MOST_CHAPTERS = 1000
const MOST_LEARNERS = 200_000
/** Fewest learners whose order, or whose player, is believed, and the least share of them that must agree. */
export const LEAST = 3
export const AGREE = 0.8

/** What the log tells of a chapter. Media seconds are kept as milliseconds. */
interface ChapterTally {
  learners: number
  /** Learners for whom it was the first chapter of the course in this log. */
  firsts: number
  lengths: Sample
  completedAt: Sample
  furthest: number
  played: boolean
  attended: boolean
}

/** How learners who opened a chapter stand to an earlier one. */
interface Place {
  after: string
  /** Of so many who opened both, those who opened the earlier one first. */
  agree: number
  of: number
  /** Those who had opened another chapter, and not this one. */
  skipped: number
}

/** A chapter as the log has it, in its place. */
export interface ChapterGuess {
  id: string
  learners: number
  length?: { seconds: number; from: 'length' | 'completed' | 'furthest'; share: number; n: number; isSure: boolean }
  kind: 'theory' | 'practice'
  /** How its place after the last sure one is known; undefined of the first. */
  place?: Place
  isSure: boolean
}

/** What the log tells of one course. */
export class CourseTally {
  readonly platforms = new Set<string>()
  learners = 0
  /** There are more chapters or learners than are remembered. */
  isCut = false
  private readonly chapters = new Map<string, number>()
  private readonly tallies: ChapterTally[] = []
  private readonly before: number[][] = []
  private readonly opened = new Map<string, number[]>()

  take(event: Event, chapter: string): void {
    this.platforms.add(event.platform)
    const index = this.indexOf(chapter)
    if (index === undefined) return
    const tally = this.tallies[index] as ChapterTally
    if (event.action === 'attended') tally.attended = true
    else if (!PLAYBACK.has(event.action)) return
    else tally.played = true
    this.open(`${event.platform}\u0000${event.learner}`, index, tally)
    const { length, position, action } = event
    if (length !== undefined && length > 0) tally.lengths.add(Math.round(length * 1000))
    if (position === undefined) return
    tally.furthest = Math.max(tally.furthest, position)
    if (action === 'completed') tally.completedAt.add(Math.round(position * 1000))
  }

  private indexOf(chapter: string): number | undefined {
    let index = this.chapters.get(chapter)
    if (index !== undefined) return index
    if (this.chapters.size >= MOST_CHAPTERS) {
      this.isCut = true
      return undefined
    }
    index = this.chapters.size
    this.chapters.set(chapter, index)
    this.tallies.push({ learners: 0, firsts: 0, lengths: new Sample(), completedAt: new Sample(), furthest: 0, played: false, attended: false })
    this.before.push([])
    return index
  }

  private open(learner: string, index: number, tally: ChapterTally): void {
    let opened = this.opened.get(learner)
    if (opened === undefined) {
      this.learners++
      if (this.opened.size >= MOST_LEARNERS) {
        this.isCut = true
        return
      }
      this.opened.set(learner, (opened = []))
    }
    if (opened.includes(index)) return
    tally.learners++
    if (opened.length === 0) tally.firsts++
    for (const earlier of opened) {
      const row = this.before[earlier] as number[]
      row[index] = (row[index] ?? 0) + 1
    }
    opened.push(index)
  }

  /** Its chapters in order, each with how sure its place is. */
  guess(): ChapterGuess[] {
    const names = [...this.chapters.keys()]
    const order = orderOf({ names, before: this.before })
    const sure = new Set(this.chainOf(order))
    let last: number | undefined
    return order.map((index): ChapterGuess => {
      const tally = this.tallies[index] as ChapterTally
      const place = last === undefined ? undefined : this.placeOf(last, index, names[last] as string)
      if (sure.has(index)) last = index
      return { id: names[index] as string, learners: tally.learners, length: lengthOf(tally), kind: tally.attended && !tally.played ? 'practice' : 'theory', place, isSure: sure.has(index) }
    })
  }

  /** The most chapters in order of which each surely follows the one before it. */
  private chainOf(order: readonly number[]): number[] {
    const chains: { length: number; before: number | undefined }[] = []
    order.forEach((index, at) => {
      const chain: (typeof chains)[number] = { length: (this.tallies[index] as ChapterTally).learners >= LEAST ? 1 : 0, before: undefined }
      for (let earlier = at - 1; chain.length > 0 && earlier >= 0; earlier--) {
        const { length } = chains[earlier] as (typeof chains)[number]
        if (length < chain.length || !isSure(this.placeOf(order[earlier] as number, index, ''))) continue
        chain.length = length + 1
        chain.before = earlier
      }
      chains.push(chain)
    })
    let at: number | undefined
    chains.forEach(({ length }, i) => {
      if (length > (at === undefined ? 0 : (chains[at] as { length: number }).length)) at = i
    })
    const chain: number[] = []
    for (; at !== undefined; at = chains[at]?.before) chain.push(order[at] as number)
    return chain
  }

  private placeOf(last: number, index: number, after: string): Place {
    const tally = this.tallies[index] as ChapterTally
    const agree = this.before[last]?.[index] ?? 0
    const against = this.before[index]?.[last] ?? 0
    // Who began the course with it may have opened the one before in an earlier log.
    return { after, agree, of: agree + against, skipped: Math.max(0, tally.learners - tally.firsts - agree - against) }
  }
}

/** Enough learners opened both, most of them in this order, and few came to it from another chapter. */
function isSure({ agree, of, skipped }: Place): boolean {
  return of >= LEAST && agree >= AGREE * of && skipped <= (1 - AGREE) * (skipped + agree)
}

function lengthOf({ lengths, completedAt, furthest }: ChapterTally): ChapterGuess['length'] {
  const mode = lengths.mode()
  if (mode !== undefined) return { seconds: mode.value / 1000, from: 'length', share: mode.share, n: lengths.n, isSure: mode.share >= AGREE }
  const median = completedAt.quantile(0.5)
  if (median !== undefined && median > 0) {
    const share = completedAt.share(0.99 * median, 1.01 * median)
    return { seconds: median / 1000, from: 'completed', share, n: completedAt.n, isSure: completedAt.n >= LEAST && share >= AGREE }
  }
  return furthest > 0 ? { seconds: furthest, from: 'furthest', share: 0, n: 1, isSure: false } : undefined
}
