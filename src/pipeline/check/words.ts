import { REJECT_REASONS, type RejectReason } from '../../telemetry/rejects.ts'
import type { Said } from './report.ts'

/** Reasons of rejects and their mends in Chinese. */
const CHINESE: Readonly<Record<RejectReason, { means: string; mend: string }>> = {
  'too-long': { means: '该行超过 1 MiB', mend: '每行只发送一个事件' },
  'bad-utf8': { means: '字节不是有效的 UTF-8，或文本中含有半个代理对', mend: '请以 UTF-8 编码写文件，或用 --encoding gb18030 等说明其编码' },
  nul: { means: '该行含有 NUL 字符', mend: '请去除；常因 UTF-16 编码或写入中断产生' },
  'bad-json': { means: '该行不是 JSON', mend: '每行写一个 JSON 对象' },
  'bad-csv': { means: '该行不是有效的 CSV，或字段数与列数不符', mend: '含有逗号、引号或换行的字段请加引号，字段内的引号写两次' },
  'too-deep': { means: '对象与数组的嵌套超过 32 层', mend: '去掉事件不需要的内容' },
  'not-an-object': { means: '该行是 JSON，但不是对象', mend: '每行写一个 JSON 对象' },
  'missing-field': { means: '缺少每个事件必需的字段', mend: '请发送该字段' },
  'wrong-type': { means: '字段类型不正确', mend: '请按提示的类型发送；未知的值请省略' },
  'number-in-quotes': { means: '数字被写成了文本', mend: '请去掉引号' },
  'unknown-action': { means: '行为（action）未知', mend: '请映射为已知的行为之一' },
  'out-of-range': { means: '数字或词语超出允许的取值', mend: '请发送提示所允许的值' },
  'bad-date': { means: '时间不是带时区偏移的 RFC 3339 格式，或不是 2000 至 2099 年的有效日期', mend: '请写成 2026-03-02T08:00:00+08:00 的形式，或说明其写法：映射中的 timeZone 与 format，Moodle 的 --time-zone 与 --date-order' },
  'string-too-long': { means: '文本超过允许的长度', mend: '请缩短' },
  'missing-chapter': { means: '播放事件没有说明是哪个章节', mend: '每个播放行为都请发送 chapter' },
  future: { means: '时间比记录入库时间晚 5 分钟以上', mend: '请校准平台时钟' },
  'unknown-format': { means: '该对象不属于可识别的任何格式', mend: '请用 --format 指明格式，或用 invigil infer 起草映射' },
}

export function rejectWords(reason: RejectReason): { means: Said; mend: Said } {
  const { means, mend } = REJECT_REASONS[reason]
  return { means: { en: means, zh: CHINESE[reason].means }, mend: { en: mend, zh: CHINESE[reason].mend } }
}

/** A share as people say it: `97 %`, `0.3 %`, never 100 % of what is not all. */
export function percent(share: number): string {
  if (share === 0 || share === 1) return `${share * 100} %`
  const text = share < 0.1 ? (share * 100).toFixed(1) : String(Math.round(share * 100))
  return `${text === '100' ? '> 99' : text === '0.0' ? '< 0.1' : text} %`
}

/** Minutes east of UTC as `+08:00`. */
export function zoneText(minutes: number): string {
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`
}

/** A span of milliseconds, signed, to about three digits. */
export function spanText(ms: number): string {
  const size = Math.abs(ms)
  const sign = ms < 0 ? '-' : ''
  if (size < 1000) return `${sign}${Math.round(size)} ms`
  if (size < 60_000) return `${sign}${Number((size / 1000).toPrecision(3))} s`
  if (size < 5_400_000) return `${sign}${Number((size / 60_000).toPrecision(3))} min`
  if (size < 172_800_000) return `${sign}${Number((size / 3_600_000).toPrecision(3))} h`
  return `${sign}${Number((size / 86_400_000).toPrecision(3))} d`
}

