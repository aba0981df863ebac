import { MINUTE, SECOND } from '../../base/time.ts'
import type { Sentence } from '../../engine/detector.ts'
import { round3, spellSeconds, spellSecondsZh } from '../shared/wording.ts'
import { ANSWER_SPREAD } from './answers.ts'
import { NEXT_SPREAD } from './navigation.ts'
import { PAUSE_SPREAD } from './presence.ts'
import { NOTHING, UNSTARTED_SHARE } from './protocol.ts'
import { INFO, SIGNS, type Sign } from './signs.ts'
import type { Ctx, Facts, Params, SignFact } from './state.ts'
import { shownTallies, type Tally } from './tally.ts'
import { EXACT_SHARE, menuRate } from './timing.ts'

const MOST_WORDS = 3
/** Mean distance of two independent values, in standard deviations. */
const MEAN_DISTANCE = 1.128

/** The signs that are shown, strongest first: those of a person before the quirks of a platform, then by their trials. */
export function signFacts(context: Ctx): SignFact[] {
  const { state, params, catalogue, platform } = context
  const facts = { cadence: (catalogue.platform(platform)?.heartbeat ?? 0) / SECOND, rate: menuRate(context) }
  return shownTallies(state)
    .map((t) => signFact(t, params, facts))
    .sort((a, b) => rank(a) - rank(b) || b.count - a.count || SIGNS.indexOf(a.sign) - SIGNS.indexOf(b.sign))
}

function rank(s: SignFact): number {
  return INFO[s.sign].making === 'platform' ? 1 : 0
}

/** Seconds between two beats, and the rate that no menu of the platform has. */
interface PlatformFacts {
  cadence: number
  rate: number
}

function signFact(t: Tally, params: Params, platform: PlatformFacts): SignFact {
  const sign = SIGNS[t.sign] as Sign
  const [value, usual] = MEASURED[sign](t, params, platform)
  return { sign, family: INFO[sign].family, value: round3(value), usual: round3(usual), count: t.hits, of: t.trials }
}

const mean = (t: Tally): number => t.sum / t.hits
const share = (t: Tally): number => t.hits / t.trials

/** What was measured, and the limit for honest learners, in the unit in which `WORDS` tells them. */
const MEASURED: Readonly<Record<Sign, (t: Tally, params: Params, platform: PlatformFacts) => [number, number]>> = {
  'off-cadence': (t, _params, { cadence }) => [mean(t), cadence],
  clockwork: (t) => [share(t), EXACT_SHARE],
  'equal-steps': (t) => [share(t), EXACT_SHARE],
  'too-fast': (t, _params, { rate }) => [mean(t), rate],
  bundles: (t) => [mean(t), 1],
  'many-chapters': (t, params) => [mean(t), params.chapters - 1],
  'next-lesson': (t, params) => [mean(t), params.lesson / SECOND],
  'quick-answers': (t, params) => [mean(t), params.answer / SECOND],
  'steady-answers': (t) => [Math.exp(mean(t)), Math.exp(MEAN_DISTANCE * ANSWER_SPREAD)],
  'quick-resume': (t, params) => [mean(t), params.resume / SECOND],
  'steady-pauses': (t) => [Math.exp(mean(t)), Math.exp(MEAN_DISTANCE * PAUSE_SPREAD)],
  untouched: (t, params) => [t.sum, params.untouched / MINUTE],
  'completion-probe': (t) => [mean(t), NOTHING],
  'no-start': (t) => [share(t), UNSTARTED_SHARE],
  unmoved: (t, params) => [t.sum, params.untouchedLoud / MINUTE],
  'steady-next': (t) => [Math.exp(mean(t)), Math.exp(MEAN_DISTANCE * NEXT_SPREAD)],
}

/** The two or three strongest signs, of different families where there are any, with their values and limits. */
export function explainSigns({ signs }: Facts): Sentence {
  const told = strongest(signs).map((s) => WORDS[s.sign](s))
  return {
    en: `it plays like a program: ${told.map((w) => w.en).join('; ')}`,
    zh: `播放方式像程序：${told.map((w) => w.zh).join('；')}`,
  }
}

function strongest(signs: readonly SignFact[]): SignFact[] {
  const first = signs.filter((s, i) => signs.findIndex((o) => o.family === s.family) === i)
  return [...first, ...signs.filter((s) => !first.includes(s))].slice(0, MOST_WORDS)
}

const untouched = ({ value, usual }: SignFact): Sentence => ({
  en: `nobody touched the player in ${Math.round(value)} min of playback (limit ${usual} min)`,
  zh: `播放 ${Math.round(value)} 分钟无任何操作（上限 ${usual} 分钟）`,
})

