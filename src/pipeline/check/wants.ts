import { compareText } from '../../base/order.ts'
import type { Catalogue } from '../../catalogue/index.ts'
import { coverageOf, unjudgedOf, type Stages } from '../../engine/account.ts'
import { lackingFor, type Coverage, type Missing } from '../../engine/coverage.ts'
import type { CatalogueNeed } from '../../engine/detector.ts'
import type { Rule } from '../../engine/rule.ts'
import { coverageRows } from '../summary.ts'

/** What would let rules judge, or judge more. */
export type Want =
  | Exclude<Missing, { kind: 'catalogue' }>
  | { readonly kind: 'catalogue'; readonly need: CatalogueNeed | 'checks' | 'autoplay' | 'opens' | 'since' }

/** How a rule fares on a platform. */
export interface RuleState {
  rule: string
  platform: string
  state: 'judged' | 'in part' | 'not evaluable'
  /** In the words of `summary.json`. */
  why: string[]
  wants: Want[]
}

const field = (name: 'position' | 'visible' | 'inputs' | 'to'): Want => ({ kind: 'fields', fields: [name], actions: name === 'to' ? ['seeked'] : ['heartbeat'] })
const catalogue = (need: Extract<Want, { kind: 'catalogue' }>['need']): Want => ({ kind: 'catalogue', need })

/** What detectors say when they could not judge something, and what mends it. What nothing mends, as a log that begins in mid-course, is not here. */
export const WANTS_OF: Readonly<Record<string, Want>> = {
  'no heartbeat cadence in the catalogue': catalogue('heartbeat'),
  'no `autoplay` in the catalogue': catalogue('autoplay'),
  'no `checks` in the catalogue: it is unknown how long the platform lets people watch between face checks': catalogue('checks'),
  "the class's region is unknown": catalogue('region'),
  "the address's country or province is unknown": { kind: 'place', level: 'province' },
  'the city of the address is unknown': { kind: 'place', level: 'city' },
  '`visible` is not sent': field('visible'),
  '`inputs` is not sent': field('inputs'),
  'pace: playback without media positions': field('position'),
  'a seek without its end': field('to'),
  'course unknown': catalogue('chapters'),
  'chapter unknown to the course': catalogue('chapters'),
  'length of the chapter unknown': catalogue('lengths'),
  'class unknown': catalogue('class'),
  'opening of the class unknown': catalogue('opens'),
  'the class opened before the log begins': catalogue('since'),
}

/** How each rule fares on each platform of the log, by platform and rule: as `summary.json` of a run tells it, and what is wanted. */
export function ruleStates(stages: Stages, { rules, catalogue }: { rules: readonly Rule[]; catalogue: Catalogue }): RuleState[] {
  const unjudged = reasonsOf(stages)
  const seen = coverageOf(stages)
  return coverageRows(stages, { rules, catalogue }).map(({ platform, rule, state, why }): RuleState => {
    if (state === 'not evaluable') return { rule, platform, state, why, wants: lackingFor(rules.find((r) => r.id === rule) as Rule, platform, (seen.get(platform) as Coverage).seen, catalogue) }
    const reasons = [...(unjudged.get(`${rule}\u0000${platform}`) ?? []), ...(unjudged.get(`${rule}\u0000`) ?? [])]
    return { rule, platform, state: reasons.length > 0 ? 'in part' : 'judged', why, wants: reasons.flatMap((reason) => WANTS_OF[reason] ?? []) }
  })
}

function reasonsOf(stages: Stages): Map<string, string[]> {
  const reasons = new Map<string, string[]>()
  for (const key of Object.keys(unjudgedOf(stages)).sort(compareText)) {
    const [rule, platform, reason] = key.split('\u0000') as [string, string, string]
    const at = `${rule}\u0000${platform}`
    reasons.set(at, [...(reasons.get(at) ?? []), reason])
  }
  return reasons
}
