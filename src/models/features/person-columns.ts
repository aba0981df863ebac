import { SECOND } from '../../base/time.ts'
import { AS, column, deviation, ln, ratio, type Column } from './feature.ts'
import type { Activity } from './state.ts'

/** Least evidence. */
const MINUTES = 20
const PAUSES = 4
const NEXTS = 3
const BEATS = 20
const ANSWERS = 5
const CHECKS = 3
const OWED = 3
/** Added to counts, so that none has a logarithm: with as little evidence as there must be, none is not yet rare. */
const HALF = 0.5

const FEW_MINUTES = `under ${MINUTES} minutes watched`
const FEW_PAUSES = `fewer than ${PAUSES} pauses`
const FEW_NEXTS = `fewer than ${NEXTS} lessons followed by another`
const FEW_ANSWERS = `fewer than ${ANSWERS} answers with a time`
const FEW_CHECKS = `fewer than ${CHECKS} checks`
const FEW_INPUTS = `no \`inputs\`, or fewer than ${BEATS} beats with them`

function perTen(n: number, { played }: Activity): number {
  return played < MINUTES * 60 ? NaN : Math.log((n + HALF) / (played / 600))
}

/** What hands, eyes and mind do. */
export const personColumns: readonly Column[] = [
  column({
    name: 'pauses', as: AS.logPerTen, formula: 'ln((pauses + 0.5) / tens of minutes watched); a pause is ended by `played` after 0.5 s to 30 minutes, and no stop for a face check', missing: FEW_MINUTES,
    en: 'the video is paused {}', zh: '暂停频率为{}', read: (a) => perTen(a.pauses, a),
  }),
  column({
    name: 'seeks', as: AS.logPerTen, formula: 'ln((seeks + 0.5) / tens of minutes watched)', missing: FEW_MINUTES,
    en: 'the position is moved {}', zh: '拖动频率为{}', read: (a) => perTen(a.seeks, a),
  }),
  column({
    name: 'rate-changes', as: AS.logPerTen, formula: 'ln((rate changes + 0.5) / tens of minutes watched)', missing: FEW_MINUTES,
    en: 'the rate is changed {}', zh: '调整倍速的频率为{}', read: (a) => perTen(a.rates, a),
  }),
  column({
    name: 'seeks-back', as: AS.share, formula: 'share of seeks that go back', missing: 'fewer than 2 seeks, or of one it is not known where to',
    en: '{} of the seeks go back', zh: '{} 的拖动为向后回看', read: (a) => ratio(a.back, a.seeks, 2),
  }),
  column({
    name: 'pause-length', as: AS.logSeconds, formula: 'mean of ln of the length of a pause', missing: FEW_PAUSES,
    en: 'a pause takes {}', zh: '暂停时长为 {}', read: (a) => ratio(a.pause, a.pauses, PAUSES),
  }),
  column({
    name: 'pause-spread', as: AS.logSpread, formula: 'standard deviation of ln of the length of a pause', missing: FEW_PAUSES,
    en: 'the lengths of pauses vary by {}', zh: '暂停时长的波动为 {}', read: (a) => deviation(a.pauses, a.pause, a.pause2, PAUSES),
  }),
  column({
    name: 'pause-same', as: AS.share, formula: 'share of pauses as long as the one before, within 5 %: two in a row are of the commonest length as often as that is common', missing: FEW_PAUSES,
    en: '{} of the pauses are exactly as long as the one before', zh: '{} 的暂停与前一次时长完全相同', read: (a) => ratio(a.samePauses, a.pauses, PAUSES),
  }),
  column({
    name: 'pause-quick', as: AS.share, formula: 'share of pauses ended within 1.5 s', missing: FEW_PAUSES,
    en: '{} of the pauses end at once', zh: '{} 的暂停立即恢复', read: (a) => ratio(a.quickPauses, a.pauses, PAUSES),
  }),
  column({
    name: 'next-length', as: AS.logSeconds, formula: 'mean of ln of the time from a completed chapter, or its last answer, to the next initialized or played, at least 0.1 s and up to 30 minutes', missing: FEW_NEXTS,
    en: 'the next lesson begins after {}', zh: '下一课在 {} 后开始', read: (a) => ratio(a.next, a.nexts, NEXTS),
  }),
  column({
    name: 'next-spread', as: AS.logSpread, formula: 'standard deviation of ln of that time', missing: FEW_NEXTS,
    en: 'the time to the next lesson varies by {}', zh: '换课间隔的波动为 {}', read: (a) => deviation(a.nexts, a.next, a.next2, NEXTS),
  }),
  column({
    name: 'next-least', as: AS.logSeconds, formula: 'ln of the shortest of these times; it grows by a third from sitting to sitting', missing: FEW_NEXTS,
    en: 'the next lesson begins after no less than {}', zh: '换课间隔最短 {}', read: (a) => (a.nexts < NEXTS ? NaN : Math.log(a.leastNext)),
  }),
  column({
    name: 'inputs', as: AS.logPerMinute, formula: 'ln((inputs told by beats + 0.5) / minutes watched with the page not hidden)', missing: `${FEW_INPUTS}, or ${FEW_MINUTES}`,
    en: 'mouse, keys or screen are touched {}', zh: '鼠标、键盘或屏幕操作为{}',
    read: (a) => (a.counted < BEATS || a.played < MINUTES * 60 ? NaN : Math.log((a.inputs + HALF) / Math.max(1, (a.played / 60) * (1 - hiddenShare(a))))),
  }),
  column({
    name: 'inputs-uneven', as: AS.logTimes, formula: 'ln((variance of inputs from beat to beat + 0.01) / (their mean + 0.01)): 0 for chance, far below for a constant', missing: `${FEW_INPUTS}, or none are above 0`,
    en: 'inputs from beat to beat spread {} as wide as chance would', zh: '各次心跳的操作次数波动为随机水平的 {}',
    read: (a) => {
      if (a.counted < BEATS || a.inputs === 0) return NaN
      const mean = a.inputs / a.counted
      return Math.log((Math.max(0, a.inputs2 / a.counted - mean * mean) + 0.01) / (mean + 0.01))
    },
  }),
  column({
    name: 'inputs-none', as: AS.share, formula: 'share of beats that tell no inputs since the one before', missing: FEW_INPUTS,
    en: '{} of the beats come without any input', zh: '{} 的心跳期间没有任何操作', read: (a) => ratio(a.idle, a.counted, BEATS),
  }),
  column({
    name: 'untouched', as: AS.logSecondsMore, formula: 'ln(60 s + longest playback without a touch): inputs, or where the player counts none, a pause, seek, rate change or answer', missing: FEW_MINUTES,
    en: 'playback goes on for {} without a touch', zh: '连续播放 {} 无任何操作',
    read: (a) => (a.played < MINUTES * 60 ? NaN : Math.log(60 + Math.max(a.untouched, a.mostUntouched))),
  }),
  column({
    name: 'muted', as: AS.share, formula: 'share of playback with the sound off', missing: 'no `muted`, or under 5 minutes with it',
    en: 'the sound is off in {} of the playback', zh: '{} 的播放时间处于静音', read: (a) => ratio(a.muted, a.heard, 300),
  }),
  column({
    name: 'hidden', as: AS.share, formula: 'share of playback with the page hidden', missing: 'no `visible`, or under 5 minutes with it',
    en: 'the page is hidden in {} of the playback', zh: '{} 的播放时间页面不可见', read: (a) => ratio(a.hidden, a.seen, 300),
  }),
  column({
    name: 'answer-length', as: AS.logSeconds, formula: 'mean of ln of the time of an answer: `elapsed`, else the time since the answer before (0.3 s to 5 minutes). What is usual for an item is not known to the state of one learner', missing: FEW_ANSWERS,
    en: 'an answer takes {}', zh: '作答用时为 {}', read: (a) => ratio(a.answer, a.answers, ANSWERS),
  }),
  column({
    name: 'answer-spread', as: AS.logSpread, formula: 'standard deviation of ln of that time', missing: FEW_ANSWERS,
    en: 'the time of answers varies by {}', zh: '作答用时的波动为 {}', read: (a) => deviation(a.answers, a.answer, a.answer2, ANSWERS),
  }),
  column({
    name: 'answer-quick', as: AS.share, formula: 'share of answers within 2 s', missing: FEW_ANSWERS,
    en: '{} of the answers come within 2 s', zh: '{} 的作答在 2 秒内完成', read: (a) => ratio(a.quickAnswers, a.answers, ANSWERS),
  }),
  column({
    name: 'answer-right', as: AS.share, formula: 'share of answers that are right', missing: `no \`correct\`, or fewer than ${ANSWERS} answers with it`,
    en: '{} of the answers are right', zh: '{} 的作答正确', read: (a) => ratio(a.right, a.judged, ANSWERS),
  }),
  column({
    name: 'face-length', as: AS.logSeconds, formula: 'mean of ln of the time from a face request to its check, up to 10 minutes', missing: FEW_CHECKS,
    en: 'the face is shown after {}', zh: '人脸验证在 {} 后完成', read: (a) => ratio(a.face, a.faces, CHECKS),
  }),
  column({
    name: 'face-spread', as: AS.logSpread, formula: 'standard deviation of ln of that time', missing: FEW_CHECKS,
    en: 'the time until the face is shown varies by {}', zh: '人脸验证用时的波动为 {}', read: (a) => deviation(a.faces, a.face, a.face2, CHECKS),
  }),
  column({
    name: 'face-likeness', as: AS.logShare, formula: 'ln of the standard deviation of the similarity of face checks, at least 0.001', missing: `no \`similarity\`, or ${FEW_CHECKS}`,
    en: 'the similarity of the faces varies by {}', zh: '人脸相似度的波动为 {}',
    read: (a) => (a.similarities < CHECKS ? NaN : ln(deviation(a.similarities, a.similarity, a.similarity2, CHECKS), 0.001)),
  }),
  column({
    name: 'photos-near', as: AS.share, formula: 'share of face photos within 3 bits of the one before, of 64-bit hashes', missing: `no such hashes, or fewer than ${CHECKS} pairs`,
    en: '{} of the face photos are nearly the same as the one before', zh: '{} 的人脸照片与前一张几乎相同', read: (a) => ratio(a.near, a.photos, CHECKS),
  }),
  column({
    name: 'face-missed', as: AS.share, formula: 'share of face checks that were missed', missing: FEW_CHECKS,
    en: '{} of the face checks were missed', zh: '{} 的人脸验证未完成', read: (a) => ratio(a.missed, a.checks, CHECKS),
  }),
  column({
    name: 'face-requests', as: AS.logPerHour, formula: 'ln((face requests + 0.5) / hours watched); one within a minute of the last is a second try', missing: `the platform has sent no \`outcome\`, or ${FEW_MINUTES}`,
    en: 'the face is asked for {}', zh: '人脸验证频率为{}',
    read: (a, around) => (a.played < MINUTES * 60 || !around.sends('outcome') ? NaN : Math.log((a.requests + HALF) / (a.played / 3600))),
  }),
  column({
    name: 'face-owed', as: AS.logTimes, formula: 'ln((face requests + 0.5) / (requests due by the catalogue\'s `checks` in the time watched + 0.5))', missing: `the catalogue tells no \`checks\`, the platform has sent neither \`challenge\` nor \`outcome\`, or fewer than ${OWED} requests are due`,
    en: 'face checks come {} as often as they must', zh: '人脸验证次数为应有次数的 {}',
    read: (a, { checks, sends }) => {
      if (checks === undefined || !(sends('challenge') || sends('outcome'))) return NaN
      const owed = (a.played * SECOND) / checks
      return owed < OWED ? NaN : Math.log((Math.max(a.requests, a.checks) + HALF) / (owed + HALF))
    },
  }),
]

function hiddenShare({ hidden, seen }: Activity): number {
  return seen > 0 ? hidden / seen : 0
}
