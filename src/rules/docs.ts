import { z } from 'zod'
import { formatDuration } from '../base/time.ts'
import { DEFAULT_HORIZON } from '../engine/runtime.ts'
import type { AnyDetector } from '../engine/detector.ts'
import type { Scorer } from '../engine/ports.ts'
import { exampleSection, examplesOf } from './docs-example.ts'
import type { Bundle, DescribedRule } from './load.ts'
import { events, PLACE_WORDS, scopes, sightings, type Vocabulary } from './vocabulary.ts'
import { ruleSchema } from './schema.ts'

/** The reference in Markdown: every detector and every rule of the bundle, with examples that are run for it (`models`: those that detectors ask). */
export function writeReference(bundle: Bundle, detectors: readonly AnyDetector[], models?: ReadonlyMap<string, Scorer>): string {
  return [
    '# Reference', 'Made by `invigil rules docs` from the detectors and the rules themselves.',
    '## Keys of a rule', schemaTable(ruleSchema, 'key'),
    '## Rules', ...bundle.described.map((d) => ruleSection(d, bundle)),
    ...definitionSections(bundle),
    '## Detectors', ...detectors.map((d) => detectorSection(d, bundle, models)),
    ...(detectors.some((d) => d.fit !== undefined) ? conditionSections() : []),
    '## Regulations', ...regulationSections(bundle),
  ].join('\n\n') + '\n'
}

function ruleSection({ input, rule }: DescribedRule, { regulations }: Bundle): string {
  const basis = rule.basis.map(({ regulation, article }) => {
    const found = regulations.get(regulation)?.articles.find((a) => a.id === article)
    return `- \`${regulation}/${article}\`: ${oneLine(found?.en)} / ${oneLine(found?.zh)}`
  })
  return [
    `### \`${input.rule}\`: ${oneLine(input.title)}`,
    oneLine(input.description),
    [
      `- Detector: [\`${input.detector}\`](#${input.detector})`,
      ...(input.mode === 'live' ? [] : [`- Mode: ${input.mode}`]),
      `- Severity: ${input.severity}`,
      `- Response: ${input.response}`,
      ...(Object.keys(input.params).length > 0 ? [`- Parameters: ${paramsText(input.params)}`] : []),
      ...(input.scope === undefined ? [] : [`- Sees only: ${code(input.scope)}`]),
      ...(input.unless === undefined ? [] : [`- Sends nothing where: ${code(input.unless)}`]),
      ...(input.onEdit === 'keep' ? [] : ['- When it is edited, its state begins anew.']),
    ].join('\n'),
    ...(basis.length > 0 ? [`Legal ground:\n\n${basis.join('\n')}`] : []),
    ...(input.falsePositives.length > 0 ? [`Honest behaviour that looks like this:\n\n${input.falsePositives.map((f) => `- ${oneLine(f)}`).join('\n')}`] : []),
    ...(input.next === undefined ? [] : [`What a reviewer does: ${oneLine(input.next)}`]),
  ].join('\n\n')
}

function paramsText(params: Record<string, unknown>): string {
  return Object.entries(params).map(([k, v]) => code(`${k}: ${typeof v === 'string' ? v : JSON.stringify(v)}`)).join(', ')
}

function detectorSection(detector: AnyDetector, bundle: Bundle, models: ReadonlyMap<string, Scorer> | undefined): string {
  const needs = detector.needs.map((n) => (typeof n === 'string' ? code(n) : n.map(code).join(' or ')))
  return [
    `### ${detector.name}`,
    detector.summary,
    [
      ...(detector.fit ? FITTED : sees(detector)),
      ...(detector.fit ? [] : [`- Needs: ${needs.join(', ') || 'nothing more'}`]),
      ...(detector.needsCatalogue?.length ? [`- Needs from the catalogue: ${detector.needsCatalogue.map(code).join(', ')}`] : []),
      `- Remembers: ${detector.horizon === 'class' ? 'until the class closes' : `for ${formatDuration(detector.horizon ?? DEFAULT_HORIZON)} of silence`}`,
    ].join('\n'),
    schemaTable(detector.params as z.ZodObject, 'parameter'),
    ...(detector.facts ? [factTable(detector.facts)] : []),
    ...examplesOf(detector, bundle).map((e) => exampleSection(e, models)),
  ].join('\n\n')
}

const FITTED = [
  '- Stage: learner, over `events`; resource, over anything else',
  "- Sees: what can meet its conditions, by the actions that they name",
  '- Needs: the fields that its conditions and params name. On a platform that never sends them it is not evaluable; a condition that hangs on one that has not come so far is not judged',
]

function sees(detector: AnyDetector): string[] {
  const seen = detector.stage === 'learner' ? detector.actions : detector.resources
  return [`- Stage: ${detector.stage}`, `- ${detector.stage === 'learner' ? 'Actions' : 'Resources'}: ${seen.map(code).join(', ')}`]
}

function definitionSections({ names }: Bundle): string[] {
  const rows = [
    ...names.listNames().map((name) => `| ${code(name)} | a list of ${names.list(name)?.length ?? 0} |`),
    ...names.conditionNames().map((name) => `| ${code(name)} | ${cell(code(names.text(name) ?? ''))} |`),
  ]
  return rows.length === 0 ? [] : ['## Lists and conditions', ['| name | |', '|---|---|', ...rows].join('\n')]
}

