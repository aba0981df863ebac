import { z } from 'zod'
import { DAY, duration, formatTime, HOUR, local, type Ms } from '../base/time.ts'
import { defineClassJudge, endParam, studied, type Affected } from './shared/class-fault.ts'

interface Facts extends Affected {
  kind: 'before' | 'after'
  /** First moment of the class, or first moment after it, in its time zone. */
  limit: string
  zone: string
}

const params = z.strictObject({
  grace: duration.prefault('2h').describe('For so long after it has closed nothing is said: a lesson that was begun in time may be finished.'),
  end: endParam,
})

/** There is study in a class before it opens, or after it has closed. Days are counted in its time zone. */
export const classDates = defineClassJudge<typeof params, Facts>({
  name: 'class-dates',
  summary: 'There is study in a class before it opens, or after it has closed.',
  params,
  facts: { kind: '`before` or `after`', limit: 'when it opens or has closed, by the clock of its time zone', zone: 'that time zone' },
  needsCatalogue: ['class', 'dates'],
  judge({ opens, closes, timeZone }, { time }, { grace }) {
    if (opens === undefined && closes === undefined) return { unjudged: 'opening and closing of the class unknown' }
    const fault = (kind: Facts['kind'], at: Ms) => ({ fault: { kind, facts: { kind, limit: clock(at, timeZone), zone: timeZone ?? 'UTC' } } })
    // A day begins 14 hours earlier in the east than in UTC, and ends 12 hours later in the west.
    const [early, late] = timeZone === undefined ? [14 * HOUR, 12 * HOUR] : [0, 0]
    if (opens !== undefined && time < opens) return isDay(opens) && time >= opens - early ? UNSURE : fault('before', opens)
    if (closes === undefined || time < closes + grace) return undefined
    return isDay(closes) && time < closes + late + grace ? UNSURE : fault('after', closes)
  },
  explain({ kind, limit, zone, learners }) {
    const { en, zh } = studied(learners)
    return kind === 'before'
      ? { en: `${en} in the class before it opens at ${limit} (${zone})`, zh: `班级于 ${limit}（${zone}）开班，${zh}在此之前学习` }
      : { en: `${en} in the class after it closed at ${limit} (${zone})`, zh: `班级已于 ${limit}（${zone}）结束，${zh}在此之后学习` }
  },
})

const UNSURE = { unjudged: 'the class has no time zone, in which its first and last day could be told to the hour' }

/** Whether a moment may have been told as a day. */
function isDay(at: Ms): boolean {
  return at % DAY === 0
}

/** `2026-03-02 08:00` by the clock of a zone. */
function clock(at: Ms, zone: string | undefined): string {
  const { day, clock: since } = local(at, zone)
  return formatTime(day * DAY + since).slice(0, 16).replace('T', ' ')
}
