import { absence } from '../detectors/absence.ts'
import { match } from '../detectors/match.ts'
import { sequence } from '../detectors/sequence.ts'
import { threshold } from '../detectors/threshold.ts'
import type { AnyDetector } from '../engine/detector.ts'
import type { Rule } from '../engine/rule.ts'
import { loadRules, type Bundle } from '../rules/load.ts'
import { ruleOf } from './drive.ts'

/** The rules in the detectors' documentation. */
export function exampleBundle(detectors: readonly AnyDetector[]): Bundle {
  const files = detectors.flatMap(({ name, example }) => (example === undefined ? [] : [{ path: `${name}.yaml`, text: example }]))
  return loadRules([{ dir: 'examples', files }], { detectors })
}

/** A rule for every detector there is: with its defaults, and for those that must be told what to look for, with what any log has. */
export function ruleForEach(detectors: readonly AnyDetector[]): Rule[] {
  return [...detectors.filter((d) => d.example === undefined).map((d) => ruleOf(d)), ...ownRules]
}

/** Rules of an analyst's own that find something in any log, in both stages. */
export const ownRules: readonly Rule[] = [
  ruleOf(match, { where: 'action == "paused"', by: ['chapter'], end: '5m' }, { id: 'own-match' }),
  ruleOf(match, { over: 'device', where: 'kind == "began" && session != "x"' }, { id: 'own-match-device' }),
  ruleOf(threshold, { where: 'action in ["heartbeat", "played"]', window: '3m', most: 4, end: '2m' }, { id: 'own-threshold' }),
  ruleOf(threshold, { over: 'ip', distinct: 'learner', window: '20m', most: 1, by: ['platform'] }, { id: 'own-threshold-ip' }),
  ruleOf(sequence, { steps: ['action == "played"', 'action == "heartbeat"', 'action == "paused"'], within: '10m' }, { id: 'own-sequence' }),
  ruleOf(sequence, { over: 'account', steps: ['kind == "began"', 'kind == "completed"'], within: '1h', by: ['learner'] }, { id: 'own-sequence-account' }),
  ruleOf(absence, { after: 'action == "played"', expect: 'action == "heartbeat"', within: '20s', end: '10m' }, { id: 'own-absence' }),
  ruleOf(absence, { over: 'device', after: 'kind == "first"', expect: 'kind == "left"', within: '15m', silence: 'ignore' }, { id: 'own-absence-device' }),
]
