import { DAY, formatDuration, formatTime, SECOND } from '../../base/time.ts'
import type { Catalogue } from '../../catalogue/index.ts'
import { ACTIONS } from '../../telemetry/event.ts'
import { cadenceOf, nearMedian } from './beats.ts'
import type { ClockTally } from './clock.ts'
import { latenessOf } from './lateness.ts'
import type { Known } from './lacks.ts'
import { THINGS, type PlatformTally } from './platform.ts'
import type { PlatformReport } from './report.ts'
import { zoneText } from './words.ts'

/** What the events of one platform are like, as the report tells it. */
export function drawUp(id: string, tally: PlatformTally, catalogue: Catalogue): PlatformReport {
  const { fields, ids, beats, late } = tally
  return {
    id,
    events: tally.clock.events,
    late,
    actions: Object.fromEntries(ACTIONS.flatMap((action, i) => ((fields.actions[i] as number) > 0 ? [[action, fields.actions[i]]] : []))) as PlatformReport['actions'],
    sizes: Object.fromEntries(THINGS.map((thing) => [thing, { count: tally.things[thing].count(), exact: tally.things[thing].isExact }])) as PlatformReport['sizes'],
    fields: fields.shares(),
    clock: clockOf(tally.clock),
    ids: { repeated: ids.same, conflicting: ids.other, examples: ids.examples.map(({ learner, id, times }) => ({ learner, id, times: times.map(formatTime) })) },
    ...heartbeatOf(tally, catalogue.platform(id)?.heartbeat),
    rates: [...beats.rates].sort(([a], [b]) => a - b).map(([rate, events]) => ({ rate, events })),
  }
}

function clockOf(clock: ClockTally): PlatformReport['clock'] {
  const { first, last, days, zones, offset, behind, events } = clock
  const drift = clock.drift()
  const lateness = latenessOf(clock)
  const behindBy = (share: number): number => behind.quantile(share) as number
  return {
    first: formatTime(first), last: formatTime(last), days: days.size,
    zones: [...zones].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([minutes, n]) => ({ offset: zoneText(minutes), events: n })),
    ...(offset.n > 0 ? { offset: { median: offset.quantile(0.5) as number, low: offset.quantile(0.05) as number, high: offset.quantile(0.95) as number, exact: offset.isExact } } : {}),
    ...(drift ? { drift: { ppm: rounded(drift.perSecond * 1e6, 1), secondsADay: rounded((drift.perSecond * DAY) / SECOND, 2), stretches: drift.stretches } } : {}),
    order: {
      disordered: clock.disordered, behind: { p95: behindBy(0.95), p99: behindBy(0.99), p999: behindBy(0.999), most: behind.most as number },
      ...(lateness === undefined ? {} : { lateness: formatDuration(lateness) }),
    },
    whole: { seconds: rounded(clock.wholeSeconds / events, 4), minutes: rounded(clock.wholeMinutes / events, 4), midnight: rounded(clock.midnights / events, 4) },
  }
}

function heartbeatOf({ beats }: PlatformTally, said: number | undefined): Pick<PlatformReport, 'heartbeat'> {
  const { intervals, learners, compared, agreeing, pace } = beats
  if (intervals.n === 0) return {}
  const cadence = cadenceOf(beats)
  return {
    heartbeat: {
      intervals: intervals.n, median: intervals.quantile(0.5) as number, spread: intervals.spread() as number, regular: rounded(nearMedian(intervals), 4),
      learners: { count: learners.n, ...(learners.n > 0 ? { median: learners.quantile(0.5), regular: rounded(nearMedian(learners), 4) } : {}) },
      ...(cadence === undefined ? {} : { cadence: formatDuration(cadence) }), ...(said === undefined ? {} : { catalogue: formatDuration(said) }),
      ...(compared > 0 ? { positions: { pairs: compared, agreeing, pace: (pace.quantile(0.5) as number) / 1000 } } : {}),
    },
  }
}

/** What helps to write the platform's catalogue. */
export function knownOf(tally: PlatformTally): Known {
  const shares = tally.fields.shares()
  const example = (field: string): string | undefined => shares.find((f) => f.field === field)?.examples[0]
  return { cadence: cadenceOf(tally.beats), class: example('class'), course: example('course'), chapter: example('chapter'), length: example('length') }
}

function rounded(n: number, digits: number): number {
  // Adding 0 turns -0 into 0.
  return Number(n.toFixed(digits)) + 0
}
