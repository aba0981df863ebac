import { invariant } from '../base/errors.ts'
import { compareText } from '../base/order.ts'
import { DAY, formatTime, type Ms } from '../base/time.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { Span } from '../telemetry/playback.ts'
import { buildPrompts, buildWarning } from '../warnings/build.ts'
import { warningId, type SubjectKind, type Warning } from '../warnings/warning.ts'
import type { AnyDetector, Context, Finding } from './detector.ts'
import type { Entry, OpenEpisode, Timers } from './entry.ts'
import type { Output } from './output.ts'
import type { Rule } from './rule.ts'

/** State of a silent key is forgotten after this, unless its detector declares another horizon. */
export const DEFAULT_HORIZON: Ms = DAY

/** All that the stages depend on besides the log. */
export interface Setup {
  rules: readonly Rule[]
  catalogue: Catalogue
  /** Hash of the whole context. */
  context: string
}

/** Counts, by rule and platform, what a rule could not judge and why. Plain data. */
export type Unjudged = Record<string, number>

export const unjudgedKey = (rule: string, platform: string, reason: string): string => `${rule}\u0000${platform}\u0000${reason}`

/** The rules of one stage, each with its slot: ordered by id, so that slots do not depend on how rules were loaded. */
export class RuleSet {
  readonly rules: readonly Rule[]
  readonly catalogue: Catalogue
  readonly context: string

  constructor(setup: Setup, stage: AnyDetector['stage']) {
    this.rules = setup.rules.filter((r) => r.detector.stage === stage).sort((a, b) => compareText(a.id, b.id))
    this.catalogue = setup.catalogue
    this.context = setup.context
  }
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
  readonly catalogue: Catalogue
  readonly unjudged: Unjudged = {}
  /** Findings that an exemption covered, by rule. */
  readonly exempted: Record<string, number> = {}
  private readonly set: RuleSet
  private readonly emit: (output: Output) => void
  private slot = 0
  private entry: Entry | undefined
  private timers: Timers<Entry> | undefined
  private subject: (() => Subject) | undefined

  constructor(set: RuleSet, emit: (output: Output) => void) {
    this.set = set
    this.catalogue = set.catalogue
    this.emit = emit
  }

  /** Prepares a call of the rule in `slot`; makes its state if it has none. */
  enter(slot: number, entry: Entry, timers: Timers<Entry>, now: Ms, subject: () => Subject): Rule {
    const rule = this.set.rules[slot] as Rule
    const { cells } = entry
    let state = cells[slot]
    if (state === undefined) {
      while (cells.length < slot) cells.push(undefined)
      cells[slot] = state = rule.detector.newState()
    }
    this.params = rule.params
    this.state = state
    this.now = now
    this.slot = slot
    this.entry = entry
    this.timers = timers
    this.subject = subject
    return rule
  }

  wakeAt(at: Ms | undefined): void {
    invariant(at === undefined || at > this.now, `a timer of \`${this.rule.id}\` is set for now or earlier`)
    this.timers?.set(this.entry as Entry, this.slot, at)
  }

  notEvaluable(reason: string): void {
    const key = unjudgedKey(this.rule.id, this.platform, reason)
    this.unjudged[key] = (this.unjudged[key] ?? 0) + 1
  }

  raise(finding: Finding<unknown>): void {
    const { rule } = this
    const entry = this.entry as Entry
    const about = (this.subject as () => Subject)()
    const subject = finding.subject
      ? { kind: finding.subject.kind, platform: finding.subject.platform ?? about.platform, id: finding.subject.id }
      : { kind: about.kind, platform: about.platform, id: about.id }
    const id = warningId(rule.id, subject.platform, subject, finding.begin)
    const at = entry.open?.findIndex((o) => o.id === id) ?? -1
    const before: OpenEpisode = at >= 0 ? (entry.open as OpenEpisode[])[at] as OpenEpisode : { rule: rule.id, id, revision: 0, last: undefined }
    const platform = subject.platform
    const klass = finding.class ?? about.class
    const facts = finding.facts as Record<string, unknown>
    let warning = buildWarning(
      {
        rule: {
          id: rule.id, detector: rule.detector.name, version: rule.version, severity: finding.severity ?? rule.severity,
          response: rule.response, basis: rule.basis as Warning['basis'],
        },
        context: this.set.context, now: this.now, revision: before.revision + 1, episode: finding.episode, why: finding.why,
        begin: finding.begin, end: finding.end, subject, learners: finding.learners ?? about.learners, class: klass,
        course: finding.course ?? about.course, chapters: finding.chapters ?? [],
        disputed: (finding.disputed ?? []).map((d) => ({ platform: d.platform ?? platform, learner: d.learner, chapter: d.chapter, begin: d.begin, end: d.end, seconds: d.seconds })),
        summary: rule.detector.explain(facts, rule.params), facts, evidence: finding.evidence, missing: about.missing,
      },
      this.catalogue,
    )
    if (rule.exempt?.(warning, finding.begin) !== undefined) {
      this.exempted[rule.id] = (this.exempted[rule.id] ?? 0) + 1
      return
    }
    let sent = true
    if (rule.unless?.(warning)) {
      // A warning already sent is taken back; one not yet sent is never seen.
      if (before.revision === 0) sent = false
      else warning = { ...warning, episode: 'withdrawn', why: 'the exception of the rule (`unless`) holds now' }
    }
    if (sent) {
      before.revision++
      before.last = warning
      this.emit({ kind: 'warning', at: this.now, value: warning })
      if (before.revision === 1 && rule.prompt) {
        for (const prompt of buildPrompts(warning, rule.prompt, this.now)) this.emit({ kind: 'prompt', at: this.now, value: prompt })
      }
    }
    if (finding.episode === 'ongoing') {
      if (at < 0) (entry.open ??= []).push(before)
    } else if (at >= 0) {
      ;(entry.open as OpenEpisode[]).splice(at, 1)
      if (entry.open?.length === 0) entry.open = undefined
    }
  }

  /** Ends the open episodes of rules that are gone or whose detector has changed. */
  endOrphans(entry: Entry, now: Ms): void {
    if (!entry.open) return
    const lives = (o: OpenEpisode) => this.set.rules.some((r) => r.id === o.rule && (o.last === undefined || r.detector.name === o.last.detector))
    for (const o of entry.open) {
      if (o.last === undefined || lives(o)) continue
      this.emit({
        kind: 'warning', at: now,
        value: { ...o.last, revision: o.revision + 1, episode: 'ended', raised: formatTime(now), context: this.set.context },
      })
    }
    entry.open = entry.open.filter(lives)
    if (entry.open.length === 0) entry.open = undefined
  }

  private get rule(): Rule {
    return this.set.rules[this.slot] as Rule
  }
}
