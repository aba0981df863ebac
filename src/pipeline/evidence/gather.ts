import { isDeepStrictEqual } from 'node:util'
import { invariant } from '../../base/errors.ts'
import { compareText } from '../../base/order.ts'
import type { Ms } from '../../base/time.ts'
import type { CatalogueData } from '../../catalogue/catalogue.ts'
import type { Mark } from '../../engine/timekeeper.ts'
import { isModelFile } from '../../io/models.ts'
import type { ModelFiles } from '../../models/runtime/layers-model.ts'
import { Event } from '../../telemetry/event.ts'
import { catalogueFor, newMentioned, type Mentioned } from './catalogue-part.ts'
import type { About, Evidence, EvidenceMark, LocatedAddress } from './evidence.ts'
import type { Feed, FeedContext, Input } from './feed.ts'
import type { Found } from './find.ts'
import { portable } from './contexts.ts'

/** Reads a log once more and takes out of it all that each of some warnings depends on. */
export async function gather(feed: Feed, found: readonly Found[], version: string, progress?: (read: number, size: number) => void): Promise<Evidence[]> {
  const inputs = await feed.inputs()
  const all = found.map((f) => new Gathering(feed, f))
  let open: readonly Gathering[] = all
  await feed.read({
    event: (held) => {
      const wanting = open.filter((g) => g.sees(held.platform))
      if (wanting.length === 0) return held.drop()
      for (const g of all) g.lookedUp.clear()
      const event = held.read()
      for (const g of wanting) g.event(event)
    },
    located: (written, event) => {
      for (const g of open) g.located(written, event)
    },
    mark: (mark, context) => {
      open = open.filter((g) => g.mark(mark, context))
      return open.length > 0
    },
  }, progress)
  return all.map((g) => g.evidence(inputs, version))
}

const nameOf = (platform: string, learner: string): string => `${platform}\u0000${learner}`

/**
 * Takes the events and marks that a warning depends on. Events: all of its people, from the log's beginning to the time of its last revision;
 * late ones, until the mark that gave rise to it. Marks: those that cover an event, and the one before where an event was late, since it was
 * late by that; those that change what the events' platforms are known to send, or the context, and the ones before. INVARIANT (marks): what
 * is left out releases the same events later, under the same facts of their platforms, and in the same order; and no mark lets time pass in
 * which an event is missing, so that nobody seems to have fallen silent.
 */
class Gathering {
  readonly events: string[] = []
  readonly marks: EvidenceMark[] = []
  readonly contexts: FeedContext[] = []
  readonly places = new Map<string, LocatedAddress>()
  readonly mentioned: Mentioned
  /** How many events each of the people has had. */
  readonly people: ReadonlyMap<string, About['learners'][number]>
  private readonly feed: Feed
  private readonly found: Found
  private readonly platforms: ReadonlySet<string>
  private readonly last: number
  private readonly until: Ms
  private before: EvidenceMark | undefined
  /** Of the event at hand, where its record does not tell. */
  readonly lookedUp = new Map<string, LocatedAddress>()
  private isBeforeKept = false
  // Since the mark before.
  private hasEvents = false
  private hasLate = false

  constructor(feed: Feed, found: Found) {
    const { people, mark, until } = found
    this.feed = feed
    this.found = found
    this.people = new Map(people.map(({ platform, learner }) => [nameOf(platform, learner), { platform, id: learner, events: 0 }]))
    this.platforms = new Set(people.map((p) => p.platform))
    this.mentioned = newMentioned(people)
    this.last = mark
    this.until = until
  }

  sees(platform: string): boolean {
    return this.platforms.has(platform)
  }

  event(event: Event): void {
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
    const isLast = whole.number === this.last
    const part = partOf(whole, this.platforms)
    const mark = isLast ? cut(part, this.until + 1, this.before?.mark) : part
    const at: EvidenceMark = { mark, events: this.events.length, others: 0 }
    const isTurn = this.hasLate || this.before === undefined || mark.context !== this.before.mark.context ||
      !isDeepStrictEqual([mark.first, mark.fields], [this.before.mark.first, this.before.mark.fields])
    if (isTurn && this.before !== undefined && !this.isBeforeKept) this.marks.push(this.before)
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

  evidence(inputs: Input[], version: string): Evidence {
    const { events, marks, contexts, people, places, found: { revisions }, feed: { source } } = this
    const [first] = revisions
    invariant(first !== undefined && marks.at(-1)?.mark.number === this.last, 'a warning was found that the log does not give again')
    const catalogues = new Map<string, CatalogueData>()
    const models = new Map<string, ModelFiles>()
    for (const { record, setup, models: folders } of contexts) {
      catalogues.set(record.parts.catalogue, catalogueFor(setup.catalogue.data, this.mentioned))
      for (const { hash, files } of folders.values()) models.set(hash, new Map([...files].filter(([name]) => isModelFile(name))))
    }
    return {
      about: { format: 1, version, warning: first.id, rule: first.rule, revisions: revisions.length, source, inputs, learners: [...people.values()], marks: marks.length },
      revisions: revisions.map((w) => JSON.stringify(w)),
      events, others: [], marks, places: [...places.values()].sort((a, b) => compareText(a.written, b.written)),
      contexts: contexts.map(({ record }) => portable(record)), catalogues, models,
    }
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
    const copy = Object.assign(new Event(), event)
    this.feed.locate(copy)
    this.located(written, copy)
  }
}

/** A mark that lets time pass as far as `until`, or as far as the mark before did. Its timers due at `until` come before any event of that instant. */
function cut(mark: Mark, until: Ms, before: Mark | undefined): Mark {
  const watermarks = Object.create(null) as Record<string, Ms>
  for (const [id, at] of Object.entries(mark.watermarks)) watermarks[id] = Math.max(Math.min(at, until), before?.watermarks[id] ?? -Infinity)
  return { ...mark, watermarks, resource: Math.max(Math.min(mark.resource, until), before?.resource ?? -Infinity) }
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
