import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import { InvigilError } from '../../base/errors.ts'
import { canonicalJson } from '../../base/hash.ts'
import { BadZip, unpackZip } from '../../io/zip.ts'
import type { Warning } from '../../warnings/warning.ts'
import { contextFaults, contextNamed, openContexts } from './contexts.ts'
import { BadPart, evidenceOf, type Evidence } from './evidence.ts'
import { EvidenceDecoder, judge } from './judge.ts'
import { checkSeal, fingerprintOf, type Seal } from './seal.ts'

/** Something in a bundle that is not as it should be. */
export interface Difference {
  /** A file of the bundle, or `signature`, `version`, `context`, `event`, `warning`. */
  part: string
  message: string
}

/** What a bundle is found to be. */
export interface Verdict {
  format: 1
  /** Whether the same warning comes out with the same bytes, and nothing differs. */
  verified: boolean
  warning?: string
  rule?: string
  revisions?: number
  events?: number
  learners?: number
  /** The version that made the bundle. */
  version?: string
  signature: { state: Seal['signature'] | 'trusted'; key?: string }
  differences: Difference[]
}

export interface VerifyOptions {
  /** Of Invigil, here. */
  version: string
  /** The key that the bundle must be signed with. */
  trust?: KeyObject
}

const LONGEST = 200

/** Judges a bundle: its digests and signature, its contexts, and whether the warning comes out of its events again. */
export async function verifyBundle(bytes: Uint8Array, { version, trust }: VerifyOptions): Promise<Verdict> {
  const verdict: Verdict = { format: 1, verified: false, signature: { state: 'none' }, differences: [] }
  const differs = (part: string, message: string) => void verdict.differences.push({ part, message })
  let files: Map<string, Uint8Array>
  try {
    files = unpackZip(bytes)
  } catch (e) {
    if (!(e instanceof BadZip)) throw e
    differs('bundle', `it is no zip, or it is damaged: ${e.message}`)
    return verdict
  }
  const seal = checkSeal(files)
  verdict.differences.push(...seal.faults)
  verdict.signature = signatureOf(seal, trust, differs)
  try {
    await rerun(evidenceOf(files), version, verdict, differs)
  } catch (e) {
    if (e instanceof BadPart) differs('bundle', e.message)
    else if (e instanceof InvigilError && e.domain === 'user') differs('context', [e.message, ...e.problems.map((p) => p.message)].join('; '))
    else throw e
  }
  verdict.verified = verdict.differences.length === 0
  return verdict
}

type Differs = (part: string, message: string) => void

function signatureOf({ signature, publicKey }: Seal, trust: KeyObject | undefined, differs: Differs): Verdict['signature'] {
  const key = publicKey && fingerprintOf(publicKey)
  const told = { state: signature, ...(key === undefined ? {} : { key }) }
  if (signature === 'invalid') differs('signature', 'it is not that of the key in the bundle over its digests')
  if (trust === undefined) return told
  if (signature === 'none') differs('signature', 'nobody has signed the bundle, so that anybody may have made it')
  else if (key !== fingerprintOf(trust)) differs('signature', `the bundle is signed with another key (\`${key ?? 'none'}\`) than the one that is trusted (\`${fingerprintOf(trust)}\`)`)
  else if (signature === 'valid') return { ...told, state: 'trusted' }
  return told
}

async function rerun(evidence: Evidence, version: string, verdict: Verdict, differs: Differs): Promise<void> {
  const { about } = evidence
  Object.assign(verdict, { warning: about.warning, rule: about.rule, revisions: about.revisions, events: evidence.events.length + evidence.others.length, learners: about.learners.length, version: about.version })
  for (const made of new Set([about.version, ...evidence.contexts.map((c) => c.parts.version)])) {
    if (made !== version) differs('version', `the warning was raised by version ${made} of Invigil, and this is ${version}: run that version, since another may judge otherwise`)
  }
  const given = revisionsOf(evidence, differs)
  countEvents(evidence, given, differs)
  if (evidence.marks.length !== about.marks) differs('marks.ndjson', `it has ${evidence.marks.length} marks, and \`bundle.json\` tells of ${about.marks}`)
  const end = evidence.marks.at(-1)
  if (end?.events !== evidence.events.length || end.others !== evidence.others.length) differs('marks.ndjson', 'its last mark does not cover all events')
  const contexts = await openContexts(evidence)
  const faults = contextFaults(evidence, contexts)
  for (const fault of faults) differs('context', fault)
  // Rules that nobody vouches for are not run.
  if (faults.length > 0) return
  for (const context of new Set(given.map((w) => w.context))) if (contextNamed(contexts, context) === undefined) differs('context', `the warning names the context \`${context}\`, which is missing`)
  compare(evidence.revisions, judge(evidence, contexts), differs)
}

