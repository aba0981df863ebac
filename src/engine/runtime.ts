import { invariant } from '../base/errors.ts'
import { compareText } from '../base/order.ts'
import { DAY, formatTime, type Ms } from '../base/time.ts'
import type { Catalogue } from '../catalogue/index.ts'
import { FIELDS, type Event, type Field } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { buildPrompts, buildWarning } from '../warnings/build.ts'
import { warningId, type SubjectKind, type Warning } from '../warnings/warning.ts'
import type { AnyDetector, Context, Finding } from './detector.ts'
import type { Entry, OpenEpisode, Timers } from './entry.ts'
import type { Output } from './output.ts'
import type { Scorer } from './ports.ts'
import { readsOf, type Rule } from './rule.ts'
import type { Fill, Scoring } from './scoring.ts'
import type { Sighting } from './sighting.ts'
import type { Table } from './table.ts'

/** State of a silent key is forgotten after this, unless its detector declares another horizon. */
export const DEFAULT_HORIZON: Ms = DAY

/** All that the stages depend on besides the log. */
export interface Setup {
  rules: readonly Rule[]
  catalogue: Catalogue
  /** Hash of the whole context. */
  context: string
  /** Hash of the context without the rules in the shadow, which warnings of live rules name: the same in the shadow's presence and absence. Default: `context`. */
  live?: string
  /** Those that the rules' detectors ask, by name; none where no rule does. */
  models?: ReadonlyMap<string, Scorer>
  /** Writes an event's address in its normal form and looks up its place; without it, events bring both. */
  locate?: (event: Event) => void
  /** Is told of each warning as it is raised, and of the key whose state it was raised at. */
  trace?: (warning: Warning, at: RaisedAt) => void
}

/** The key that a warning was raised at: a learner of a platform, or a resource by `resourceKey`. */
export interface RaisedAt {
  stage: AnyDetector['stage']
  /** Of a resource that belongs to none: empty. */
  platform: string
  key: string
}

const FIELD_INDEX: ReadonlyMap<Field, number> = new Map(FIELDS.map((f, i) => [f, i]))

/** Counts, by rule and platform, what a rule could not judge and why. Plain data. */
export type Unjudged = Record<string, number>

export const unjudgedKey = (rule: string, platform: string, reason: string): string => `${rule}\u0000${platform}\u0000${reason}`

/** The rules of one stage, each with its slot: ordered by id, so that slots do not depend on how rules were loaded. */
export class RuleSet {
  readonly rules: readonly Rule[]
  readonly catalogue: Catalogue
  private readonly context: string
  private readonly live: string
  readonly models: ReadonlyMap<string, Scorer>
  readonly stage: AnyDetector['stage']
  readonly trace: Setup['trace']

  constructor(setup: Setup, stage: AnyDetector['stage']) {
    this.stage = stage
    this.trace = setup.trace
    this.rules = setup.rules.filter((r) => r.detector.stage === stage).sort((a, b) => compareText(a.id, b.id))
    this.catalogue = setup.catalogue
    this.context = setup.context
    this.live = setup.live ?? setup.context
    this.models = setup.models ?? new Map()
  }

  /** Whether the same rules stand in the same slots with the same detectors, resources and modes, so that keys are laid out alike and no episode has to end; their params may differ. */
  isLike({ rules }: RuleSet): boolean {
    return rules.length === this.rules.length && rules.every((r, slot) => isLike(r, this.rules[slot] as Rule))
  }

  /** The context that a warning names. */
  contextOf(isShadow: boolean): string {
    return isShadow ? this.context : this.live
  }
}

function isLike(a: Rule, b: Rule): boolean {
  return a.id === b.id && a.detector === b.detector && a.mode === b.mode && readsOf(a).resources.join() === readsOf(b).resources.join()
}

/** What a stage knows of the key at hand, for the warnings its detectors raise. */
export interface Subject {
  kind: SubjectKind
  platform: string
  id: string
  /** Learner stage: the learner itself. */
  learners: readonly { platform: string; id: string }[]
  class: string | undefined
  course: string | undefined
  /** What was missing when this was judged, if anything. */
  missing: string | undefined
}

/**
 * The one context object of a task, set up before each call of a detector: nothing is allocated per event.
 * It also turns findings into warnings.
 */
