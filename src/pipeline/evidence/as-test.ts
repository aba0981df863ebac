import { invariant, InvigilError } from '../../base/errors.ts'
import { shrink } from '../../base/shrink.ts'
import { formatTime, MINUTE } from '../../base/time.ts'
import type { CatalogueData } from '../../catalogue/catalogue.ts'
import type { Scorer } from '../../engine/ports.ts'
import type { TestedRule } from '../../rules/load.ts'
import type { TestInput } from '../../rules/schema.ts'
import { ruleInTest, runTest } from '../../rules/test-run.ts'
import { isWritable, writeGiven } from '../../rules/write-given.ts'
import { FIELDS, PLAYBACK, type Event, type Field, type Place } from '../../telemetry/event.ts'
import type { Warning } from '../../warnings/warning.ts'
import { writtenCatalogue } from './catalogue-part.ts'
import { openContexts } from './contexts.ts'
import type { Evidence } from './evidence.ts'
import { EvidenceDecoder } from './judge.ts'
import { Aliases } from './aliases.ts'

/** A test made of evidence, as a rules file has it, and of how many events. */
export interface AsTest {
  rule: string
  test: Record<string, unknown>
  events: { before: number; after: number }
  /** The warning hangs on the names or ids that people and events have: they are in the test. */
  keepsNames: boolean
}

/** Fields that name somebody or something of theirs, or where they are. */
const PERSONAL: readonly Field[] = ['account', 'session', 'device', 'ip', 'agent', 'challenge']

/**
 * The fewest of the events of some evidence that still raise its warning, as a test that expects none: a near miss. People, their devices and
 * addresses get names of no meaning. Throws `usage` where the events alone do not raise it, as where the marks of that day are part of it.
 */
export async function asTest(evidence: Evidence, it: string): Promise<AsTest> {
  const { tested, models, catalogue } = await ruleOf(evidence)
  const warning = JSON.parse(evidence.revisions.at(-1) as string) as Warning
  const scene = new Scene(tested, models, catalogue, warning)
  const events = eventsOf(evidence)
  if (!scene.raises(events)) {
    throw new InvigilError('usage', `the warning \`${warning.id}\` does not come of its events alone, without the marks of that day: no test can show it; \`invigil verify\` judges it with them`)
  }
  const few = scene.withFewerFields(shrink(events, (some) => scene.raises(some)))
  scene.takeFromCatalogue(few)
  return { rule: tested.rule.id, ...scene.written(few, it), events: { before: events.length, after: few.length } }
}

/** The rule under which the warning was last written. */
async function ruleOf(evidence: Evidence): Promise<{ tested: TestedRule; models: ReadonlyMap<string, Scorer>; catalogue: CatalogueData }> {
  const contexts = await openContexts(evidence)
  const record = evidence.contexts.at(-1)
  const found = record && contexts.get(record.hash)
  invariant(record !== undefined && found !== undefined, 'evidence without a context')
  const { bundle, setup } = found
  const of = bundle.described.find((d) => d.rule.id === evidence.about.rule)
  const tested = bundle.tested.filter((t) => t.rule.id === evidence.about.rule).at(-1)
  if (of === undefined || tested === undefined) throw new InvigilError('usage', `the rule \`${evidence.about.rule}\` was gone when the warning ended: no test can be made for it`)
  return { tested: { ...tested, rule: of.rule, exempt: of.input.exempt }, models: setup.models ?? new Map(), catalogue: setup.catalogue.data }
}

function eventsOf(evidence: Evidence): Event[] {
  const decoder = new EvidenceDecoder(evidence)
  const places = new Map(evidence.places.map((p) => [p.written, p]))
  const all = [...evidence.events.map((r, n) => decoder.event(r, n)), ...evidence.others.map((r, n) => decoder.other(r, n))].map((held) => held.read())
  for (const event of all) {
    const found = event.ip === undefined ? undefined : places.get(event.ip)
    if (found === undefined) continue
    event.ip = found.ip
    event.place = found.place
  }
  return all.filter(isWritable)
}

