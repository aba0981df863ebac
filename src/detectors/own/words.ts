import { SECOND, type Ms } from '../../base/time.ts'
import type { Sentence } from '../../engine/detector.ts'
import { spellSeconds, spellSecondsZh } from '../shared/wording.ts'
import type { Facts } from './episode.ts'
import type { CommonParams, NumberField, TextField } from './params.ts'

/** A field as the sentences of warnings call it: one, several, and in Chinese. */
const TEXTS: Record<TextField, readonly [one: string, many: string, zh: string]> = {
  action: ['action', 'actions', '动作'], kind: ['kind', 'kinds', '类型'], platform: ['platform', 'platforms', '平台'], learner: ['learner', 'learners', '学员'],
  account: ['account', 'accounts', '账号'], session: ['session', 'sessions', '会话'], device: ['device', 'devices', '设备'], agent: ['user agent', 'user agents', '浏览器标识'],
  ip: ['IP address', 'IP addresses', 'IP 地址'], class: ['class', 'classes', '班级'], course: ['course', 'courses', '课程'], chapter: ['chapter', 'chapters', '章节'],
  video: ['video', 'videos', '视频'], item: ['quiz item', 'quiz items', '题目'], challenge: ['face check', 'face checks', '人脸核验'], outcome: ['outcome', 'outcomes', '核验结果'],
  photo: ['photo', 'photos', '照片'],
}
const NUMBERS: Record<NumberField, readonly [en: string, zh: string]> = {
  elapsed: ['seconds taken to answer', '答题秒数'], inputs: ['inputs', '输入次数'], length: ['media length', '媒体时长'], position: ['media position', '播放位置'],
  from: ['seek start', '跳转起点'], to: ['seek end', '跳转终点'], rate: ['playback rate', '播放倍速'], similarity: ['similarity', '相似度'],
}

export function textWords(field: TextField, n: number): { en: string; zh: string } {
  const [one, many, zh] = TEXTS[field]
  return { en: n === 1 ? one : many, zh }
}

export function numberWords(field: NumberField): { en: string; zh: string } {
  const [en, zh] = NUMBERS[field]
  return { en, zh }
}

/** ` (course k1)`, or nothing. */
export function byWords({ by = {} }: Facts): { en: string; zh: string } {
  const fields = Object.entries(by) as [TextField, string][]
  if (fields.length === 0) return { en: '', zh: '' }
  return { en: ` (${fields.map(([f, v]) => `${TEXTS[f][0]} ${v}`).join(', ')})`, zh: `（${fields.map(([f, v]) => `${TEXTS[f][2]} ${v}`).join('，')}）` }
}

export function span(ms: Ms): { en: string; zh: string } {
  return { en: spellSeconds(ms / SECOND), zh: spellSecondsZh(ms / SECOND) }
}

/** The rule's own sentence where it has one, else `otherwise`. `within`: the time that the rule speaks of, if any. */
export function sentence(facts: Facts, { says }: CommonParams, within: Ms | undefined, otherwise: Sentence): Sentence {
  if (says === undefined) return otherwise
  const fill = (text: string, language: 'en' | 'zh') => {
    const values: Record<string, string> = {
      ...facts.by, value: String(facts.value), limit: String(facts.limit), times: String(facts.times), within: within === undefined ? '' : span(within)[language],
    }
    return text.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
  }
  return { en: fill(says.en, 'en'), zh: fill(says.zh, 'zh') }
}