export class RuleContext implements Context<unknown, unknown, unknown> {
  params: unknown = undefined
  state: unknown = undefined
  now: Ms = 0
  platform = ''
  id = ''
  firstTime: Ms = Infinity
  span: Span | undefined = undefined
  /** First event time of each field on the platform at hand, as the mark at hand tells it. */
  fields: readonly (Ms | null)[] = []
  /** Whether keys came from under other rules. */
  mayHaveOrphans = false
  /** Where models are asked. */
  scoring: Scoring | undefined = undefined
  readonly catalogue: Catalogue
  readonly unjudged: Unjudged = {}
  /** Findings that an exemption covered, by rule. */
  readonly exempted: Record<string, number> = {}
  private readonly set: RuleSet
  private readonly emit: (output: Output) => void
  private slot = 0
  private table: Table | undefined
  private entry: Entry | undefined
  private timers: Timers<Entry> | undefined
  private subject: (() => Subject) | undefined

  constructor(set: RuleSet, emit: (output: Output) => void) {
    this.set = set
    this.catalogue = set.catalogue
    this.emit = emit
  }

  /** Prepares a call of the rule in `slot`. */
  enter(slot: number, table: Table, entry: Entry, timers: Timers<Entry>, now: Ms, subject: () => Subject): Rule {
    const rule = this.set.rules[slot] as Rule
    this.begin(table, entry, timers, now, subject)
    this.call(slot, rule.params)
    return rule
  }

  /** Prepares calls of several rules for one key at one time. */
  begin(table: Table, entry: Entry, timers: Timers<Entry>, now: Ms, subject: () => Subject): void {
    table.enter(entry)
    this.now = now
    this.table = table
    this.entry = entry
    this.timers = timers
    this.subject = subject
  }

  /** Prepares the call of one of them. */
  call(slot: number, params: unknown): void {
    this.slot = slot
    this.params = params
    this.state = (this.table as Table).state(slot)
  }

  // Properties, since detectors take them out of the context.
  readonly sends = (field: Field): boolean => {
    const first = this.fields[FIELD_INDEX.get(field) as number]
    return first !== undefined && first !== null && first <= this.now
  }

  readonly holds = (condition: string, seen: Event | Sighting): boolean | undefined => {
    const judge = this.rule.conditions?.get(condition)
    invariant(judge !== undefined, `\`${this.rule.id}\` asks a condition that it does not have`)
    const verdict = judge(seen, this)
    if (typeof verdict === 'boolean') return verdict
    this.count(seen.platform, verdict)
    return undefined
  }

  readonly wakeAt = (at: Ms | undefined): void => {
    invariant(at === undefined || at > this.now, `a timer of \`${this.rule.id}\` is set for now or earlier`)
    this.timers?.set(this.entry as Entry, this.slot, at)
  }

  readonly ask = (fill: Fill): void => {
    invariant(this.scoring !== undefined, `\`${this.rule.id}\` asks a model, and no rule names one`)
    this.scoring.ask(this.entry as Entry, this.slot, fill)
  }

  readonly notEvaluable = (reason: string): void => this.count(this.platform, reason)

  private count(platform: string, reason: string): void {
    const key = unjudgedKey(this.rule.id, platform, reason)
    this.unjudged[key] = (this.unjudged[key] ?? 0) + 1
  }

  get lastSeen(): Ms {
    return (this.entry as Entry).last
  }

  readonly raise = (finding: Finding<unknown>): void => {
    const { rule } = this
    const entry = this.entry as Entry
    const about = (this.subject as () => Subject)()
    const subject = finding.subject
      ? { kind: finding.subject.kind, platform: finding.subject.platform ?? about.platform, id: finding.subject.id }
      : { kind: about.kind, platform: about.platform, id: about.id }
    const id = warningId(rule.as ?? rule.id, subject.platform, subject, finding.begin)
    const at = entry.open?.findIndex((o) => o.id === id && o.rule === rule.id) ?? -1
    const before = at < 0 ? undefined : (entry.open as OpenEpisode[])[at]
    let warning = this.warningOf(rule, finding, about, subject, (before?.revision ?? 0) + 1)
    const excuse = this.excuseOf(rule, warning, finding)
    if (before === undefined) {
      // One not yet sent is never seen.
      if (excuse !== undefined || finding.episode === 'withdrawn') return
    } else if (excuse !== undefined) warning = { ...warning, episode: 'withdrawn', why: excuse }
    // What has been taken back is not taken back again.
    if (!(excuse !== undefined && before?.last.episode === 'withdrawn')) this.send(rule, warning)
    else warning = before.last
    if (finding.episode === 'ongoing') {
      if (before === undefined) (entry.open ??= []).push({ rule: rule.id, id, revision: 1, last: warning, ...(rule.mode === 'shadow' ? { shadow: true } : {}) })
      else {
        before.revision = warning.revision
        before.last = warning
      }
    } else if (before !== undefined) {
      ;(entry.open as OpenEpisode[]).splice(at, 1)
      if (entry.open?.length === 0) entry.open = undefined
    }
  }

