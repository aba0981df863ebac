import { InvigilError } from '../../base/errors.ts'
import { compareText } from '../../base/order.ts'
import { parseTime, type Ms } from '../../base/time.ts'
import type { RaisedAt } from '../../engine/runtime.ts'
import { resourceKey, type Sighting } from '../../engine/sighting.ts'
import type { Mark } from '../../engine/timekeeper.ts'
import type { Held } from '../../telemetry/held.ts'
import type { Warning } from '../../warnings/warning.ts'
import type { Feed, FeedContext, Taker } from './feed.ts'
import { inOrder } from './judge.ts'
import { Rerun } from './rerun.ts'

/** A learner of a platform. */
export interface Person {
  platform: string
  learner: string
}

/** A warning as a log gives it, and where to look for what it depends on. */
export interface Found {
  /** In the order in which they are written. */
  revisions: readonly Warning[]
  /** Those whose events its keys have seen by its last revision: of a resource, all who were sighted on it. */
  people: readonly Person[]
  /** The mark that gave rise to the last revision, and the time at which it was raised. */
  mark: number
  until: Ms
}

/** The least of an id that finds a warning. */
const SHORTEST = 8
const MOST_TOLD = 8

/** Runs over a log to find warnings by their ids, or by as much of their beginning as no other has. `not-found` where there is none. */
export async function findWarnings(feed: Feed, wanted: readonly string[], progress?: (read: number, size: number) => void): Promise<Found[]> {
  const finder = new Finder(wanted.map(idOf))
  await feed.read(finder, progress)
  return wanted.map((w) => finder.found(w))
}

function idOf(wanted: string): string {
  // A CloudEvents id names the revision, too.
  const id = wanted.replace(/\.\d+$/, '')
  if (!/^[0-9a-f]{8,32}$/.test(id)) throw new InvigilError('usage', `\`${wanted}\` is no id of a warning; give the \`id\` of a line of warnings.ndjson, or at least its first ${SHORTEST} digits`)
  return id
}

class Finder implements Taker {
  private readonly ids: readonly string[]
  private readonly raised = new Map<string, { warning: Warning; at: RaisedAt; mark: number }[]>()
  /** By key of a resource: who was sighted on it, and when first. */
  private readonly sighted = new Map<string, Map<string, { person: Person; first: Ms }>>()
  private readonly rules = new Map<string, number>()
  private readonly rerun = new Rerun({
    warning: (warning, at, mark) => {
      if (warning.revision === 1) this.rules.set(warning.rule, (this.rules.get(warning.rule) ?? 0) + 1)
      if (!this.ids.some((id) => warning.id.startsWith(id))) return
      const list = this.raised.get(warning.id)
      if (list) list.push({ warning, at, mark })
      else this.raised.set(warning.id, [{ warning, at, mark }])
    },
    sighting: (s) => this.sight(s),
  })

  constructor(ids: readonly string[]) {
    this.ids = ids
  }

  event(held: Held): void {
    this.rerun.take(held)
  }

  mark(mark: Mark, { setup }: FeedContext): boolean {
    this.rerun.handle(mark, setup)
    return true
  }

  private sight({ resource, scope, id, platform, learner, time }: Sighting): void {
    const key = resourceKey({ resource, scope, id })
    let people = this.sighted.get(key)
    if (people === undefined) this.sighted.set(key, (people = new Map()))
    const name = `${platform}\u0000${learner}`
    const known = people.get(name)
    if (known === undefined) people.set(name, { person: { platform, learner }, first: time })
    else if (time < known.first) known.first = time
  }

  found(wanted: string): Found {
    const [only, ...more] = [...this.raised].filter(([id]) => id.startsWith(idOf(wanted)))
    if (only === undefined) throw this.notFound(wanted)
    if (more.length > 0) {
      const ids = [only, ...more].map(([id]) => id).sort(compareText)
      throw new InvigilError('usage', `${ids.length} warnings begin with \`${wanted}\`: ${ids.slice(0, MOST_TOLD).map((i) => `\`${i}\``).join(', ')}${ids.length > MOST_TOLD ? ' and others' : ''}; give more of it`)
    }
    const raised = only[1]
    const until = Math.max(...raised.map((r) => parseTime(r.warning.raised) as Ms))
    const people = new Map<string, Person>()
    for (const { at } of raised) {
      if (at.stage === 'learner') people.set(`${at.platform}\u0000${at.key}`, { platform: at.platform, learner: at.key })
      else for (const [name, { person, first }] of this.sighted.get(at.key) ?? []) if (first <= until) people.set(name, person)
    }
    return {
      revisions: inOrder(raised.map((r) => r.warning)), mark: Math.max(...raised.map((r) => r.mark)), until,
      people: [...people.values()].sort((a, b) => compareText(a.platform, b.platform) || compareText(a.learner, b.learner)),
    }
  }

  private notFound(wanted: string): InvigilError {
    const all = [...this.rules.values()].reduce((a, b) => a + b, 0)
    const gives = all === 0 ? 'it gives no warning at all' : `it gives others (${[...this.rules].sort(([a], [b]) => compareText(a, b)).map(([rule, n]) => `${rule} ${n}`).join(', ')})`
    return new InvigilError('not-found', `this log gives no warning \`${wanted}\` under these rules: ${gives}; give the log, format, rules, catalogue and models of the run that raised it`)
  }
}