function revisionsOf({ about, revisions }: Evidence, differs: Differs): Warning[] {
  const given = revisions.map(revisionOf)
  if (given.length !== about.revisions) differs('warning', `\`bundle.json\` tells of ${about.revisions} revisions, and there are ${given.length}`)
  const other = given.find((w) => w.id !== about.warning)
  if (other) differs('warning', `\`warning.ndjson\` holds another warning (\`${other.id}\`) than \`bundle.json\` tells of (\`${about.warning}\`)`)
  const [rule] = given.filter((w) => w.rule !== about.rule)
  if (rule) differs('warning', `it is of the rule \`${rule.rule}\`, and \`bundle.json\` tells of \`${about.rule}\``)
  return given
}

// Deeper ones are no facts of any detector.
const MOST_DEPTH = 32
const revisionSchema = z.looseObject({ id: z.string(), revision: z.int(), rule: z.string(), context: z.string(), evidence: z.looseObject({ events: z.array(z.string()) }) })

function revisionOf(line: string): Warning {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (cause) {
    throw new BadPart('`warning.ndjson` is not JSON', { cause })
  }
  if (depthOf(line) > MOST_DEPTH || !revisionSchema.safeParse(value).success) throw new BadPart('a line of `warning.ndjson` is no warning')
  return value as Warning
}

/** How deep brackets nest, at most: those in texts count, too. */
function depthOf(json: string): number {
  let [depth, most] = [0, 0]
  for (const c of json) {
    if (c === '{' || c === '[') most = Math.max(most, ++depth)
    else if (c === '}' || c === ']') depth--
  }
  return most
}

/** Events that the warning names, and as many of each learner as there should be. */
function countEvents(evidence: Evidence, given: readonly Warning[], differs: Differs): void {
  const decoder = new EvidenceDecoder(evidence)
  const ids = new Set<string>()
  const counts = new Map<string, number>()
  const count = ({ id, platform, learner }: { id: string; platform: string; learner: string }) => {
    ids.add(id)
    const name = canonicalJson([platform, learner])
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  evidence.events.forEach((record, n) => count(decoder.event(record, n).read()))
  evidence.others.forEach((record, n) => count(decoder.other(record, n).read()))
  for (const id of new Set(given.flatMap((w) => w.evidence.events))) if (!ids.has(id)) differs('event', `the event \`${id}\`, which the warning rests on, is missing`)
  for (const { platform, id, events } of evidence.about.learners) {
    const name = canonicalJson([platform, id])
    const found = counts.get(name) ?? 0
    counts.delete(name)
    if (found !== events) differs('event', `there are ${found} events of the learner \`${id}\` on \`${platform}\`, and \`bundle.json\` tells of ${events}`)
  }
  for (const name of counts.keys()) differs('event', `there are events of a learner of whom \`bundle.json\` does not tell: ${name}`)
}

/** Says where revisions that came out differ from those that the bundle has. */
function compare(given: readonly string[], found: readonly Warning[], differs: Differs): void {
  if (found.length === 0) return differs('warning', 'it does not come out of these events')
  if (found.length !== given.length) differs('warning', `${found.length} revisions come out, and the bundle has ${given.length}`)
  for (const message of differencesOf(given, found, 'the bundle')) differs('warning', message)
}

/** Where revisions that came out differ from those that were written, as far as there are both; `holder` is who has those. */
export function differencesOf(given: readonly string[], found: readonly Warning[], holder: string): string[] {
  const differences: string[] = []
  for (let i = 0; i < Math.min(given.length, found.length); i++) {
    const [is, should] = [JSON.stringify(found[i]), given[i] as string]
    if (is === should) continue
    const [a, b] = [JSON.parse(is) as Record<string, unknown>, JSON.parse(should) as Record<string, unknown>]
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((k) => canonicalJson(a[k]) !== canonicalJson(b[k]))
    for (const key of keys) differences.push(`revision ${String(b.revision)}: \`${key}\` comes out as ${short(a[key])}, and ${holder} has ${short(b[key])}`)
    if (keys.length === 0) differences.push(`revision ${String(b.revision)}: it is written otherwise than Invigil writes it`)
  }
  return differences
}

function short(value: unknown): string {
  const text = value === undefined ? 'nothing' : `\`${JSON.stringify(value)}\``
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…\`` : text
}
