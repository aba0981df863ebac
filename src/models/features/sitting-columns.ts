import { MINUTE, SECOND } from '../../base/time.ts'
import { AS, column, deviation, ln, ratio, type Column } from './feature.ts'
import { hourAngle, isNearMidnight } from './sittings.ts'
import type { Activity } from './state.ts'

/** Least evidence: sittings by weight (two whole ones weigh 1.75 when the third begins), and minutes of the present one. */
const SITTINGS = 1.5
const MINUTES = 10

const FEW_SITTINGS = 'fewer than three sittings'

/** When somebody sits down, and for how long. */
export const sittingColumns: readonly Column[] = [
  column({
    name: 'logins-again', as: AS.share, formula: 'share of logins within 5 s of the login before', missing: 'fewer than 2 logins',
    en: '{} of the logins follow another within 5 s', zh: '{} 的登录在前一次登录后 5 秒内', read: (a) => ratio(a.again, a.logins, 2),
  }),
  column({
    name: 'midnight', as: AS.share, formula: 'share of sittings that begin within 10 minutes of local midnight, the present one among them', missing: FEW_SITTINGS,
    en: '{} of the sittings begin at midnight', zh: '{} 的学习从午夜开始',
    read: (a, around) => (a.sittings < SITTINGS ? NaN : (a.midnight + (isNearMidnight(a.began, around) ? 1 : 0)) / (a.sittings + 1)),
  }),
  column({
    name: 'hour-unusual', as: AS.hours, formula: 'hours on a circle of 24 between the begin of the present sitting and the mean direction of those before', missing: FEW_SITTINGS,
    en: 'the sitting begins {} off the usual hour', zh: '本次学习开始时间与平时相差 {}',
    read: (a, around) => {
      if (a.sittings < SITTINGS) return NaN
      const turn = Math.abs(hourAngle(a.began, around) - Math.atan2(a.east, a.north)) % (2 * Math.PI)
      return (Math.min(turn, 2 * Math.PI - turn) / (2 * Math.PI)) * 24
    },
  }),
  column({
    name: 'hour-spread', as: AS.logHours, formula: 'ln of the circular standard deviation of the hours at which sittings begin, the present one among them: 24 h / 2 pi x sqrt(-2 ln R), R the length of their mean direction; at least a minute', missing: FEW_SITTINGS,
    en: 'the hour at which sittings begin varies by {}', zh: '开始学习的时刻波动为 {}',
    read: (a, around) => {
      if (a.sittings < SITTINGS) return NaN
      const angle = hourAngle(a.began, around)
      const towards = Math.hypot(a.north + Math.cos(angle), a.east + Math.sin(angle)) / (a.sittings + 1)
      return ln((24 / (2 * Math.PI)) * Math.sqrt(-2 * Math.log(Math.min(1, towards))), 1 / 60)
    },
  }),
  column({
    name: 'sitting-length', as: AS.logSeconds, formula: 'ln of the geometric mean length of the sittings that are over, at least a minute each', missing: 'no sitting is over',
    en: 'a sitting takes {}', zh: '单次学习时长为 {}', read: (a) => (a.sittings < 1 ? NaN : a.length / a.sittings + Math.log(MINUTE / SECOND)),
  }),
  column({
    name: 'sitting-spread', as: AS.logSpread, formula: 'standard deviation of ln of the length of the sittings that are over', missing: 'fewer than two sittings are over',
    en: 'the length of sittings varies by {}', zh: '单次学习时长的波动为 {}', read: (a) => deviation(a.sittings, a.length, a.length2, SITTINGS),
  }),
  column({
    name: 'sitting-played', as: AS.share, formula: 'mean share of a sitting that is playback, the present one among them once it has lasted 10 minutes', missing: 'no sitting is over and the present one is shorter than 10 minutes',
    en: '{} of a sitting is playback', zh: '单次学习中播放时间占 {}', read: playedShare,
  }),
]

function playedShare({ sittings, share, sat, began, latest }: Activity): number {
  const minutes = (latest - began) / MINUTE
  if (minutes < MINUTES) return sittings < 1 ? NaN : share / sittings
  return (share + Math.min(1, sat / 60 / minutes)) / (sittings + 1)
}