/** How each sign is told. */
const WORDS: Readonly<Record<Sign, (s: SignFact) => Sentence>> = {
  'off-cadence': ({ value, usual, count, of }) => ({
    en: `${count} of ${of} beats are off the player's cadence (about ${value} s apart, usual ${usual} s)`,
    zh: `${of} 次心跳中 ${count} 次偏离播放器节拍（间隔约 ${value} 秒，正常 ${usual} 秒）`,
  }),
  clockwork: ({ value, usual, of }) => ({
    en: `media and clock agree to the millisecond in ${percent(value)} % of ${of} beats (usual: at most ${percent(usual)} %)`,
    zh: `${of} 次心跳中 ${percent(value)}% 的播放进度与时钟精确到毫秒一致（正常不超过 ${percent(usual)}%）`,
  }),
  'equal-steps': ({ value, usual, of }) => ({
    en: `the media advances by exactly the same step in ${percent(value)} % of ${of} beats (usual: at most ${percent(usual)} %)`,
    zh: `${of} 次心跳中 ${percent(value)}% 的播放进度步长完全相同（正常不超过 ${percent(usual)}%）`,
  }),
  'too-fast': ({ value, usual, count }) => ({
    en: `the media runs ${value} times as fast as the clock in ${count} beats (limit ${usual})`,
    zh: `${count} 次心跳的播放速度为实际时间的 ${value} 倍（上限 ${usual} 倍）`,
  }),
  bundles: ({ value, usual, count }) => ({
    en: `beats arrive in bundles of ${value}, ${count} times (usual: ${usual} at a time)`,
    zh: `心跳成批到达，每批 ${value} 次，共 ${count} 批（正常每次 ${usual} 个）`,
  }),
  'many-chapters': ({ value, usual, count }) => ({
    en: `about ${Math.round(value)} chapters beat in turn, ${count} times (limit ${usual})`,
    zh: `约 ${Math.round(value)} 个章节交替上报心跳，共 ${count} 次（上限 ${usual} 个）`,
  }),
  'next-lesson': ({ value, usual, count, of }) => ({
    en: `the next lesson began ${spellSeconds(value)} after the one before, ${count} of ${of} times (limit ${usual} s)`,
    zh: `${of} 次换课中 ${count} 次在 ${spellSecondsZh(value)}内开始下一课（下限 ${usual} 秒）`,
  }),
  'quick-answers': ({ value, usual, count, of }) => ({
    en: `${count} of ${of} answers took ${spellSeconds(value)} (limit ${usual} s)`,
    zh: `${of} 次作答中 ${count} 次仅用 ${spellSecondsZh(value)}（下限 ${usual} 秒）`,
  }),
  'steady-answers': ({ value, usual, count, of }) => ({
    en: `${count} of ${of} answers took as long as the one before, within a factor of ${value} (usual ${usual})`,
    zh: `${of} 次作答中 ${count} 次用时与前一次几乎相同，仅差 ${value} 倍（正常 ${usual} 倍）`,
  }),
  'quick-resume': ({ value, usual, count, of }) => ({
    en: `${count} of ${of} pauses ended after ${spellSeconds(value)} (limit ${usual} s)`,
    zh: `${of} 次暂停中 ${count} 次在 ${spellSecondsZh(value)}后恢复（下限 ${usual} 秒）`,
  }),
  'steady-pauses': ({ value, usual, count, of }) => ({
    en: `${count} of ${of} pauses were as long as the one before, within a factor of ${value} (usual ${usual})`,
    zh: `${of} 次暂停中 ${count} 次时长与前一次几乎相同，仅差 ${value} 倍（正常 ${usual} 倍）`,
  }),
  untouched,
  'completion-probe': ({ value, usual, count }) => ({
    en: `${count} chapters were reported at their end after ${spellSeconds(value)} of playback (limit ${usual} s)`,
    zh: `${count} 个章节仅播放 ${spellSecondsZh(value)}即上报到结尾（下限 ${usual} 秒）`,
  }),
  'no-start': ({ usual, count, of }) => ({
    en: `${count} of ${of} chapters sent beats without ever being started (usual: at most ${percent(usual)} %)`,
    zh: `${of} 个章节中 ${count} 个未经启动即上报心跳（正常不超过 ${percent(usual)}%）`,
  }),
  unmoved: untouched,
  'steady-next': ({ value, usual, count, of }) => ({
    en: `${count} of ${of} times the next lesson began as long after the end as the time before, within a factor of ${value} (usual ${usual})`,
    zh: `${of} 次换课中 ${count} 次间隔与前一次几乎相同，仅差 ${value} 倍（正常 ${usual} 倍）`,
  }),
}

function percent(share: number): number {
  return Math.round(100 * share)
}
