import type { CatalogueData } from '../../catalogue/catalogue.ts'
import type { Event, Field } from '../../telemetry/event.ts'
import type { SubjectKind } from '../../warnings/warning.ts'

/** Addresses that are kept for documentation (RFC 5737, RFC 3849). */
const ADDRESSES = { v4: ['203.0.113.', '198.51.100.', '192.0.2.'], v6: '2001:db8::' } as const
const LETTERS: Partial<Record<Field, string>> = { account: 'a', session: 's', device: 'd', agent: 'agent-', challenge: 'f' }
/** What kinds of subject are called. */
const FIELD_OF: Partial<Record<SubjectKind, Field>> = { account: 'account', ip: 'ip', device: 'device' }

/** Names of no meaning for people, their devices and addresses: in order of appearance, so that the same events get the same ones. */
export class Aliases {
  static readonly none = new Aliases(new Map(), new Map())
  /** By platform and learner, and by field and value. */
  private readonly learners: ReadonlyMap<string, string>
  private readonly values: ReadonlyMap<string, string>

  static of(events: readonly Event[], fields: readonly Field[]): Aliases {
    const learners = new Map<string, string>()
    const values = new Map<string, string>()
    const count = new Map<string, number>()
    const next = (of: string): number => {
      const n = (count.get(of) ?? 0) + 1
      count.set(of, n)
      return n
    }
    for (const event of events) {
      const who = `${event.platform}\u0000${event.learner}`
      if (!learners.has(who)) learners.set(who, `L${next('learner')}`)
      for (const field of fields) {
        const value = event[field]
        const key = `${field}\u0000${String(value)}`
        if (value === undefined || values.has(key)) continue
        values.set(key, field === 'ip' ? address(String(value), next) : `${LETTERS[field] ?? field}${next(field)}`)
      }
    }
    return new Aliases(learners, values)
  }

  private constructor(learners: ReadonlyMap<string, string>, values: ReadonlyMap<string, string>) {
    this.learners = learners
    this.values = values
  }

  event(event: Event): Event {
    const copy = Object.assign(Object.create(Object.getPrototypeOf(event) as object) as Event, event)
    copy.learner = this.learner(event.platform, event.learner)
    const fields = copy as unknown as Record<string, unknown>
    for (const field of [...(Object.keys(LETTERS) as (keyof typeof LETTERS)[]), 'ip' as const]) fields[field] = this.value(field, event[field] as string | undefined)
    return copy
  }

  subject({ kind, platform, id }: { kind: SubjectKind; platform: string; id: string }): string {
    if (kind === 'learner' || kind === 'teacher') return this.learner(platform, id)
    if (kind === 'person') return [...this.learners].find(([who]) => who.endsWith(`\u0000${id}`))?.[1] ?? id
    const field = FIELD_OF[kind]
    return field === undefined ? id : (this.value(field, id) ?? id)
  }

  catalogue(data: CatalogueData): CatalogueData {
    if (this.learners.size === 0) return data
    return {
      ...data, classes: data.classes.map((c) => ({ ...c, learners: c.learners.flatMap((l) => this.known(c.platform, l)), teachers: c.teachers.map((t) => this.learner(c.platform, t)) })),
    }
  }

  private learner(platform: string, id: string): string {
    return this.learners.get(`${platform}\u0000${id}`) ?? id
  }

  /** Who is not among the events is of no use on a roster. */
  private known(platform: string, id: string): string[] {
    const alias = this.learners.get(`${platform}\u0000${id}`)
    return alias === undefined ? [] : [alias]
  }

  private value(field: string, value: string | undefined): string | undefined {
    return value === undefined ? undefined : (this.values.get(`${field}\u0000${value}`) ?? value)
  }
}

function address(value: string, next: (of: string) => number): string {
  if (value.includes(':')) return `${ADDRESSES.v6}${next('v6').toString(16)}`
  const n = next('v4') - 1
  return `${ADDRESSES.v4[Math.floor(n / 254) % ADDRESSES.v4.length] as string}${(n % 254) + 1}`
}
