import { compareText } from '../../base/order.ts'
import { formatTime, type Ms } from '../../base/time.ts'
import { Machine } from '../../engine/machine.ts'
import { DEFAULT_LATENESS } from '../../engine/timekeeper.ts'
import { createEnricher } from '../../telemetry/enrich.ts'
import type { Event } from '../../telemetry/event.ts'
import type { RejectReason } from '../../telemetry/rejects.ts'
import type { OpenContext } from '../context.ts'
import type { Reject } from '../cursor.ts'
import { MARK_EVERY } from '../options.ts'
import { setupFrom } from '../reload/marks.ts'
import { drawUp, knownOf } from './draw-up.ts'
import { clipped } from './fields.ts'
import { findingsOf, type Joined } from './findings.ts'
import { lacksOf } from './lacks.ts'
import { Peak } from './peak.ts'
import { PlatformTally } from './platform.ts'
import { tallyLogs, type LogSource } from './read.ts'
import { Repeats } from './repeats.ts'
import type { CheckReport } from './report.ts'
import { ruleStates } from './wants.ts'
import { rejectWords } from './words.ts'

export interface CheckOptions extends LogSource {
  /** Rules, catalogue and databases: what a run would judge by. */
  context: OpenContext
  lateness?: Ms
  markEvery?: number
  progress?: (read: number, size: number) => void
}

const EXAMPLES = 3
const LONGEST_EXAMPLE = 200
const MOST_VERBS = 1000
/** Platforms that are told of each for itself. */
const MOST_PLATFORMS = 200

/**
 * Looks at logs before they are judged: what decodes, what its fields, clocks, ids and heartbeats are like, and what rules would judge.
 * The same logs and context give the same report. Takes the memory of a run, and 100 MB at most for what it counts.
 */
export async function checkLogs(options: CheckOptions): Promise<CheckReport> {
  const check = new Check(options)
  const problems = await tallyLogs(options, { ...check.tally, progress: options.progress })
  return check.report(problems)
}

class Check {
  readonly tally = {
    event: (event: Event) => this.event(event),
    reject: (reject: Reject) => this.reject(reject),
    ignored: (verb: string) => this.ignored(verb),
    blank: () => {
      this.blank++
    },
    passed: () => {
      this.lines++
      if (this.lines % (this.options.markEvery ?? MARK_EVERY) === 0) this.machine.mark()
    },
  }
  private readonly options: CheckOptions
  private readonly machine: Machine
  private readonly platforms = new Map<string, PlatformTally>()
  private readonly repeats = new Repeats()
  private readonly peak = new Peak()
  private readonly rejects = new Map<RejectReason, { count: number; examples: Reject[] }>()
  private readonly verbs = new Map<string, number>()
  private blank = 0
  private events = 0
  /** Events of platforms beyond those that are told of. */
  private untold = 0
  private lines = 0

  constructor(options: CheckOptions) {
    this.options = options
    const { context, lateness } = options
    // Nobody is warned: what counts is what could be judged.
    this.machine = new Machine({ ...setupFrom(context, createEnricher({ geo: context.geo.lookups })), lateness, output: () => undefined })
  }

  private event(event: Event): 'taken' | 'future' {
    const { platform, learner, id, time, received } = event
    const fate = this.machine.observe(event)
    if (fate === 'future') return fate
    this.events++
    this.peak.take(received ?? time)
    let tally = this.platforms.get(platform)
    if (tally === undefined) {
      if (this.platforms.size >= MOST_PLATFORMS) {
        this.untold++
        return 'taken'
      }
      this.platforms.set(platform, (tally = new PlatformTally()))
    }
    tally.take(event)
    if (fate === 'late') tally.late++
    const repeat = this.repeats.take(platform, learner, id, time)
    if (repeat === 'same') tally.ids.same++
    else if (repeat !== 'new') {
      tally.ids.other++
      if (tally.ids.examples.length < EXAMPLES) tally.ids.examples.push({ learner: clipped(learner), id, times: [repeat.before, time] })
    }
    return 'taken'
  }

  private reject(reject: Reject): void {
    let of = this.rejects.get(reject.reason)
    if (of === undefined) this.rejects.set(reject.reason, (of = { count: 0, examples: [] }))
    of.count++
    if (of.examples.length < EXAMPLES) of.examples.push(reject)
  }

  private ignored(verb: string): void {
    const name = this.verbs.has(verb) || this.verbs.size < MOST_VERBS ? clipped(verb) : 'other'
    this.verbs.set(name, (this.verbs.get(name) ?? 0) + 1)
  }

  report(problems: string[]): CheckReport {
    const { machine, options: { context, logs, lateness = DEFAULT_LATENESS } } = this
    machine.end()
    const { rules } = context.bundle
    const { catalogue } = context
    const tallies = [...this.platforms].sort(([a], [b]) => compareText(a, b))
    const platforms = tallies.map(([id, tally]) => drawUp(id, tally, catalogue))
    const log = this.logPart(logs, platforms.map((p) => p.clock))
    const states = ruleStates(machine, { rules, catalogue }).filter((s) => this.platforms.has(s.platform))
    const titles = new Map(context.bundle.described.map((d) => [d.rule.id, d.input.title]))
    return {
      format: 1, log,
      findings: findingsOf({ log, platforms, problems, untold: this.untold, joins: joinsOf(this.options) }, (id) => catalogue.platform(id)?.lateness ?? lateness),
      platforms,
      rules: rules.map(({ id }) => ({
        rule: id, title: titles.get(id), platforms: states.filter((s) => s.rule === id).map(({ platform, state, why }) => ({ platform, state, why })),
      })),
      lacks: lacksOf(states, new Map(tallies.map(([id, tally]) => [id, knownOf(tally)]))),
      problems,
    }
  }

  private logPart(files: readonly string[], clocks: readonly { first: string; last: string }[]): CheckReport['log'] {
    const { peak } = this
    const first = clocks.map((c) => c.first).sort(compareText)[0]
    const last = clocks.map((c) => c.last).sort(compareText).at(-1)
    return {
      files: [...files], lines: this.lines, events: this.events, blank: this.blank,
      ignored: byCount([...this.verbs].map(([verb, count]) => ({ verb, count })), (v) => v.verb),
      rejected: byCount([...this.rejects].map(([reason, { count, examples }]) => ({ reason, count, ...rejectWords(reason), examples: examples.map(exampleOf) })), (r) => r.reason),
      ...(first === undefined ? {} : { first, last, peak: { second: formatTime(peak.second), events: peak.events } }),
    }
  }
}

function joinsOf({ details }: CheckOptions): Joined[] {
  return [...(details?.mapping?.mapping.joins ?? [])].map(([name, { looked }]) => ({ name, looked }))
}

function byCount<T extends { count: number }>(list: T[], name: (of: T) => string): T[] {
  return list.sort((a, b) => b.count - a.count || compareText(name(a), name(b)))
}

function exampleOf({ file, line, message, text, base64 }: Reject): CheckReport['log']['rejected'][number]['examples'][number] {
  return { file, line, message: clipped(message, LONGEST_EXAMPLE), text: clipped(text ?? `base64:${base64 ?? ''}`, LONGEST_EXAMPLE) }
}
