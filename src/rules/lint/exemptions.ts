import { parseCidr } from '../../base/address.ts'
import { DAY, parseTime, type Ms } from '../../base/time.ts'
import { whereAt } from '../../base/tree.ts'
import { readsOf } from '../../engine/rule.ts'
import type { Exempt } from '../schema.ts'
import type { Notice } from './notice.ts'
import type { LintOptions, Linted } from './subject.ts'

/** Blocks of more addresses than these many bits tell hold whole countries. */
const WIDE_BITS = { 4: 8, 6: 16 } as const

/** Whoever decided on a longer one will not be there to take it back. */
const MOST_YEARS = 3

/** Exemptions that cover everybody in effect, nobody, or that are over. */
export function checkExemptions(rule: Linted, options: LintOptions): Notice[] {
  return rule.input.exempt.flatMap((entry, i) => [...deadOnes(entry, i, rule, options), ...wideOnes(entry, i, rule, options)])
}

function deadOnes(entry: Exempt, i: number, { tree, rule }: Linted, { today }: LintOptions): Notice[] {
  const at = (...path: (string | number)[]) => whereAt(tree, ['exempt', i, ...path])
  const notices: Notice[] = []
  if (entry.until < today) notices.push({ kind: 'dead-exemption', message: `this exemption ended on ${entry.until}`, mend: 'take it out, or have it decided anew', ...at('until') })
  const years = yearsBetween(entry.from, entry.until)
  if (years > MOST_YEARS) notices.push({ kind: 'wide-exemption', message: `this exemption holds for ${years} years`, mend: 'end it with the class or the reason, and have it decided anew', ...at('until') })
  for (const key of ['platform', 'class', 'learner'] as const) {
    const ids = entry[key] === undefined ? [] : [entry[key]].flat()
    const n = ids.findIndex((id) => /[*?]|^\^|\$$/.test(id))
    if (n < 0) continue
    notices.push({
      kind: 'dead-exemption', message: `\`${ids[n]}\` is no pattern here, but an id`, mend: 'write the ids out', ...at(...(key === 'learner' ? [key, n] : [key])),
    })
  }
  const { facts, stage } = rule.detector
  const tellsAddress = facts === undefined || 'ip' in facts || (stage === 'resource' && readsOf(rule).resources.includes('ip'))
  if (entry.ip !== undefined && !tellsAddress) {
    notices.push({
      kind: 'dead-exemption', message: `warnings of \`${rule.detector.name}\` name no address, so that \`ip\` covers none of them`, mend: 'name learners or a class', ...at('ip'),
    })
  }
  return notices
}

function wideOnes(entry: Exempt, i: number, { tree }: Linted, { catalogue }: LintOptions): Notice[] {
  const { platform, learner, ip } = entry
  const at = (key: string) => whereAt(tree, ['exempt', i, key])
  if (ip !== undefined) {
    const block = parseCidr(ip)
    const version = ip.includes(':') ? 6 : 4
    const bits = ip.includes('/') ? Number(ip.split('/')[1]) : Infinity
    if (!block || bits >= WIDE_BITS[version]) return []
    return [{ kind: 'wide-exemption', message: bits === 0 ? `\`${ip}\` is every address` : `\`${ip}\` is a block of whole countries`, mend: 'name the block of the office or network that is meant', ...at('ip') }]
  }
  const narrower = learner ?? entry.class
  if (narrower === undefined) {
    const all = catalogue && platformsOf(catalogue)
    // Where there are others, a whole platform may be meant.
    if (platform === undefined || (all && all.size > 1)) return []
    return [{
      kind: 'wide-exemption', message: `everybody on \`${platform}\`${all ? ', the only platform in the catalogue,' : ''} is exempt`,
      mend: `name learners or a class${all ? '' : '; `scope` leaves a whole platform out'}`, ...at('platform'),
    }]
  }
  if (learner === undefined || !catalogue) return []
  const exempt = new Set(learner)
  const whole = catalogue.data.classes.find((c) => c.platform === platform && c.learners.length > 0 && c.learners.every((l) => exempt.has(l)))
  return whole ? [{ kind: 'wide-exemption', message: `every learner of class \`${whole.id}\` is exempt`, mend: 'name the class, if that is meant', ...at('learner') }] : []
}

function platformsOf({ data }: NonNullable<LintOptions['catalogue']>): ReadonlySet<string> {
  return new Set([...data.platforms.map((p) => p.id), ...data.classes.map((c) => c.platform)])
}

function yearsBetween(from: string, until: string): number {
  return Math.round(((parseTime(`${until}T00:00:00Z`) as Ms) - (parseTime(`${from}T00:00:00Z`) as Ms)) / (365.25 * DAY))
}
