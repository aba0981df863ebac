import type { z } from 'zod'
import { detectors } from '../../detectors/index.ts'
import { paramFacts } from '../../rules/lint/params.ts'
import { ACTIONS, FIELDS } from '../../telemetry/event.ts'
import { lineOf, partsOf, type Part } from './places.ts'

/** A text that differs from a good one in one place. */
export interface Mutant {
  operator: string
  text: string
  /** Where it differs, from 1. */
  line: number
  /** What stands there now. */
  now: string
  /** Whether it is wrong in itself; else it is only odd, and the rule's own tests may tell. */
  isInvalid: boolean
}

/** Maps whose keys somebody makes up. */
const FREE = new Set(['networks', 'facts', 'signs', 'places', 'prompt'])
const WORDS = new Set(['detector', 'severity', 'response', 'basis'])

/** Every mutant of the good rules in `text`. */
export function mutantsOf(text: string): Mutant[] {
  const parts = partsOf(text)
  return [...parts.flatMap((p) => ofPart(text, p)), ...ofLines(text, parts), ...parts.flatMap((p) => (isGiven(p) ? ofGiven(text, p) : [])), ...ofRules(text, parts)]
}

function replace(text: string, { start, end }: { start: number; end: number }, by: string, operator: string, isInvalid = true): Mutant {
  return { operator, text: text.slice(0, start) + by + text.slice(end), line: lineOf(text, start), now: by, isInvalid }
}

function ofPart(text: string, part: Part): Mutant[] {
  const { path, kind } = part
  const [first, second, third] = path
  const last = path.at(-1) as string
  const inExpect = first === 'tests' && second === 'expect'
  if (kind === 'key') {
    const isFree = path.slice(0, -1).some((p) => FREE.has(p)) && !(inExpect && path.at(-2) === 'facts')
    return isFree ? [] : misspelt(String(part.value)).map((t) => replace(text, part, t, 'misspelt key'))
  }
  if (first === 'prompt' && kind === 'text') return [...ofPrompt(text, part), replace(text, part, '{ a: 1 }', 'map for text'), replace(text, part, '17', 'number for text')]
  if (part.isBlock && (kind === 'text' || path.length === 0)) return []
  // A fact may be of any type; whether it comes true is for the test to say.
  const isFact = inExpect && third === 'facts' && path.length > 3
  if (isFact) return kind === 'number' ? [replace(text, part, String(Number(part.value) + 7), 'other number expected', false)] : []
  const swapped: Mutant[] = []
  if (first === 'params' && /==|!=|[<>]/.test(String(part.value))) swapped.push(...ofCondition(text, part))
  if (kind === 'text') {
    swapped.push(replace(text, part, '{ a: 1 }', 'map for text'))
    if (!inExpect || path.length > 2) swapped.push(replace(text, part, '17', 'number for text'))
    if (path.length === 1 && last === 'severity') swapped.push(replace(text, part, part.value === 'low' ? 'high' : 'low', 'another severity', false))
    if (WORDS.has(last) || (first === 'params' && last === 'kinds')) swapped.push(...misspelt(String(part.value)).map((t) => replace(text, part, t, 'misspelt word')))
    if (inExpect && ['severity', 'kind'].includes(last)) swapped.push(...misspelt(String(part.value)).map((t) => replace(text, part, t, 'misspelt word')))
    if (/^\d{4}-\d\d-\d\d$/.test(String(part.value)) && !inExpect) swapped.push(...['2026-13-02', '02.03.2026', '2026-02-30'].map((t) => replace(text, part, t, 'no date')))
    if (/^\d+(ms|s|m|h|d)$/.test(String(part.value))) swapped.push(...units(String(part.value)).map((t) => replace(text, part, t, 'unknown unit')))
  }
  if (kind === 'number') swapped.push(replace(text, part, 'many', 'text for number'), replace(text, part, '[1]', 'list for number'))
  if (kind === 'boolean') swapped.push(replace(text, part, 'perhaps', 'text for true or false'))
  if ((kind === 'list' || kind === 'map') && !part.isBlock) swapped.push(replace(text, part, 'nothing', `text for ${kind}`), replace(text, part, '17', `number for ${kind}`))
  return swapped
}

