import type { RowVerdict, WhyNot } from './compare.ts'
import type { Figures } from './figures.ts'
import type { Severity } from '../../warnings/warning.ts'
import type { Metric, Reason } from './rank.ts'

/** A text in both languages. */
export interface Words {
  en: string
  zh: string
}

export const FIGURE_WORDS: Record<keyof Figures, Words> = {
  claimed: { en: 'claimed', zh: '申报' },
  played: { en: 'played', zh: '已播放' },
  proven: { en: 'proven', zh: '有据' },
  disputed: { en: 'disputed', zh: '有争议' },
  withhold: { en: 'to withhold', zh: '应暂缓' },
  unproven: { en: 'unproven', zh: '无据' },
  notEvaluable: { en: 'not evaluable', zh: '无法判定' },
  unclaimed: { en: 'unclaimed', zh: '未申报' },
  spared: { en: 'disputed, unclaimed', zh: '有争议（未申报）' },
  grave: { en: 'disputed, medium or higher', zh: '中级及以上争议' },
  questioned: { en: 'questioned', zh: '存疑' },
}

export const VERDICT_WORDS: Record<RowVerdict, Words> = {
  agrees: { en: 'agrees', zh: '相符' },
  differs: { en: 'differs', zh: '不符' },
  unclaimed: { en: 'more proven than claimed', zh: '有据多于申报' },
  'not-evaluable': { en: 'not evaluable', zh: '无法判定' },
}

export const WHY_WORDS: Record<WhyNot, Words> = {
  'no-records': { en: 'there is no record of this platform', zh: '没有该平台的学习记录' },
  'other-ids': { en: 'no learner that is claimed is in the records: the ids may be of another kind', zh: '申报的学员均不在学习记录中：编号方式可能不同' },
  'unknown-name': { en: 'neither the records nor the catalogue know this class, course or chapter: it may be named otherwise', zh: '学习记录和目录中均无此班级、课程或章节：名称可能不同' },
  'outside-period': { en: 'the day lies outside the time of the records, or the class opened before they begin', zh: '申报日期不在学习记录的时间范围内，或班级在学习记录开始之前已开班' },
  practice: { en: 'offline practice is not played', zh: '线下实操不产生播放记录' },
  partial: { en: 'the platform did not send all that is needed', zh: '平台发送的数据不完整，不足以判定' },
}

/** What records say was missing, of one learner or of many; of what is not known here, as it is. */
const MISSING: readonly (readonly [pattern: RegExp, words: Words])[] = [
  [/\S+ events of this learner came too late to be judged/, { en: 'some events came too late to be judged', zh: '部分事件到达过晚，无法判定' }],
  [/some of its playback has no positions/, { en: 'some playback has no positions', zh: '部分播放没有进度位置' }],
  [/it has more than \S+ stretches of media, of which the shortest are not told/, { en: 'playback of very many pieces is not told in full', zh: '播放片段过多，未能全部记录' }],
]

export function missingWords(text: string): Words {
  return MISSING.reduce((said, [pattern, { en, zh }]) => ({ en: said.en.replace(pattern, en), zh: said.zh.replace(pattern, zh) }), { en: text, zh: text.replaceAll('; ', '；') })
}

/** A share as people read it. */
export function percent(value: number): string {
  return `${(100 * value).toFixed(1)}\u00a0%`
}

// Made once: `toLocaleString` looks the language up each time.
const ONE_DIGIT = new Intl.NumberFormat('en-US', { minimumFractionDigits: 1, maximumFractionDigits: 1 })

/** Seconds as class hours. */
export function hoursText(seconds: number, hour: number): string {
  return ONE_DIGIT.format(seconds / hour)
}

const SEVERITY_WORDS: Record<Severity, Words> = { low: { en: 'low', zh: '低级' }, medium: { en: 'medium', zh: '中级' }, high: { en: 'high', zh: '高级' }, critical: { en: 'critical', zh: '严重' } }

/** How many warnings of each severity that accuses, the gravest first. */
export function severityWords(by: Readonly<Record<Severity, number>>): Words {
  const some = (['critical', 'high', 'medium'] as const).filter((s) => by[s] > 0)
  return { en: `warnings (${some.map((s) => `${by[s]} ${SEVERITY_WORDS[s].en}`).join(', ')})`, zh: some.map((s) => `${SEVERITY_WORDS[s].zh}预警 ${by[s]} 起`).join('、') }
}

/** What a reason is measured in: parts of a whole. */
export interface Measure {
  part: string | Words
  whole: string
}

const SHARES: Record<Metric, (m: Measure) => Words> = {
  unproven: ({ part, whole }) => ({ en: `${inLanguage(part, 'en')} of ${whole} claimed class hours that can be judged are without evidence`, zh: `可判定的申报学时共 ${whole} 学时，其中 ${inLanguage(part, 'zh')} 学时无据` }),
  disputed: ({ part, whole }) => ({ en: `warnings of medium or higher dispute ${inLanguage(part, 'en')} of ${whole} class hours`, zh: `${whole} 学时中有 ${inLanguage(part, 'zh')} 学时受到中级及以上预警质疑` }),
  questioned: ({ part, whole }) => ({ en: `during ${inLanguage(part, 'en')} of ${whole} class hours played a warning names this learner, without disputing any seconds`, zh: `已播放 ${whole} 学时，其中 ${inLanguage(part, 'zh')} 学时期间有预警涉及该学员，但未指明有争议的具体时段` }),
  warnings: ({ part, whole }) => ({ en: `${inLanguage(part, 'en')} in ${whole} class hours played`, zh: `已播放 ${whole} 学时，期间有${inLanguage(part, 'zh')}` }),
  warned: ({ part, whole }) => ({ en: `warnings of medium or higher name ${inLanguage(part, 'en')} of ${whole} learners`, zh: `${whole} 名学员中有 ${inLanguage(part, 'zh')} 名涉及中级及以上预警` }),
}

function inLanguage(text: string | Words, language: keyof Words): string {
  return typeof text === 'string' ? text : text[language]
}

/** Why somebody is ranked, in a sentence. */
export function reasonWords(r: Reason, measure: Measure): Words {
  const { en, zh } = SHARES[r.metric](measure)
  const said = (value: number): Words => {
    const text = r.metric === 'warnings' ? value.toFixed(2) : percent(value)
    return r.metric === 'warnings' ? { en: `${text} a class hour`, zh: `每学时 ${text} 起` } : { en: text, zh: text }
  }
  const [value, atLeast] = [said(r.value), said(r.atLeast)]
  const usual = r.usual === undefined
    ? { en: 'too few others to compare with', zh: '可比对象过少' }
    : { en: `usual on this platform: ${said(r.usual).en}`, zh: `该平台通常为${spaced(said(r.usual).zh)}` }
  return {
    en: `${en}: ${value.en}, at least ${atLeast.en} with 97.5\u00a0% confidence; ${usual.en}`,
    zh: `${zh}：${value.zh}，至少${spaced(atLeast.zh)}（置信度 97.5\u00a0%）；${usual.zh}`,
  }
}

/** A number stands apart from the Chinese before it. */
function spaced(text: string): string {
  return /^\d/.test(text) ? ` ${text}` : text
}