  private warningOf(rule: Rule, finding: Finding<unknown>, about: Subject, subject: { kind: SubjectKind; platform: string; id: string }, revision: number): Warning {
    const { platform } = subject
    // A copy: what a detector goes on changing must not change a warning that waits for its turn.
    const facts = structuredClone(finding.facts) as Record<string, unknown>
    return buildWarning(
      {
        rule: {
          id: rule.as ?? rule.id, detector: rule.detector.name, version: rule.version, severity: finding.severity ?? rule.severity,
          response: rule.response, basis: rule.basis as Warning['basis'],
        },
        context: this.set.contextOf(rule.mode === 'shadow'), now: this.now, revision, episode: finding.episode, why: finding.why,
        begin: finding.begin, end: finding.end, subject, learners: finding.learners ?? about.learners, class: finding.class ?? about.class,
        course: finding.course ?? about.course, chapters: finding.chapters ?? [],
        disputed: (finding.disputed ?? []).map((d) => ({ platform: d.platform ?? platform, learner: d.learner, chapter: d.chapter, begin: d.begin, end: d.end, seconds: d.seconds })),
        summary: rule.detector.explain(facts, rule.params, finding.reasons ?? []), facts, reasons: finding.reasons, evidence: finding.evidence, missing: about.missing,
      },
      this.catalogue,
    )
  }

  /** Why a warning must not stand: an exemption, or the exception of its rule. */
  private excuseOf(rule: Rule, warning: Warning, finding: Finding<unknown>): string | undefined {
    const exemption = rule.exempt?.(warning, finding.begin)
    if (exemption !== undefined) {
      this.exempted[rule.id] = (this.exempted[rule.id] ?? 0) + 1
      return `exempt: ${exemption}`
    }
    return rule.unless?.(warning) ? 'the exception of the rule (`unless`) holds now' : undefined
  }

  private send(rule: Rule, warning: Warning): void {
    const isShadow = rule.mode === 'shadow'
    this.emitWarning(warning, this.now, this.entry as Entry, isShadow)
    if (warning.revision > 1 || !rule.prompt || isShadow) return
    for (const prompt of buildPrompts(warning, rule.prompt, this.now)) this.emit({ kind: 'prompt', at: this.now, value: prompt })
  }

  /**
   * Ends the open episodes of rules that are gone, whose detector or mode has changed, whose state was made new, or who no longer see this kind of
   * key. Only keys that came from under other rules can have some. `table`: that of the key.
   */
  endOrphans(entry: Entry, now: Ms, { parts }: Table): void {
    if (!this.mayHaveOrphans || !entry.open) return
    const lives = (o: OpenEpisode) => o.isCut !== true && this.set.rules.some((r, slot) => (
      r.id === o.rule && r.detector.name === o.last.detector && parts[slot] !== undefined && (r.mode === 'shadow') === (o.shadow ?? false)
    ))
    for (const o of entry.open) {
      // What has been taken back stays so.
      if (lives(o) || o.last.episode === 'withdrawn') continue
      const isShadow = o.shadow ?? false
      this.emitWarning({ ...o.last, revision: o.revision + 1, episode: 'ended', raised: formatTime(now), context: this.set.contextOf(isShadow) }, now, entry, isShadow)
    }
    entry.open = entry.open.filter(lives)
    if (entry.open.length === 0) entry.open = undefined
  }

  private emitWarning(value: Warning, at: Ms, entry: Entry, isShadow: boolean): void {
    this.set.trace?.(value, { stage: this.set.stage, platform: this.platform, key: entry.key })
    this.emit({ kind: isShadow ? 'shadow' : 'warning', at, value })
  }

  private get rule(): Rule {
    return this.set.rules[this.slot] as Rule
  }
}