/** What conditions may speak of, from the vocabularies themselves. */
function conditionSections(): string[] {
  const words = ({ words: all }: Vocabulary) => [...all].map(([name, word]) => code(name) + (word.values ? ` (${word.values.map(code).join(' ')})` : '')).join(', ')
  return [
    '## Conditions',
    'Conditions are written in CEL. `==`, `!=`, `<`, `in [...]`, `&&`, `||`, `!`, `a ? b : c`, `text.startsWith("x")`, `.endsWith`, `.contains`, `.matches("regular expression")` and `size(x)` are what most take. ' +
      'A field that is absent is `null`: ask `rate != null && rate > 1.5` where it may be. ' +
      'Of a field that a platform has never sent, and of a place that is not known, nothing can be said, and the condition is not judged; `has(place.city)` asks whether a place is known. ' +
      '`hour` (0 to 23) and `weekday` (Monday is 1) are those of the class\'s time zone, else of the offset that the event\'s time was written with. `time` is a timestamp: `time - received < duration("5m")`. ' +
      'Times are inclusive: what is exactly `within` is within.',
    [
      '| where | words |', '|---|---|',
      `| over \`events\` | ${words(events)} |`, `| over a resource | ${words(sightings)} |`, `| \`scope\` | ${words(scopes)} |`,
      '| `unless` | the members of the warning, as `severity`, `facts.value`, `subject.id` |',
      `| \`place\` | ${PLACE_WORDS.map((w) => code(`place.${w}`)).join(', ')} |`,
    ].join('\n'),
    'Lists of texts and shared conditions have names, for the conditions of all rules. A later directory replaces one by naming it again, or adds to a list:',
    '```yaml\n- lists: { demo: [t-17, t-18] }\n- conditions: { office: \'ip != null && ip.startsWith("10.")\', guest: learner in demo && !office }\n# in a directory above\n- lists: { demo: [t-19] }\n  override: { lists.demo: append }\n```',
  ]
}

interface JsonParam {
  type?: string
  format?: string
  enum?: unknown[]
  const?: unknown
  items?: JsonParam
  anyOf?: JsonParam[]
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  default?: unknown
  plausible?: [number | string, number | string]
  description?: string
}

function schemaTable(of: z.ZodObject, what: 'key' | 'parameter'): string {
  const { properties = {}, required = [] } = z.toJSONSchema(of, { io: 'input', unrepresentable: 'any' }) as { properties?: Record<string, JsonParam>; required?: string[] }
  const rows = Object.entries(properties).map(([name, p]) => {
    const standard = p.default === undefined ? (required.includes(name) ? 'must be given' : '') : code(typeof p.default === 'string' ? p.default : JSON.stringify(p.default))
    return `| ${code(name)} | ${cell(typeText(p))} | ${cell(standard)} | ${cell(oneLine(p.description) + usual(p))} |`
  })
  if (rows.length === 0) return 'No parameters.'
  return [`| ${what} | type | default | meaning |`, '|---|---|---|---|', ...rows].join('\n')
}

function factTable(facts: Readonly<Record<string, string>>): string {
  return ['| fact | meaning |', '|---|---|', ...Object.entries(facts).map(([name, text]) => `| ${code(name)} | ${cell(text)} |`)].join('\n')
}

function usual({ plausible }: JsonParam): string {
  return plausible ? ` Usual: ${plausible[0]} to ${plausible[1]}.` : ''
}

function typeText(p: JsonParam): string {
  if (p.anyOf) return p.anyOf.map(typeText).join(' or ')
  if (p.enum) return p.enum.map((v) => code(String(v))).join(', ')
  if (p.const !== undefined) return code(JSON.stringify(p.const))
  if (p.format === 'duration') return 'duration'
  if (p.format === 'condition') return 'condition'
  if (p.type === 'array') return `list of ${p.items ? typeText(p.items) : 'anything'}`
  const base = { string: 'text', integer: 'whole number', number: 'number', boolean: 'true or false', object: 'map' }[p.type ?? ''] ?? 'anything'
  return base + rangeText(p)
}

function rangeText(p: JsonParam): string {
  // Whole numbers carry the largest safe integer as a limit, which says nothing.
  const limits = [
    p.exclusiveMinimum !== undefined ? `> ${p.exclusiveMinimum}` : p.minimum !== undefined && p.minimum > Number.MIN_SAFE_INTEGER ? `≥ ${p.minimum}` : '',
    p.exclusiveMaximum !== undefined ? `< ${p.exclusiveMaximum}` : p.maximum !== undefined && p.maximum < Number.MAX_SAFE_INTEGER ? `≤ ${p.maximum}` : '',
  ].filter((s) => s !== '')
  return limits.length === 0 ? '' : ` ${limits.join(', ')}`
}

function regulationSections({ regulations }: Bundle): string[] {
  return [...regulations.values()].map((r) =>
    [
      `### ${r.id}: ${oneLine(r.title.en)} (${oneLine(r.title.zh)})`,
      ...(r.note ? [`${oneLine(r.note.en)} ${oneLine(r.note.zh)}`] : []),
      [
        '| article | English | 中文 |', '|---|---|---|',
        ...r.articles.map((a) => `| ${code(`${r.id}/${a.id}`)} | ${cell(oneLine(a.en))} | ${cell(oneLine(a.zh))} |`),
      ].join('\n'),
    ].join('\n\n'),
  )
}

function oneLine(text: string | undefined): string {
  return (text ?? '').trim().replaceAll(/\s*\n\s*/g, ' ')
}

function code(text: string): string {
  return text.includes('`') ? `\`\` ${oneLine(text)} \`\`` : `\`${oneLine(text)}\``
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
