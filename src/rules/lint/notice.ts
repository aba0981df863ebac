import type { Problem } from '../../base/errors.ts'

/** What `invigil rules check` tells of rules that load: they do not do what was meant. */
export const NOTICES = {
  'never-fires': 'A rule that can never warn.',
  'no-effect': 'Something that changes nothing.',
  'unknown-fact': 'A condition or prompt that speaks of a fact or value that no warning has.',
  'implausible-value': 'A parameter outside what can be meant, as of a wrong unit.',
  contradiction: "Parameters that stand in each other's way.",
  'wide-exemption': 'An exemption that covers everybody in effect.',
  'dead-exemption': 'An exemption that is over, or can cover nobody.',
  'replaced-rule': 'A rule that takes the name of one below, which no longer warns.',
  'same-rule': 'Two rules that are the same.',
  'bad-test': 'A test that speaks of what there is not, so that it cannot show anything.',
  'vacuous-test': 'A test that cannot fail.',
  'not-in-catalogue': 'A rule that speaks of something that the catalogue does not have.',
} as const
export type NoticeKind = keyof typeof NOTICES

/** A rule or test that is not as it was meant, by its consequence: the rules can be used as they are. */
export interface Notice extends Problem {
  kind: NoticeKind
}