/** The names in a prompt's text. */
function ofPrompt(text: string, { start, end }: Part): Mutant[] {
  return [...text.slice(start, end).matchAll(/\{(\w+)\}/g)].flatMap((m) => {
    const at = { start: start + m.index, end: start + m.index + m[0].length }
    return [...misspelt(m[1] as string).map((w) => `{${w}}`), `{${m[1]}`, `${m[1]}}`].map((w) => replace(text, at, w, 'misspelt placeholder'))
  })
}

/** A condition in the params. */
function ofCondition(text: string, part: Part): Mutant[] {
  const written = text.slice(part.start, part.end)
  const field = /[a-z]+(?= ?(?:==|!=|[<>]))/.exec(written)
  const action = ACTIONS.find((a) => written.includes(`"${a}"`))
  const by = (t: string, operator: string) => replace(text, part, t, operator)
  return [
    ...(field ? misspelt(field[0]).map((w) => by(written.slice(0, field.index) + w + written.slice(field.index + field[0].length), 'cel unknown variable')) : []),
    ...(action ? misspelt(action).map((w) => by(written.replace(`"${action}"`, `"${w}"`), 'cel unknown fact or word')) : []),
    ...(written.includes('==') ? [by(written.replace('==', '='), 'cel syntax'), by(written.replace('==', '>'), 'cel order of words'), by(written.replace('==', '+'), 'cel type error')] : []),
    ...(written.includes('"') ? [by(written.replace('"', ''), 'cel syntax')] : []),
  ]
}

/** Slips of the pen: two letters in the wrong order, one too few, one too many. */
function misspelt(word: string): string[] {
  if (word.length < 2) return [`${word}${word}x`]
  const middle = Math.max(1, Math.floor(word.length / 2))
  const [a, b] = [word[middle - 1] as string, word[middle] as string]
  const swapped = a === b ? [] : [word.slice(0, middle - 1) + b + a + word.slice(middle + 1)]
  return [...swapped, word.slice(0, middle) + word.slice(middle + 1), `${word}z`].filter((w) => w !== word && w !== '')
}

function units(duration: string): string[] {
  const number = /^\d+/.exec(duration)?.[0] ?? '1'
  return [number, `${number}sec`, `${number} s`, `${number}x`]
}

function isGiven({ path, kind, isBlock }: Part): boolean {
  return isBlock && kind === 'text' && path.join('.') === 'tests.given'
}

/** Lines that are no text: their indent and their brackets. */
function ofLines(text: string, parts: readonly Part[]): Mutant[] {
  const blocks = parts.filter((p) => p.isBlock && p.kind === 'text')
  const flows = parts.filter((p) => !p.isBlock && (p.kind === 'list' || p.kind === 'map'))
  const mutants: Mutant[] = []
  let start = 0
  for (const line of text.split('\n')) {
    const end = start + line.length
    const isText = blocks.some((b) => b.start < start && start < b.end) || flows.some((f) => f.start < start && start < f.end)
    const indent = /^ */.exec(line)?.[0].length ?? 0
    const trimmed = line.trim()
    if (trimmed !== '' && !trimmed.startsWith('#') && !isText) {
      if (indent > 0) {
        mutants.push(replace(text, { start, end: start + 1 }, '', 'indent one less'))
        mutants.push(replace(text, { start, end: start + indent }, '\t'.repeat(indent / 2), 'tabs'))
        // The only key of its map may stand anywhere.
        mutants.push(replace(text, { start, end: start }, ' ', 'indent one more', !isAlone(text, start, indent)))
      }
      if (/^( {2}(title|description|detector|severity|response)| {6}expect): [^>|]/.test(line)) {
        // What is missing is told where its entry begins.
        const entry = text.lastIndexOf(trimmed.startsWith('expect') ? '- it:' : '- rule:', start)
        mutants.push({ ...replace(text, { start, end: end + 1 }, '', 'line left out'), line: lineOf(text, Math.max(0, entry)), now: trimmed })
      }
      if (/[\]}'"]$/.test(line)) mutants.push(replace(text, { start: end - 1, end }, '', 'not closed'))
      const alias = /: \*([a-z-]+)$/.exec(line)
      if (alias) mutants.push(...misspelt(alias[1] as string).map((w) => replace(text, { start: end - (alias[1] as string).length, end }, w, 'misspelt alias')))
      const key = /^ *([a-zA-Z]+): ?\S/.exec(line)
      if (key && !trimmed.startsWith('- ') && !/[|>]-?$/.test(line)) mutants.push(replace(text, { start, end: start }, `${line}\n`, 'key twice'))
    }
    start = end + 1
  }
  return mutants
}

