import { AS, column, deviation, ln, ratio, type Column } from './feature.ts'
import { DEVIATION_BINS, FRACTION_BINS, type Activity } from './state.ts'

/** Least evidence: gaps between beats, beats, and chapters. */
const GAPS = 8
const BEATS = 8
const CHAPTERS = 2
const MINUTES = 5
/** Smallest distances from the typical gap that are told apart: a clock of milliseconds knows no smaller ones. */
const LEAST_SPREAD = 1e-4
const LEAST_RESIDUAL = 1e-3

const FEW_GAPS = `fewer than ${GAPS} gaps`
const FEW_BEATS = `fewer than ${BEATS} beats`
const FEW_STEPS = `no positions, or fewer than ${GAPS} steps`
const WHOLE = `positions are whole seconds, or fewer than ${GAPS} steps`
const FEW_MINUTES = `under ${MINUTES} minutes watched`

/** Beats: their gaps, their arrival, and what the media did between them. */
export const beatColumns: readonly Column[] = [
  column({
    name: 'gap-variation', as: AS.logShare, formula: 'ln of the root mean square of d = gap / typical gap - 1, d at most 1; a gap is from one beat of a chapter and session to the next with nothing between, up to 5 minutes, the page not hidden; the typical one is a running mean that odd gaps move little',
    missing: FEW_GAPS, en: 'the gaps between beats vary by {}', zh: '心跳间隔的波动为 {}',
    read: (a) => (a.gaps < GAPS ? NaN : ln(Math.sqrt(a.spread / a.gaps), LEAST_SPREAD)),
  }),
  column({
    name: 'gap-mad', as: AS.logShare, formula: 'ln of the median of |d|, from a histogram in bins of a factor of 2: the median absolute deviation over the median',
    missing: FEW_GAPS, en: 'half of the gaps between beats are within {} of the usual gap', zh: '半数心跳间隔与常见间隔相差不到 {}',
    read: (a) => (a.gaps < GAPS ? NaN : medianDistance(a)),
  }),
  column({
    name: 'gap-entropy', as: AS.bits, formula: 'entropy of |d| in bins of a factor of 2', missing: FEW_GAPS,
    en: 'the unevenness of the gaps between beats has an entropy of {}', zh: '心跳间隔不均匀程度的熵为 {}', read: (a) => (a.gaps < GAPS ? NaN : entropy(a)),
  }),
  column({
    name: 'gap-memory', as: AS.correlation, formula: 'autocorrelation of d at lag 1', missing: `${FEW_GAPS} that follow each other, or all equal`,
    en: 'each gap between beats depends on the one before by {}', zh: '心跳间隔与前一次的相关系数为 {}',
    read: (a) => (a.pairs < GAPS || a.spread <= 0 ? NaN : Math.max(-1, Math.min(1, a.product / a.pairs / (a.spread / a.gaps)))),
  }),
  column({
    name: 'gap-same', as: AS.share, formula: 'share of gaps within 0.2 s of the gap before', missing: `${FEW_GAPS} that follow each other`,
    en: '{} of the gaps between beats are as long as the one before', zh: '{} 的心跳间隔与前一次相同', read: (a) => ratio(a.same, a.pairs, GAPS),
  }),
  column({
    name: 'gap-long', as: AS.share, formula: 'share of gaps over 1.5 times the typical one', missing: FEW_GAPS,
    en: '{} of the gaps between beats are far longer than usual', zh: '{} 的心跳间隔明显偏长', read: (a) => ratio(a.long, a.gaps, GAPS),
  }),
  column({
    name: 'gap-off-cadence', as: AS.logApart, formula: '|ln(typical gap / cadence of the player by the catalogue)|', missing: `the catalogue knows no cadence, or ${FEW_GAPS}`,
    en: 'the usual gap between beats differs from the cadence of the player by {}', zh: '常见心跳间隔与播放器节拍相差 {}',
    read: (a, { cadence }) => (cadence === undefined || a.gaps < GAPS ? NaN : Math.abs(Math.log(a.typical / cadence))),
  }),
  column({
    name: 'delay-spread', as: AS.logSpread, formula: 'standard deviation of ln(received - time) over beats, at least 1 ms each', missing: `no \`received\`, or ${FEW_BEATS}`,
    en: 'the delay of beats on their way varies by {}', zh: '心跳传输延迟的波动为 {}', read: (a) => deviation(a.arrivals, a.delay, a.delay2, BEATS),
  }),
  column({
    name: 'delay-most', as: AS.logSeconds, formula: 'ln of the largest received - time of a beat', missing: `no \`received\`, or ${FEW_BEATS}`,
    en: 'a beat took up to {} on its way', zh: '心跳传输延迟最长 {}', read: (a) => (a.arrivals < BEATS ? NaN : ln(a.mostDelay / 1000, 0.001)),
  }),
  column({
    name: 'beats-together', as: AS.share, formula: 'share of beats that arrive within 0.2 s of the one before though 2 s and more apart in time', missing: `no \`received\`, or ${FEW_BEATS}`,
    en: '{} of the beats arrive together with the one before', zh: '{} 的心跳与前一次同时到达', read: (a) => ratio(a.together, a.arrivals, BEATS),
  }),
  column({
    name: 'rate-effective', as: AS.logTimes, formula: 'ln of media seconds over clock seconds, over beats that follow each other and do not go back', missing: FEW_STEPS,
    en: 'the media runs {} as fast as the clock', zh: '播放进度为实际时间的 {}', read: (a) => (steps(a) < GAPS ? NaN : ln(a.media / a.clock, 0.01)),
  }),
  column({
    name: 'rate-untold', as: AS.logApart, formula: 'ln of media seconds over the seconds that the stated rate allows, at least 0: pauses that nobody tells of make it slower', missing: FEW_STEPS,
    en: 'the media runs faster than the stated rate, by {}', zh: '播放进度快于所报倍速，相差 {}', read: (a) => (steps(a) < GAPS ? NaN : ln(a.media / a.stated, 1)),
  }),
  column({
    name: 'rate-stated', as: AS.logTimes, formula: 'ln of the mean stated rate by clock time', missing: FEW_STEPS,
    en: 'the stated playback rate is {} on average', zh: '所报倍速平均为 {}', read: (a) => (steps(a) < GAPS ? NaN : ln(a.stated / a.clock, 0.01)),
  }),
  column({
    name: 'rate-highest', as: AS.logTimes, formula: 'ln of the highest stated rate', missing: FEW_STEPS,
    en: 'the highest stated playback rate is {}', zh: '所报最高倍速为 {}', read: (a) => (steps(a) < GAPS ? NaN : ln(a.mostRate, 0.01)),
  }),
  column({
    name: 'rate-over', as: AS.logTimes, formula: 'ln of the highest stated rate over the highest that the player offers by the catalogue', missing: `the catalogue does not know the platform, or ${FEW_STEPS}`,
    en: 'the highest stated playback rate is {} what the player offers', zh: '所报最高倍速为播放器最高倍速的 {}',
    read: (a, { rate }) => (rate === undefined || steps(a) < GAPS ? NaN : ln(a.mostRate / rate, 0.01)),
  }),
  column({
    name: 'residual-size', as: AS.logSeconds, formula: 'ln of the root mean square of media step - rate x gap in seconds, each at most 2 s', missing: WHOLE,
    en: 'media and clock differ by {} from beat to beat', zh: '每次心跳播放进度与时钟相差 {}',
    read: (a) => (a.residuals < GAPS ? NaN : ln(Math.sqrt(a.residual2 / a.residuals), LEAST_RESIDUAL)),
  }),
  column({
    name: 'residual-none', as: AS.share, formula: 'share of |media step - rate x gap| below 0.01 s', missing: WHOLE,
    en: 'media and clock agree to the millisecond in {} of the beats', zh: '{} 的心跳中播放进度与时钟精确一致', read: (a) => ratio(a.exact, a.residuals, GAPS),
  }),
  column({
    name: 'step-fraction', as: AS.share, formula: 'share of the commonest quarter of a second in media step modulo 1 s, quarters centred on 0', missing: FEW_STEPS,
    en: 'the media advances by the same fraction of a second in {} of the beats', zh: '{} 的心跳中播放进度步长的秒小数部分相同',
    read: (a) => ratio(commonest(a), steps(a), GAPS),
  }),
  column({
    name: 'step-equal', as: AS.share, formula: 'share of media steps within 0.001 s of the step before', missing: WHOLE,
    en: 'the media advances by exactly the same step in {} of the beats', zh: '{} 的心跳中播放进度步长完全相同', read: (a) => ratio(a.equal, a.steps, GAPS),
  }),
  column({
    name: 'credit-overlap', as: AS.logTimes, formula: 'ln of seconds played of each chapter for itself over seconds of the clock with playback', missing: FEW_MINUTES,
    en: 'chapters are credited {} the time that passed', zh: '各章节计时总和为实际时间的 {}', read: (a) => (a.played < MINUTES * 60 ? NaN : ln(a.credited / a.played, 1)),
  }),
  column({
    name: 'chapters-most', as: AS.number, formula: 'most chapters that beat between two beats of one chapter, itself among them; 5 stands for more', missing: FEW_BEATS,
    en: 'up to {} chapters beat in turn', zh: '最多 {} 个章节交替上报心跳', read: (a) => (a.beats < BEATS ? NaN : Math.max(1, a.mostChapters)),
  }),
  column({
    name: 'chapters-in-turn', as: AS.share, formula: 'share of beats that follow an event of another chapter', missing: FEW_BEATS,
    en: '{} of the beats are of another chapter than the one before', zh: '{} 的心跳与前一事件不属于同一章节', read: (a) => ratio(a.interleaved, a.beats, BEATS),
  }),
  column({
    name: 'beats-unstarted', as: AS.share, formula: 'share of beats of chapters that were neither initialized nor played, of those since the learner first started one', missing: `the learner has started no chapter, or ${FEW_BEATS}`,
    en: '{} of the beats are of chapters that nobody started', zh: '{} 的心跳来自从未开始播放的章节', read: (a) => ratio(a.unstarted, a.beats, BEATS),
  }),
  column({
    name: 'probes', as: AS.share, formula: 'chapters reported at their end with under 5 s watched and no seek there, per completed chapter', missing: `${FEW_BEATS}, fewer than ${CHAPTERS} chapters completed or so reported, or their lengths are unknown`,
    en: '{} of the completed chapters were first reported at their end, unwatched', zh: '{} 的完成章节曾在未观看时上报到结尾',
    read: (a) => (a.beats < BEATS ? NaN : ratio(a.probes, Math.max(a.probes, a.completed), CHAPTERS)),
  }),
  column({
    name: 'coverage', as: AS.share, formula: 'mean over completed chapters of the share watched, 98 % counting as all, with what a resumed one stood at', missing: `${FEW_BEATS}, fewer than ${CHAPTERS} chapters completed, or their lengths or what was watched of them before are unknown`,
    en: 'of what was completed, {} was watched', zh: '完成章节的实际观看比例为 {}', read: (a) => (a.beats < BEATS ? NaN : ratio(a.coverage, a.completed, CHAPTERS)),
  }),
]

function steps({ fractions }: Activity): number {
  let n = 0
  for (let i = 0; i < FRACTION_BINS; i++) n += fractions.get(i)
  return n
}

function commonest({ fractions }: Activity): number {
  let most = 0
  for (let i = 0; i < FRACTION_BINS; i++) most = Math.max(most, fractions.get(i))
  return most
}

/** ln of the median: within a bin evenly in the logarithm. */
function medianDistance({ gaps, deviations }: Activity): number {
  let below = 0
  for (let i = 0; i < DEVIATION_BINS; i++) {
    const here = deviations.get(i)
    if (here > 0 && below + here >= gaps / 2) return Math.max(Math.log(LEAST_SPREAD), (i - DEVIATION_BINS - 1 + (gaps / 2 - below) / here) * Math.LN2)
    below += here
  }
  return 0
}

function entropy({ gaps, deviations }: Activity): number {
  let bits = 0
  for (let i = 0; i < DEVIATION_BINS; i++) {
    const p = deviations.get(i) / gaps
    if (p > 0) bits -= p * Math.log2(p)
  }
  return bits
}
