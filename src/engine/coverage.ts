import type { Catalogue } from '../catalogue/index.ts'
import { ACTIONS, FIELDS, PLACE_LEVELS, type Action, type Event, type Field, type Place, type PlaceLevel } from '../telemetry/event.ts'
import type { CatalogueNeed } from './detector.ts'
import { readsOf, type Rule } from './rule.ts'

/** What one platform's events carry: which optional fields each action has come with. Plain data. */
export interface Seen {
  /** Per action, in the order of ACTIONS: the union of `Event.present`. */
  present: number[]
  /** Union of the place levels known: bit n is PLACE_LEVELS[n]. */
  places: number
  /** Events per action. */
  counts: number[]
}

/** Collects what a platform's events carry, for the table that says which rule could be judged. */
export class Coverage {
  readonly seen: Seen

  constructor(seen: Seen = { present: ACTIONS.map(() => 0), places: 0, counts: ACTIONS.map(() => 0) }) {
    this.seen = seen
  }

  /** `index` is the action's place in ACTIONS. */
  see(index: number, event: Event): void {
    const { seen } = this
    seen.present[index] = (seen.present[index] as number) | event.present
    seen.counts[index] = (seen.counts[index] as number) + 1
  }

  /** Called when a learner's address has changed. */
  seePlace(place: Place | undefined): void {
    const { seen } = this
    if (place === undefined || seen.places === ALL_LEVELS) return
    for (let i = 0; i < PLACE_LEVELS.length; i++) if (place[PLACE_LEVELS[i] as PlaceLevel] !== undefined) seen.places |= 1 << i
  }

  /** Adds what another task saw of the same platform. */
  merge(other: Seen): void {
    const { seen } = this
    seen.places |= other.places
    for (let i = 0; i < ACTIONS.length; i++) {
      seen.present[i] = (seen.present[i] as number) | (other.present[i] as number)
      seen.counts[i] = (seen.counts[i] as number) + (other.counts[i] as number)
    }
  }
}

const ALL_LEVELS = (1 << PLACE_LEVELS.length) - 1

/** One thing without which a rule can judge nothing on a platform. */
export type Missing =
  | { readonly kind: 'conditions' }
  /** None of these actions came. */
  | { readonly kind: 'actions'; readonly actions: readonly Action[] }
  /** No event of these actions carries any of these fields. */
  | { readonly kind: 'fields'; readonly fields: readonly Field[]; readonly actions: readonly Action[] }
  | { readonly kind: 'place'; readonly level: PlaceLevel }
  | { readonly kind: 'catalogue'; readonly need: CatalogueNeed }

/** What a rule lacks to judge anything on a platform; empty where it can. */
export function lackingFor(rule: Pick<Rule, 'detector' | 'reads'>, platform: string, seen: Seen, catalogue: Catalogue): Missing[] {
  const { actions, needs, needsPlace: level, needsCatalogue } = readsOf(rule)
  const missing: Missing[] = []
  if (actions.length === 0) missing.push({ kind: 'conditions' })
  else if (!actions.some((a) => (seen.counts[ACTIONS.indexOf(a)] as number) > 0)) missing.push({ kind: 'actions', actions })
  const roster = rule.detector.orRoster === true && catalogue.data.classes.some((c) => c.platform === platform && c.learners.length > 0)
  const has = (field: Field) => (field === 'class' && roster) || actions.some((a) => (seen.present[ACTIONS.indexOf(a)] as number) & (1 << FIELDS.indexOf(field)))
  for (const need of needs) {
    const fields = typeof need === 'string' ? [need] : need
    if (!fields.some(has)) missing.push({ kind: 'fields', fields, actions })
  }
  if (level !== undefined && missing.length === 0 && !(seen.places & (1 << PLACE_LEVELS.indexOf(level)))) missing.push({ kind: 'place', level })
  for (const need of needsCatalogue) if (!knows(catalogue, platform, need)) missing.push({ kind: 'catalogue', need })
  return missing
}

/** Why a rule can judge nothing on a platform; empty where it can. */
export function missingFor(rule: Pick<Rule, 'detector' | 'reads'>, platform: string, seen: Seen, catalogue: Catalogue): string[] {
  return lackingFor(rule, platform, seen, catalogue).map(wordsOf)
}

function wordsOf(missing: Missing): string {
  switch (missing.kind) {
    case 'conditions': return 'no event can meet its conditions'
    case 'actions': return `no event of ${missing.actions.map((a) => `\`${a}\``).join(', ')}`
    case 'fields': return `no event carries ${missing.fields.map((f) => `\`${f}\``).join(' or ')}`
    case 'place': return missing.level === 'holder' ? 'no database knows who holds the addresses' : `no address is known to its ${missing.level}`
    case 'catalogue': break
  }
  return `the catalogue has no ${CATALOGUE_WORDS[missing.need]}`
}

/** Which of the facts about a platform the catalogue lacks, in words. */
export function missingInCatalogue(needs: readonly CatalogueNeed[], platform: string, catalogue: Catalogue): string[] {
  return needs.filter((need) => !knows(catalogue, platform, need)).map((need) => CATALOGUE_WORDS[need])
}

const CATALOGUE_WORDS: Record<CatalogueNeed, string> = {
  chapters: "course with its chapters in order for the platform's classes",
  lengths: 'chapter lengths for the platform',
  region: "`region` for the platform's classes",
  heartbeat: '`heartbeat` for the platform',
  global: '`global` learner ids for the platform',
  class: 'class of the platform',
  status: "`status` for the platform's classes",
  connected: "`connected` for the platform's classes",
  dates: "`opens` or `closes` for the platform's classes",
  hours: "`hours` for the platform's classes",
  subjects: "`subject` for the courses of the platform's classes",
}

function knows(catalogue: Catalogue, platform: string, need: CatalogueNeed): boolean {
  const classes = catalogue.data.classes.filter((c) => c.platform === platform)
  const courses = classes.flatMap((c) => c.courses.map((id) => catalogue.course(id))).filter((c) => c !== undefined)
  const known: Record<CatalogueNeed, boolean> = {
    chapters: courses.some((c) => c.chapters.length > 1),
    lengths: courses.some((c) => c.chapters.some((x) => x.length !== undefined)),
    region: classes.some((c) => c.region !== undefined),
    heartbeat: catalogue.platform(platform)?.heartbeat !== undefined,
    global: catalogue.isGlobal(platform),
    class: classes.length > 0,
    status: classes.some((c) => c.status !== undefined),
    connected: classes.some((c) => c.connected !== undefined),
    dates: classes.some((c) => c.opens !== undefined || c.closes !== undefined),
    hours: classes.some((c) => c.hours !== undefined),
    subjects: courses.some((c) => c.subject !== undefined),
  }
  return known[need]
}
