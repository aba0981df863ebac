import { compareText } from '../../base/order.ts'
import type { Scorer } from '../../engine/ports.ts'
import type { Rule } from '../../engine/rule.ts'
import { DEFAULT_HORIZON } from '../../engine/runtime.ts'
import type { DescribedRule } from '../../rules/load.ts'
import type { OpenContext } from '../context.ts'

/** Rules of which a back-test tells what they would have warned of. */
export interface Variant {
  readonly name: string
  readonly context: OpenContext
}

/** One machine that serves several variants: each version of a rule that any of them has runs in it once. */
export interface Pass {
  /** Of versions of one rule, all but the first have an `id` of their own. */
  readonly rules: readonly Rule[]
  readonly models: ReadonlyMap<string, Scorer>
  readonly context: string
  readonly variants: readonly Variant[]
}

/** What tells versions of rules apart. */
export function versionKey({ rule, ruleVersion }: { rule: string; ruleVersion: string }): string {
  return `${rule}\u0000${ruleVersion}`
}

/** The rules of a variant that warn: what is in the shadow or off has no effect on anybody. */
export function liveRules({ context: { bundle } }: Variant): readonly Rule[] {
  return bundle.rules.filter((r) => r.mode === 'live')
}

/** The keys of a variant's rules. */
export function versionsOf(variant: Variant): string[] {
  return liveRules(variant).map((r) => versionKey({ rule: r.id, ruleVersion: r.version }))
}

/**
 * Variants by the machine that they share: nearly always all of them. INVARIANT (sharing): in a shared machine a variant's warnings are, but for
 * the hash of the context, what they would be in a machine of its own. Rules know nothing of each other, but the engine forgets a learner's class and
 * latest ids only when no rule remembers anything of that learner any more: variants share only where the rules with a memory of more than a
 * day look for the same in the same events.
 */
export function planPasses(variants: readonly Variant[]): Pass[] {
  const groups = new Map<string, Variant[]>()
  for (const variant of variants) {
    const key = memoryOf(variant)
    const group = groups.get(key)
    if (group) group.push(variant)
    else groups.set(key, [variant])
  }
  return [...groups.values()].map(passOf)
}

function memoryOf({ context: { bundle, live } }: Variant): string {
  const described = bundle.described.filter(({ input }) => input.mode === 'live')
  const lasting = described.filter((d) => isLasting(d)).map(({ input, rule }) => JSON.stringify([rule.id, rule.detector.name, input.scope ?? null]))
  // Whoever asks for the hash of the context must be given the own one.
  const own = described.some(({ input }) => input.unless !== undefined && /\bcontext\b/.test(input.unless)) ? live : ''
  return [own, ...lasting.sort(compareText)].join('\n')
}

function isLasting({ rule: { detector } }: DescribedRule): boolean {
  const { stage, horizon = DEFAULT_HORIZON } = detector
  return stage === 'learner' && (horizon === 'class' || horizon > DEFAULT_HORIZON)
}

function passOf(variants: readonly Variant[]): Pass {
  const versions = new Map<string, Map<string, Rule>>()
  const models = new Map<string, Scorer>()
  for (const variant of variants) {
    for (const rule of liveRules(variant)) {
      const same = versions.get(rule.id) ?? new Map<string, Rule>()
      if (!same.has(rule.version)) same.set(rule.version, numbered(rule, same.size))
      versions.set(rule.id, same)
    }
    for (const [name, scorer] of variant.context.models) models.set(name, scorer)
  }
  return { rules: [...versions.values()].flatMap((same) => [...same.values()]), models, context: (variants[0] as Variant).context.live, variants }
}

/** A rule beside other versions of it. Nobody is shown prompts. */
function numbered(rule: Rule, n: number): Rule {
  return { ...rule, prompt: undefined, ...(n === 0 ? {} : { id: `${rule.id}~${n}`, as: rule.id }) }
}