/** What a test consists of besides its events, and whether its rule warns as it did. */
class Scene {
  private readonly tested: TestedRule
  private readonly models: ReadonlyMap<string, Scorer>
  private catalogue: CatalogueData
  private readonly warning: Warning

  constructor(tested: TestedRule, models: ReadonlyMap<string, Scorer>, catalogue: CatalogueData, warning: Warning) {
    this.tested = tested
    this.models = models
    this.catalogue = catalogue
    this.warning = warning
  }

  /** Whether these events raise a warning of the same subject. */
  raises(events: readonly Event[], aliases = Aliases.none, ids = true): boolean {
    if (events.length === 0) return false
    const test = this.testOf(events, aliases, ids)
    const { subject } = this.warning
    const id = aliases.subject(subject)
    return runTest(ruleInTest(this.tested, test), test, this.models).warnings.some((w) => w.subject.kind === subject.kind && w.subject.id === id)
  }

  /** The events without the fields that nothing hangs on. */
  withFewerFields(events: readonly Event[]): readonly Event[] {
    let kept = events
    for (const field of FIELDS) {
      if (kept.every((e) => e[field] === undefined)) continue
      const without = kept.map((e) => Object.assign(copyOf(e), { [field]: undefined, ...(field === 'ip' ? { place: undefined } : {}) }))
      if (this.isWhole(without) && this.raises(without)) kept = without
    }
    return kept
  }

  /** Takes out of the catalogue what nothing hangs on: whole lists, then one by one. */
  takeFromCatalogue(events: readonly Event[]): void {
    const lists = ['networks', 'classes', 'courses', 'platforms'] as const
    for (const list of lists) this.tryCatalogue(events, { ...this.catalogue, [list]: list === 'networks' ? {} : [] })
    for (const list of ['classes', 'courses', 'platforms'] as const) {
      for (const item of this.catalogue[list]) this.tryCatalogue(events, { ...this.catalogue, [list]: (this.catalogue[list] as readonly unknown[]).filter((i) => i !== item) })
    }
  }

  private tryCatalogue(events: readonly Event[], catalogue: CatalogueData): void {
    const before = this.catalogue
    this.catalogue = catalogue
    if (!this.raises(events)) this.catalogue = before
  }

  private isWhole(events: readonly Event[]): boolean {
    return events.every((e) => e.chapter !== undefined || !PLAYBACK.has(e.action))
  }

  /** As a rules file has it: with names of no meaning and without ids, unless the warning hangs on them. */
  written(events: readonly Event[], it: string): Pick<AsTest, 'test' | 'keepsNames'> {
    const aliases = Aliases.of(events, PERSONAL)
    const [names, ids] = ([[aliases, false], [aliases, true], [Aliases.none, true]] as const).find(([a, i]) => this.raises(events, a, i)) ?? [Aliases.none, true]
    const { date, platform, places, given } = this.testOf(events, names, ids)
    const catalogue = withoutEmpty(writtenCatalogue(names.catalogue(this.catalogue)))
    const test = {
      it, date, ...(platform === 'p1' ? {} : { platform }), ...(Object.keys(catalogue).length === 0 ? {} : { catalogue }), ...(Object.keys(places).length === 0 ? {} : { places }), given, expect: [],
    }
    return { test, keepsNames: ids }
  }

  private testOf(events: readonly Event[], aliases: Aliases, ids: boolean): TestInput {
    const renamed = aliases === Aliases.none ? events : events.map((e) => aliases.event(e))
    const [first] = renamed as [Event]
    const date = formatTime(first.time + first.offset * MINUTE).slice(0, 10)
    const places: Record<string, Place> = {}
    for (const { ip, place } of renamed) if (ip !== undefined && place !== undefined) places[ip] = place
    return {
      it: '', date, platform: first.platform, catalogue: aliases.catalogue(this.catalogue), places,
      given: writeGiven(renamed, { date, platform: first.platform, ids }), expect: [],
    }
  }
}

function copyOf(event: Event): Event {
  return Object.assign(Object.create(Object.getPrototypeOf(event) as object) as Event, event)
}

/** A catalogue's parts that say something. */
function withoutEmpty(catalogue: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(catalogue as Record<string, object>).filter(([, part]) => Object.keys(part).length > 0))
}
