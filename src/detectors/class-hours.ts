import { z } from 'zod'
import { duration } from '../base/time.ts'
import { defineClassJudge, endParam, studied, type Affected } from './shared/class-fault.ts'
import { planOf } from './shared/plan.ts'

interface Facts extends Affected {
  kind: 'less' | 'more'
  hours: number
  planned: number
  difference: number
  limitDifference: number
  hourMinutes: number
}

const params = z.strictObject({
  hour: duration.prefault('45m').refine((ms) => ms > 0, { error: 'must be longer than nothing' }).describe('Media that is one class hour.'),
  tolerance: z.number().min(0).max(1).default(0.1).describe('Share of the approved hours by which the courses may be shorter or longer.'),
  least: z.number().min(0).max(100).default(1).describe('Hours that they may differ by in any case.'),
  end: endParam,
})

const tenth = (hours: number): number => Math.round(hours * 10) / 10

/** A class is taught whose courses are shorter or longer than the hours that were approved. */
export const classHours = defineClassJudge<typeof params, Facts>({
  name: 'class-hours',
  summary: 'There is study in a class whose courses are shorter or longer than its approved hours.',
  params,
  facts: {
    kind: '`less` or `more`', hours: 'approved class hours', planned: 'class hours that its courses are', difference: 'hours that these differ by', limitDifference: 'hours that they may differ by',
    hourMinutes: 'minutes of a class hour',
  },
  needsCatalogue: ['class', 'hours', 'lengths'],
  judge(klass, _, { hour, tolerance, least }, catalogue) {
    const { hours } = klass
    if (hours === undefined) return { unjudged: 'the class has no approved hours' }
    const { isWhole, hasLengths, length } = planOf(klass, catalogue)
    const planned = length / hour
    const limit = Math.max(tolerance * hours, least)
    const fault = (kind: Facts['kind']) => ({ fault: { kind, facts: { kind, hours, planned: tenth(planned), difference: tenth(Math.abs(planned - hours)), limitDifference: tenth(limit), hourMinutes: hour / 60_000 } } })
    // What is not known can only add to it.
    if (planned > hours + limit) return fault('more')
    if (!isWhole) return { unjudged: 'a course of the class is unknown, or its chapters are' }
    if (!hasLengths) return { unjudged: 'a chapter of the class has no length' }
    return planned < hours - limit ? fault('less') : undefined
  },
  explain({ kind, hours, planned, difference, limitDifference, hourMinutes, learners }) {
    const { en, zh } = studied(learners)
    return {
      en: `the courses of the class are ${planned} hours of ${hourMinutes} min, ${difference} ${kind} than the ${hours} that were approved (limit ${limitDifference}); ${en} in it`,
      zh: `班级课程共 ${planned} 学时（每学时 ${hourMinutes} 分钟），比批准的 ${hours} 学时${kind === 'less' ? '少' : '多'} ${difference} 学时（限值 ${limitDifference}）；${zh}在该班学习`,
    }
  },
})
