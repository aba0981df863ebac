import { compareText } from '../../base/order.ts'
import type { Catalogue } from '../../catalogue/index.ts'
import { loadCatalogue } from '../../catalogue/load.ts'
import { isFuture } from '../../engine/timekeeper.ts'
import type { Geo } from '../../io/geo.ts'
import { createEnricher } from '../../telemetry/enrich.ts'
import { PLAYBACK, type Event } from '../../telemetry/event.ts'
import type { RejectReason } from '../../telemetry/rejects.ts'
import { BeatTally } from '../check/beats.ts'
import { ClockTally } from '../check/clock.ts'
import { tallyLogs, type LogSource } from '../check/read.ts'
import { ChecksTally } from './checks.ts'
import { ClassTallies } from './classes.ts'
import { CourseTally } from './courses.ts'
import { RatesTally } from './rates.ts'
import { writeCatalogue, type PlatformSeen } from './write-catalogue.ts'

export interface InferOptions extends LogSource {
  geo: Geo
  progress?: (read: number, size: number) => void
}

/** The draft of a catalogue, and what it was drawn from. */
export interface Inferred {
  text: string
  catalogue: Catalogue
  events: number
  rejected: Partial<Record<RejectReason, number>>
  /** What cut a log short. */
  problems: string[]
}

const MOST_COURSES = 10_000
const MOST_PLATFORMS = 200

/** Drafts a catalogue from logs. The same logs give the same draft. */
export async function inferCatalogue(options: InferOptions): Promise<Inferred> {
  const inference = new Inference(options)
  const rejected: Inferred['rejected'] = {}
  const problems = await tallyLogs(options, {
    event: (event) => inference.event(event),
    reject: ({ reason }) => {
      rejected[reason] = (rejected[reason] ?? 0) + 1
    },
    ignored: () => undefined, blank: () => undefined, passed: () => undefined, progress: options.progress,
  })
  const text = inference.text()
  return { text, catalogue: loadCatalogue(text, 'catalogue.yaml'), events: inference.events, rejected, problems }
}

class Inference {
  events = 0
  private readonly logs: readonly string[]
  private readonly platforms = new Map<string, PlatformSeen>()
  private readonly courses = new Map<string, CourseTally>()
  private hasMoreCourses = false
  private readonly locate: (event: Event) => void

  constructor({ geo, logs }: InferOptions) {
    this.logs = logs
    this.locate = createEnricher({ geo: geo.lookups })
  }

  event(event: Event): 'taken' | 'future' {
    if (isFuture(event)) return 'future'
    this.events++
    this.locate(event)
    let seen = this.platforms.get(event.platform)
    if (seen === undefined) {
      if (this.platforms.size >= MOST_PLATFORMS) return 'taken'
      this.platforms.set(event.platform, (seen = newPlatform()))
    }
    seen.clock.take(event)
    seen.beats.take(event)
    seen.rates.take(event)
    seen.checks.take(event)
    seen.classes.take(event)
    const { chapter, course, action } = event
    if (chapter === undefined || !(PLAYBACK.has(action) || action === 'attended')) return 'taken'
    if (course === undefined) seen.courseless++
    else this.courseOf(course)?.take(event, chapter)
    return 'taken'
  }

  private courseOf(id: string): CourseTally | undefined {
    let course = this.courses.get(id)
    if (course !== undefined) return course
    if (this.courses.size >= MOST_COURSES) this.hasMoreCourses = true
    else this.courses.set(id, (course = new CourseTally()))
    return course
  }

  text(): string {
    const sorted = <T>(map: ReadonlyMap<string, T>): [string, T][] => [...map].sort(([a], [b]) => compareText(a, b))
    return writeCatalogue({ isCut: this.platforms.size >= MOST_PLATFORMS, hasMoreCourses: this.hasMoreCourses, files: this.logs, events: this.events, platforms: sorted(this.platforms), courses: sorted(this.courses) })
  }
}

function newPlatform(): PlatformSeen {
  const rates = new RatesTally()
  return { clock: new ClockTally(), beats: new BeatTally((learner, elapsed, advance) => rates.pair(learner, elapsed, advance)), rates, checks: new ChecksTally(), classes: new ClassTallies(), courseless: 0 }
}
