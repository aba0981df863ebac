import type { LearningRecord } from '../../records/record.ts'
import type { Prompt, Warning } from '../../warnings/warning.ts'
import type { Reads } from '../config.ts'
import { Refusal } from '../refusal.ts'
import type { FeedName } from './feed.ts'

const OTHERS = {
  en: 'Learners outside of what this token may see are concerned, too; the supervising office sees all of it.',
  zh: '此预警还涉及该令牌无权查看的学员；完整内容由监管部门掌握。',
}
const NOT_SHOWN = 'what concerns others is not shown'

/** Throws a refusal where a token may read nothing of a feed, whatever will be in it. */
export function checkReads(feed: FeedName, reads: Reads | undefined): Reads {
  if (reads === undefined || !(reads.everything || reads.platforms.length > 0 || reads.institutions.length > 0)) throw new Refusal(403, 'may-not-read', 'this token may read nothing')
  if (feed === 'prompts' && !reads.everything && reads.platforms.length === 0) throw new Refusal(403, 'may-not-read', 'prompts are for platforms; this token reads for institutions')
  return reads
}

/** What a token may see of an item; undefined where that is nothing. */
export function shown(feed: FeedName, item: unknown, reads: Reads): unknown {
  if (reads.everything) return item
  if (feed === 'warnings') return shownWarning(item as Warning, reads)
  const { platform, institution } = item as Prompt & Pick<LearningRecord, 'institution'>
  const isInstitutions = feed === 'records' && institution !== undefined && reads.institutions.includes(institution)
  return reads.platforms.includes(platform) || isInstitutions ? item : undefined
}

/**
 * A warning that concerns nobody else is shown whole. One that also concerns others, as two learners of two institutions on one address, is shown
 * without all that could tell who they are: its sentence, its facts and its evidence name them.
 */
function shownWarning(warning: Warning, { platforms, institutions }: Reads): Warning | undefined {
  const { subject, learners } = warning
  const isMine = ({ platform }: { platform: string }): boolean => platforms.includes(platform)
  // A person is on several platforms, of which the subject names one: whose it is, the learners tell.
  const isSubjectMine = subject.kind === 'person' ? learners.length > 0 : isMine(subject)
  if (isSubjectMine && learners.every(isMine)) return warning
  const ours = warning.institutions.filter((i) => institutions.includes(i))
  // Of several learners one may be of no institution that is known, and so of another. A warning of a class itself concerns no learner.
  const isOfOne = learners.length === 1 || (learners.length === 0 && subject.kind === 'class')
  if (ours.length > 0 && ours.length === warning.institutions.length && isOfOne) return warning
  const mine = learners.filter(isMine)
  if (mine.length === 0 && !isMine(subject) && ours.length === 0) return undefined
  const { class: _class, course: _course, reasons: _reasons, why: _why, ...rest } = warning
  return {
    ...rest,
    subject: isMine(subject) && !isPersonal(subject, mine) ? subject : { kind: subject.kind, platform: '', id: '' },
    learners: mine, institutions: ours, chapters: [], disputed: warning.disputed.filter(isMine), case: '', summary: OTHERS, facts: {},
    evidence: { events: [], count: warning.evidence.count }, coverage: { state: 'partial', missing: NOT_SHOWN },
  }
}

/** Whether a subject is a person who is not among the learners that may be seen. */
function isPersonal({ kind, platform, id }: Warning['subject'], seen: Warning['learners']): boolean {
  return kind === 'person' || (kind === 'learner' && !seen.some((l) => l.platform === platform && l.id === id))
}
