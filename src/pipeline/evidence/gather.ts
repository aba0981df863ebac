import { isDeepStrictEqual } from 'node:util'
import { invariant } from '../../base/errors.ts'
import { compareText } from '../../base/order.ts'
import type { Ms } from '../../base/time.ts'
import type { CatalogueData } from '../../catalogue/catalogue.ts'
import type { Mark } from '../../engine/timekeeper.ts'
import type { ModelFiles } from '../../models/runtime/layers-model.ts'
import type { Event } from '../../telemetry/event.ts'
import type { Held } from '../../telemetry/held.ts'
import { catalogueFor, newMentioned, type Mentioned } from './catalogue-part.ts'
import type { About, Evidence, EvidenceMark, LocatedAddress } from './evidence.ts'
import type { Feed, FeedContext, Taker } from './feed.ts'
import type { Found } from './find.ts'
import { portable } from './contexts.ts'

/** Reads a log once more and takes out of it all that a warning depends on. */
export async function gather(feed: Feed, found: Found, version: string, progress?: (read: number, size: number) => void): Promise<Evidence> {
  const gathering = new Gathering(feed, found)
  const inputs = await feed.inputs()
  await feed.read(gathering, progress)
  const { events, marks, contexts, people } = gathering
  const [first] = found.revisions
  invariant(first !== undefined && marks.length > 0, 'a warning was found that the log does not give')
  const catalogues = new Map<string, CatalogueData>()
  const models = new Map<string, ModelFiles>()
  for (const { record, setup, models: folders } of contexts) {
    catalogues.set(record.parts.catalogue, catalogueFor(setup.catalogue.data, gathering.mentioned))
    for (const { hash, files } of folders.values()) models.set(hash, files)
  }
  return {
    about: {
      format: 1, version, warning: first.id, rule: first.rule, revisions: found.revisions.length, source: feed.source, inputs,
      learners: [...people.values()], marks: marks.length,
    },
    revisions: found.revisions.map((w) => JSON.stringify(w)),
    events, others: [], marks,
    places: [...gathering.places.values()].sort((a, b) => compareText(a.written, b.written)),
    contexts: contexts.map(({ record }) => portable(record)), catalogues, models,
  }
}

const nameOf = (platform: string, learner: string): string => `${platform}\u0000${learner}`

/**
 * Takes the events and marks that a warning depends on. Events: all of its people, from the log's beginning to the time of its last revision;
 * late ones, until the mark that gave rise to it. Marks: those that cover an event, and the one before where an event was late, since it was
 * late by that; those that change what the events' platforms are known to send, or the context, and the ones before. INVARIANT (marks): what
 * is left out releases the same events later, under the same facts of their platforms, and in the same order.
 */
class Gathering implements Taker {
  readonly events: string[] = []
  readonly marks: EvidenceMark[] = []
  readonly contexts: FeedContext[] = []
  readonly places = new Map<string, LocatedAddress>()
  readonly mentioned: Mentioned
  /** How many events each of the people has had. */
  readonly people: ReadonlyMap<string, About['learners'][number]>
  private readonly feed: Feed
  private readonly platforms: ReadonlySet<string>
  private readonly last: number
  private readonly until: Ms
  private before: EvidenceMark | undefined
  /** Of the event at hand, where its record does not tell. */
  private readonly lookedUp = new Map<string, LocatedAddress>()
  private isBeforeKept = false
  // Since the mark before.
  private hasEvents = false
  private hasLate = false

  constructor(feed: Feed, { people, mark, until }: Found) {
    this.feed = feed
    this.people = new Map(people.map(({ platform, learner }) => [nameOf(platform, learner), { platform, id: learner, events: 0 }]))
    this.platforms = new Set(people.map((p) => p.platform))
    this.mentioned = newMentioned(people)
    this.last = mark
    this.until = until
  }

  event(held: Held): void {
    if (!this.platforms.has(held.platform)) return held.drop()
    this.lookedUp.clear()
    const event = held.read()
    const person = this.people.get(nameOf(event.platform, event.learner))
    if (person === undefined) return
    const isLate = event.time < this.watermark(event.platform)
    if (!isLate && event.time > this.until) return
    person.events++
    this.events.push(event.raw)
    this.hasEvents = true
    if (isLate) this.hasLate = true
    this.note(event)
    for (const [written, at] of this.lookedUp) this.places.set(written, at)
  }

  mark(whole: Mark, context: FeedContext): boolean {
    const mark = partOf(whole, this.platforms)
    const at: EvidenceMark = { mark, events: this.events.length, others: 0 }
    const isTurn = this.hasLate || this.before === undefined || mark.context !== this.before.mark.context ||
      !isDeepStrictEqual([mark.first, mark.fields], [this.before.mark.first, this.before.mark.fields])
    if (isTurn && this.before !== undefined && !this.isBeforeKept) this.marks.push(this.before)
    const isLast = mark.number === this.last
    this.isBeforeKept = isTurn || this.hasEvents || isLast
    if (this.isBeforeKept) this.marks.push(at)
    if (mark.context !== this.before?.mark.context) this.addContext(context)
    this.before = at
    this.hasEvents = this.hasLate = false
    return !isLast
  }

  located(written: string, { ip, place }: Event): void {
    if (ip !== undefined && place !== undefined) this.lookedUp.set(written, { written, ip, place })
  }

  private watermark(platform: string): Ms {
    const mark = this.before?.mark
    const own = mark?.watermarks[platform] ?? -Infinity
    return own === -Infinity ? (mark?.resource ?? own) : own
  }

  private addContext(context: FeedContext): void {
    if (!this.contexts.some((c) => c.record.hash === context.record.hash)) this.contexts.push(context)
  }

  private note(event: Event): void {
    const { mentioned } = this
    if (event.class !== undefined) mentioned.classes.add(event.class)
    if (event.course !== undefined) mentioned.courses.add(event.course)
    if (event.chapter !== undefined) mentioned.chapters.add(event.chapter)
    if (event.account !== undefined) mentioned.ids.add(event.account)
    if (event.ip === undefined || this.feed.source.kind !== 'log') return
    const written = event.ip
    if (this.places.has(written)) return
    this.feed.locate(event)
    this.located(written, event)
  }
}

/** What a mark says of some platforms. */
function partOf(mark: Mark, platforms: ReadonlySet<string>): Mark {
  const of = <T>(all: Readonly<Record<string, T>>): Readonly<Record<string, T>> => {
    const part = Object.create(null) as Record<string, T>
    for (const id of platforms) if (id in all) part[id] = all[id] as T
    return part
  }
  return { ...mark, end: false, watermarks: of(mark.watermarks), first: of(mark.first), fields: of(mark.fields), troubled: mark.troubled.filter((id) => platforms.has(id)) }
}
