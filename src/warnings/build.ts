import { formatTime, type Ms } from '../base/time.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { Evidence } from './evidence.ts'
import { caseId, warningId, type Prompt, type Reason, type Response, type Severity, type SubjectKind, type Warning } from './warning.ts'

/** What the engine knows when it turns a finding into a warning. */
export interface Draft {
  rule: { id: string; detector: string; version: string; severity: Severity; response: Response; basis: Warning['basis'] }
  context: string
  now: Ms
  revision: number
  episode: Warning['episode']
  why: string | undefined
  begin: Ms
  end: Ms
  subject: { kind: SubjectKind; platform: string; id: string }
  learners: readonly { platform: string; id: string }[]
  class: string | undefined
  course: string | undefined
  chapters: readonly string[]
  disputed: readonly { platform: string; learner: string; chapter: string; begin: Ms; end: Ms; seconds: number }[]
  summary: { en: string; zh: string }
  facts: Record<string, unknown>
  reasons?: readonly Reason[]
  evidence: Evidence
  missing: string | undefined
}

/** Writes the warning of a finding, with its members in the order of the contract. */
export function buildWarning(d: Draft, catalogue: Catalogue): Warning {
  const learners = [...d.learners].sort((a, b) => (a.platform < b.platform ? -1 : a.platform > b.platform ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  const one = learners.length === 1 ? learners[0] : undefined
  const who = one ?? d.subject
  // What the learner did last may be of another course than what is warned of.
  const course = catalogue.courseOfAll(d.chapters, d.course)
  return {
    format: 1,
    id: warningId(d.rule.id, d.subject.platform, d.subject, d.begin),
    revision: d.revision,
    episode: d.episode,
    ...(d.why === undefined ? {} : { why: d.why }),
    rule: d.rule.id,
    detector: d.rule.detector,
    ruleVersion: d.rule.version,
    context: d.context,
    basis: d.rule.basis,
    severity: d.rule.severity,
    response: d.rule.response,
    subject: { kind: d.subject.kind, platform: d.subject.platform, id: d.subject.id },
    learners: learners.map(({ platform, id }) => ({ platform, id })),
    institutions: institutionsOf(d, catalogue),
    ...(d.class === undefined ? {} : { class: d.class }),
    ...(course === undefined ? {} : { course }),
    chapters: [...d.chapters],
    begin: formatTime(d.begin),
    end: formatTime(d.end),
    raised: formatTime(d.now),
    disputed: d.disputed.map((x) => ({ ...x, begin: formatTime(x.begin), end: formatTime(x.end), seconds: Math.round(x.seconds * 1000) / 1000 })),
    case: caseId(who.platform, who.id, d.class),
    summary: d.summary,
    facts: d.facts,
    ...(d.reasons === undefined ? {} : { reasons: d.reasons.map(({ feature, value, usual, weight }) => ({ feature, value, usual, weight })) }),
    evidence: { events: [...d.evidence.events], count: d.evidence.count },
    coverage: d.missing === undefined ? { state: 'full' } : { state: 'partial', missing: d.missing },
  }
}

function institutionsOf(d: Draft, catalogue: Catalogue): string[] {
  const found = new Set<string>()
  // Of a class it is its institution that answers, whoever studies in there.
  const own = d.subject.kind === 'class' ? catalogue.class(d.subject.platform, d.subject.id)?.institution : undefined
  if (own !== undefined) found.add(own)
  for (const l of d.learners) {
    const institution = catalogue.classOf({ platform: l.platform, learner: l.id, class: d.class, course: undefined })?.institution
    if (institution !== undefined) found.add(institution)
  }
  return [...found].sort()
}

/** A prompt is not worth showing later than this after its warning. */
const PROMPT_LIFE: Ms = 10 * 60_000

/** The prompts of a warning: one for each learner it names, `{name}` replaced by the fact or member of that name. */
export function buildPrompts(warning: Warning, texts: Readonly<Record<string, string>>, now: Ms): Prompt[] {
  const values: Record<string, unknown> = { ...warning.facts, chapters: warning.chapters.join(', '), summary: warning.summary.en }
  const text: Record<string, string> = {}
  for (const [language, template] of Object.entries(texts)) {
    text[language] = template.replace(/\{(\w+)\}/g, (whole, name: string) => (name in values ? String(values[name]) : whole))
  }
  return warning.learners.map((l) => ({
    format: 1, warning: warning.id, platform: l.platform, learner: l.id, rule: warning.rule, text,
    raised: warning.raised, until: formatTime(now + PROMPT_LIFE),
  }))
}
