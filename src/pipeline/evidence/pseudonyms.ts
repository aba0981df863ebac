import { createHmac } from 'node:crypto'
import { compareText } from '../../base/order.ts'
import type { CatalogueData } from '../../catalogue/catalogue.ts'
import { writeEvent } from '../../telemetry/wire.ts'
import type { Warning } from '../../warnings/warning.ts'
import { locator } from './contexts.ts'
import type { Evidence, EvidenceMark } from './evidence.ts'
import { EvidenceDecoder } from './judge.ts'

const DIGITS = 16

/**
 * Evidence in which everybody but those whom the warning names goes by a pseudonym: as learner, as account, in rosters and among teachers. The
 * same secret gives a person the same pseudonym everywhere, and without it nobody can tell who that is. Their records are written anew, with
 * numbers for ids, since many platforms make ids of names; those of the people named stay as they are. Ids decide ties alone, but it is for
 * the caller to judge whether the warning still comes out.
 */
export function pseudonymise(evidence: Evidence, secret: Uint8Array): Evidence {
  const warnings = evidence.revisions.map((line) => JSON.parse(line) as Warning)
  const named = new Set<string>()
  for (const { learners, subject } of warnings) {
    for (const { platform, id } of learners) named.add(`${platform}\u0000${id}`)
    named.add(`${subject.platform}\u0000${subject.id}`)
  }
  const isNamed = (platform: string, id: string): boolean => named.has(`${platform}\u0000${id}`) || named.has(`\u0000${id}`)
  const decoder = new EvidenceDecoder(evidence)
  // An account of theirs may be a name that others use, too.
  const own = new Set<string>()
  const ids = new Map<string, Set<string>>()
  evidence.events.forEach((record, n) => {
    const { platform, learner, account, id } = decoder.event(record, n).read()
    if (!isNamed(platform, learner)) setIn(ids, `${platform}\u0000${learner}`).add(id)
    else if (account !== undefined) own.add(`${platform}\u0000${account}`)
  })
  const numbers = numbered(ids)
  const known = new Map<string, string>()
  const name = (platform: string, id: string): string => {
    if (isNamed(platform, id) || own.has(`${platform}\u0000${id}`)) return id
    let pseudonym = known.get(id)
    if (pseudonym === undefined) known.set(id, (pseudonym = `~${createHmac('sha256', secret).update(id).digest('hex').slice(0, DIGITS)}`))
    return pseudonym
  }
  const events: string[] = []
  const others: string[] = []
  const marks: EvidenceMark[] = []
  const locate = locator(evidence.places)
  let at = 0
  for (const m of evidence.marks) {
    for (; at < m.events; at++) {
      const record = evidence.events[at] as string
      const event = decoder.event(record, at).read()
      if (isNamed(event.platform, event.learner)) {
        events.push(record)
        continue
      }
      if (event.place === undefined) locate(event)
      event.id = numbers.get(`${event.platform}\u0000${event.learner}`)?.get(event.id) as string
      event.learner = name(event.platform, event.learner)
      if (event.account !== undefined) event.account = name(event.platform, event.account)
      others.push(writeEvent(event).toString('utf8'))
    }
    marks.push({ mark: m.mark, events: events.length, others: others.length })
  }
  const learners = evidence.about.learners
    .map((l) => ({ ...l, id: name(l.platform, l.id), ...(name(l.platform, l.id) === l.id ? {} : { pseudonym: true as const }) }))
    .sort((a, b) => compareText(a.platform, b.platform) || compareText(a.id, b.id))
  const catalogues = new Map([...evidence.catalogues].map(([hash, data]) => [hash, rename(data, name)]))
  return { ...evidence, about: { ...evidence.about, learners }, events, others, marks, catalogues }
}

function setIn(sets: Map<string, Set<string>>, key: string): Set<string> {
  const found = sets.get(key) ?? new Set<string>()
  sets.set(key, found)
  return found
}

/** Each person's ids as numbers, in the same order: it decides what comes first at one instant. */
function numbered(ids: ReadonlyMap<string, ReadonlySet<string>>): Map<string, Map<string, string>> {
  return new Map([...ids].map(([person, own]) => {
    const digits = String(own.size).length
    return [person, new Map([...own].sort(compareText).map((id, i) => [id, `~${String(i + 1).padStart(digits, '0')}`]))]
  }))
}

function rename(data: CatalogueData, name: (platform: string, id: string) => string): CatalogueData {
  const all = (platform: string, ids: readonly string[]): string[] => ids.map((id) => name(platform, id))
  return { ...data, classes: data.classes.map((c) => ({ ...c, learners: all(c.platform, c.learners), teachers: all(c.platform, c.teachers) })) }
}