function isAlone(text: string, start: number, indent: number): boolean {
  const before = text.slice(0, start).split('\n').at(-2) ?? ''
  const after = text.slice(start).split('\n')[1] ?? ''
  const of = (line: string) => /^ */.exec(line)?.[0].length ?? 0
  return of(before) < indent && of(after) < indent
}

const NUMBERS = new Set(['position', 'from', 'to', 'length', 'rate', 'inputs', 'elapsed', 'similarity', 'visible', 'muted', 'correct', 'outcome', 'photo'])

/** The lines of a test's events. */
function ofGiven(text: string, part: Part): Mutant[] {
  const mutants: Mutant[] = []
  let start = part.start
  for (const line of text.slice(part.start, part.end).split('\n')) {
    if (/^ *\d/.test(line)) mutants.push(replace(text, { start, end: start + line.length + 1 }, '', 'event left out', false))
    for (const m of line.matchAll(/\S+/g)) {
      const at = { start: start + m.index, end: start + m.index + m[0].length }
      const word = m[0]
      const field = /^([a-z]+)=(.*)$/.exec(word)
      if (/^(\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\d/.test(word)) {
        mutants.push(replace(text, at, word.replace(/\d\d$/, '61'), 'no time'), replace(text, at, word.replaceAll(':', '.'), 'no time'))
        mutants.push(replace(text, at, word.replace(/:\d\d$/, (s) => `:${s === ':59' ? '00' : String(Number(s.slice(1)) + 1).padStart(2, '0')}`), 'a second later', false))
      } else if ((ACTIONS as readonly string[]).includes(word)) mutants.push(...misspelt(word).map((t) => replace(text, at, t, 'misspelt action')))
      else if (word === 'mark') mutants.push(replace(text, at, 'mrak', 'misspelt mark'))
      else if (field && [...FIELDS, 'platform', 'repeat', 'every'].includes(field[1] as never)) {
        const [name, value] = [field[1] as string, field[2] as string]
        mutants.push(...misspelt(name).map((t) => replace(text, at, `${t}=${value}`, 'misspelt field')))
        if (NUMBERS.has(name) || name === 'repeat') mutants.push(replace(text, at, `${name}=soon`, 'field of another type'))
        if (name === 'every') mutants.push(...units(value).filter((u) => !u.includes(' ')).map((u) => replace(text, at, `${name}=${u}`, 'unknown unit')))
        if (name === 'position') mutants.push(replace(text, at, `${name}=${Number(value) + 40}`, 'other position', false))
        mutants.push(replace(text, at, word.replace('=', ':'), 'field without ='))
      }
    }
    start += line.length + 1
  }
  return mutants
}

/** Each wrong in one place, or covering everybody or nobody. */
const EXEMPTIONS = [
  'platform: p1, learner: [a], from: 2026-01-01, until: 2026-12-31, why: x', 'platform: p1, learner: a, from: 2026-01-01, until: 2026-12-31, why: x, by: y',
  'platform: p1, learner: [a], from: 2026-12-01, until: 2026-01-31, why: x, by: y', 'platform: p1, learner: [a], from: 2026-01-01, until: 2026-13-31, why: x, by: y',
  'learner: [a], from: 2026-01-01, until: 2026-12-31, why: x, by: y', 'platform: p1, leaner: [a], from: 2026-01-01, until: 2026-12-31, why: x, by: y',
  'platform: p1, from: 2026-01-01, until: 2026-12-31, why: x, by: y', 'platform: p1, learner: ["*"], from: 2026-01-01, until: 2026-12-31, why: x, by: y',
  'ip: 0.0.0.0/0, from: 2026-01-01, until: 2026-12-31, why: x, by: y', 'ip: 10.0.0.0/33, from: 2026-01-01, until: 2026-12-31, why: x, by: y',
  'platform: p1, learner: [a], from: 2025-01-01, until: 2025-12-31, why: x, by: y', 'from: 2026-01-01, until: 2026-12-31, why: x, by: y',
]

/** Conditions and parameters that do not stand in the shipped rules: one line more in a rule. */
function ofRules(text: string, parts: readonly Part[]): Mutant[] {
  return parts.filter((p) => p.kind === 'key' && p.path.join('.') === 'title').flatMap(({ start }) => {
    const insert = (line: string, operator: string): Mutant => replace(text, { start, end: start }, `${line}\n  `, operator)
    const params = parts.some((p) => p.path[0] === 'params') ? [] : paramsOf(text)
    return [
      ...params.flatMap(([name, isDuration]) => [
        ...(isDuration ? ['30', '30 sec', '1y', '-30s'] : ['many', '-5', '30s']).map((v) => insert(`params: { ${name}: ${v} }`, 'parameter of another type')),
        ...(isDuration ? ['0.01ms', '9999d'] : ['1000000000']).map((v) => insert(`params: { ${name}: ${v} }`, 'parameter out of its unit')),
        ...misspelt(name).map((n) => insert(`params: { ${n}: 30s }`, 'misspelt parameter')),
      ]),
      ...EXEMPTIONS.map((e) => insert(`exempt: [{ ${e} }]`, 'exemption')),
      ...['platform =! "p1"', 'platform == "p1', 'platform = "p1"', 'platform == "p1" &&', '(platform == "p1"'].map((c) => insert(`scope: '${c}'`, 'cel syntax')),
      ...['platfrom == "p1"', 'lerner == "L1"', 'severity == "low"'].map((c) => insert(`scope: '${c}'`, 'cel unknown variable')),
      ...['platform > 3', 'platform', 'platform + 1 == 2', 'size(platform)'].map((c) => insert(`scope: '${c}'`, 'cel type error')),
      ...['platform == "p1" && platform == "p2"', 'false', '!(platform == "p1" || platform != "p1")'].map((c) => insert(`scope: '${c}'`, 'cel never true')),
      ...['fcats.seconds < 60', 'facts.secondz < 60', 'severity == "lwo"', 'subject.kind == "lerner"'].map((c) => insert(`unless: '${c}'`, 'cel unknown fact or word')),
      ...['severity', 'evidence.count == "3"', 'evidence.cuont < 3', 'chapters > 3'].map((c) => insert(`unless: '${c}'`, 'cel type error')),
      ...['severity != "none" || true', 'facts.seconds < 60 || severity in ["low", "medium", "high", "critical"]'].map((c) => insert(`unless: '${c}'`, 'cel always true')),
    ]
  })
}

/** Names of the numbers among the parameters of the rule's detector, and which are durations. */
function paramsOf(text: string): [string, boolean][] {
  const name = /^ {2}detector: (\S+)/m.exec(text)?.[1]
  const detector = detectors.find((d) => d.name === name)
  return detector ? [...paramFacts(detector.params as z.ZodObject)].map(([param, { isDuration }]) => [param, isDuration]) : []
}
