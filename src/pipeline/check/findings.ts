import { parseDuration, SECOND } from '../../base/time.ts'
import { LEAST_LEARNERS } from './beats.ts'
import { clipped } from './fields.ts'
import { zoneSlip } from './lateness.ts'
import { STRANGE } from '../../telemetry/rejects.ts'
import type { CheckReport, Finding, PlatformReport, Said } from './report.ts'
import { percent, spanText, zoneText } from './words.ts'

/** A drift that sums up to more than a heartbeat is off by in a month is worth a word. */
const MUCH_DRIFT = 1
const MUCH_LATE = 0.001
const FAR_CLOCK = 30 * SECOND
const FEW = 100

/** How often a row of a joined file was looked for. */
export interface Joined {
  name: string
  looked: { times: number; missed: number; example?: string }
}

/** Some sessions begin before the file does. */
const MUCH_MISSED = 0.2

/**
 * What is to be mended, is most likely wrong or good to know, the gravest first. `untold`: events of platforms beyond those in the report;
 * `lateness`: in force for a platform, in ms.
 */
export function findingsOf(report: Pick<CheckReport, 'log' | 'platforms' | 'problems'> & { untold: number; joins?: readonly Joined[] }, lateness: (platform: string) => number): Finding[] {
  const found = [...logFindings(report), ...report.platforms.flatMap((p) => [...platformFindings(p, lateness(p.id))])]
  const order = ['mend', 'doubt', 'note']
  return found.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level))
}

function* logFindings({ log, problems, platforms, untold, joins = [] }: Parameters<typeof findingsOf>[0]): Generator<Finding> {
  for (const problem of problems) yield { code: 'cut-short', level: 'mend', says: { en: problem, zh: `日志不完整：${problem}` } }
  yield* emptyFindings(log)
  for (const { reason, count, means, mend } of log.rejected) {
    yield { code: `reject-${reason}`, level: 'mend', says: { en: `${things(count, 'record')} rejected as \`${reason}\`: ${means.en}`, zh: `${count} 条记录因 ${reason} 被拒绝：${means.zh}` }, mend }
  }
  for (const { name, looked: { times, missed, example = '' } } of joins) {
    if (missed <= MUCH_MISSED * times) continue
    yield { code: 'join-missed', level: 'doubt', says: { en: `the join \`${name}\` has no row for ${percent(missed / times)} of what is looked for in it, such as \`${clipped(example)}\`: its fields are left out there`, zh: `关联文件 \`${name}\` 中查不到 ${percent(missed / times)} 的键（如 \`${clipped(example)}\`），相应字段留空` },
      mend: { en: 'are keys written alike in both files, and is the file of the same time?', zh: '请确认两个文件中键的写法一致，且时间范围相同' } }
  }
  if (untold > 0) {
    yield { code: 'many-platforms', level: 'doubt', says: { en: `there are more than ${platforms.length} platforms; ${things(untold, 'event')} of the others ${untold === 1 ? 'is' : 'are'} counted and not looked at`, zh: `平台超过 ${platforms.length} 个；其余平台的 ${untold} 个事件只计数、未分析` },
      mend: { en: 'is `platform` what it should be, and not a learner or a session?', zh: '请确认 `platform` 字段是否误填为学员或会话' } }
  }
}

/** Of no event at all: what the log most likely is. */
function* emptyFindings(log: CheckReport['log']): Generator<Finding> {
  if (log.events > 0) return
  const says: Said = log.lines === 0 ? { en: 'the log is empty', zh: '日志为空' } : { en: 'there is no event in the log', zh: '日志中没有任何事件' }
  const isOfFormat = log.rejected.some(({ reason }) => !STRANGE.has(reason))
  yield { code: 'no-events', level: 'mend', says, mend: isOfFormat
    ? { en: 'mend what is told of its records below; where the platform cannot write them otherwise, `invigil infer` drafts a mapping that reads them as they are', zh: '请按下文逐条修正；如平台无法更改写法，可用 `invigil infer` 起草映射，按原样读取' }
    : { en: 'is it another file, or another `--format`? of a table, or of JSON of its own, `invigil infer` drafts a mapping', zh: '请确认文件或 `--format` 是否正确；表格或自有 JSON 格式可用 `invigil infer` 起草映射' } }
}

function* platformFindings(p: PlatformReport, lateness: number): Generator<Finding> {
  const say = (code: string, level: Finding['level'], says: Said, mend?: Said): Finding => ({ code, level, platform: p.id, says, ...(mend ? { mend } : {}) })
  yield* idFindings(p, say)
  yield* clockFindings(p, say)
  yield* orderFindings(p, lateness, say)
  yield* timeFindings(p, say)
  yield* beatFindings(p, say)
}

type Say = (code: string, level: Finding['level'], says: Said, mend?: Said) => Finding

function* idFindings({ ids }: PlatformReport, say: Say): Generator<Finding> {
  if (ids.conflicting > 0) {
    yield say('ids-conflict', 'doubt',
      { en: `${things(ids.conflicting, 'event')} of a learner have the \`id\` of another event at another time`, zh: `${ids.conflicting} 个事件与同一学员不同时间的事件编号（id）相同` },
      { en: 'give each event an id of its own; sent again, it keeps id and time', zh: '每个事件请使用唯一编号；重发时保持编号与时间不变' })
  }
  if (ids.repeated > 0) yield say('ids-repeated', 'note', { en: `${things(ids.repeated, 'event')} came again with the same id and time: they count once`, zh: `${ids.repeated} 个事件以相同编号和时间重复出现：只计一次` })
}

function* clockFindings({ clock }: PlatformReport, say: Say): Generator<Finding> {
  const { offset, drift } = clock
  if (offset === undefined) {
    yield say('no-received', 'note', { en: 'no event says when the server got it, so clocks cannot be compared and forged times are harder to see', zh: '没有事件说明服务器接收时间，无法比对时钟，伪造的时间也更难发现' },
      { en: 'send `received`, stamped by your server', zh: '请发送由服务器写入的 received' })
    return
  }
  const slip = zoneSlip(offset.median)
  if (slip !== undefined) {
    yield say('zone-slip', 'doubt', { en: `\`time\` and \`received\` are ${Math.abs(slip)} h apart: one of them is most likely written in another time zone than it says`, zh: `time 与 received 相差 ${Math.abs(slip)} 小时：其中之一的时区很可能写错` },
      { en: 'write the offset that the time is in, as `+08:00`', zh: '请写明时间所在的时区偏移，如 +08:00' })
  } else if (Math.abs(offset.median) >= FAR_CLOCK) {
    yield say('clock-off', 'doubt', { en: `half of the events come ${spanText(offset.median)} after their \`time\` or more: a clock is off, or events wait long before they are sent`, zh: `半数事件的接收时间与 time 相差 ${spanText(offset.median)} 以上：时钟不准，或事件发送前等待过久` },
      { en: "set the clocks by NTP; send `time` by the server's clock where the learner's device cannot be trusted", zh: '请用 NTP 校时；若学员设备时钟不可信，请用服务器时间' })
  }
  if (drift && Math.abs(drift.secondsADay) >= MUCH_DRIFT) {
    yield say('clock-drift', 'doubt', { en: `the clocks drift apart by ${drift.secondsADay} s a day (${drift.ppm} ppm)`, zh: `两个时钟每天相差 ${drift.secondsADay} 秒（${drift.ppm} ppm）` }, { en: 'set the clocks by NTP', zh: '请用 NTP 校时' })
  }
}

function* orderFindings({ late, events, clock }: PlatformReport, lateness: number, say: Say): Generator<Finding> {
  const { behind, disordered, lateness: suggested } = clock.order
  if (disordered === 0 && events >= FEW) {
    yield say('sorted', 'note', { en: 'no event comes after a later one: if the log was sorted, how late events arrive cannot be told', zh: '没有乱序事件：若日志经过排序，则无法得知事件的迟到情况' }, { en: 'give the log in the order in which its events were stored', zh: '请提供按入库顺序排列的日志' })
  }
  if (late > MUCH_LATE * events && late > 1) {
    const wants = suggested !== undefined && (parseDuration(suggested) ?? 0) > lateness
    yield say('late', 'doubt', { en: `${things(late, 'event')} (${percent(late / events)}) come later than the lateness of ${spanText(lateness)} allows, and most rules do not see them`, zh: `${late} 个事件（${percent(late / events)}）迟于允许的 ${spanText(lateness)}，多数规则看不到它们` },
      wants ? { en: `name \`lateness: ${suggested}\` in the catalogue; is the log in the order in which its events were stored?`, zh: `请在目录中登记 lateness: ${suggested}；并确认日志按入库顺序排列` } : { en: 'is the log in the order in which its events were stored?', zh: '请确认日志按入库顺序排列' })
  } else if (suggested !== undefined && (parseDuration(suggested) ?? 0) < lateness) {
    yield say('lateness', 'note', { en: `of a thousand events at most one comes more than ${spanText(behind.p999)} behind: \`lateness: ${suggested}\` would do, and warnings would come sooner`, zh: `每千个事件至多一个迟到超过 ${spanText(behind.p999)}：lateness 设为 ${suggested} 即可，预警会更及时` })
  }
}

function* timeFindings({ clock: { whole, days, zones }, events }: PlatformReport, say: Say): Generator<Finding> {
  if (events < FEW) return
  if (whole.midnight >= 0.5) {
    yield say('midnight', 'doubt', { en: `${percent(whole.midnight)} of the events are at midnight sharp: the time of day was lost`, zh: `${percent(whole.midnight)} 的事件时间恰为零点：时刻已丢失` }, { en: 'send the time of day', zh: '请发送完整时刻' })
  } else if (whole.minutes >= 0.9) {
    yield say('whole-minutes', 'doubt', { en: 'times are cut to whole minutes, which hides what happened within one', zh: '时间被截断到整分钟，一分钟之内的先后无法分辨' }, { en: 'send seconds and milliseconds', zh: '请发送秒与毫秒' })
  } else if (whole.seconds >= 0.99) {
    yield say('whole-seconds', 'note', { en: 'times are cut to whole seconds: rules that look at the rhythm of a program see less', zh: '时间被截断到整秒：识别程序节奏的规则效果会变弱' }, { en: 'send milliseconds', zh: '请发送毫秒' })
  }
  if (days === 1) yield say('one-day', 'note', { en: 'all events are of one day: of a longer log, were the dates lost?', zh: '全部事件在同一天：如日志本应更长，请确认日期是否丢失' })
  const [only] = zones
  if (zones.length > 1) yield say('zones', 'note', { en: `times are written in ${zones.length} time zones (${zones.slice(0, 3).map((z) => z.offset).join(', ')}${zones.length > 3 ? ', …' : ''}); days are counted in that of the class, where the catalogue names it`, zh: `时间使用了 ${zones.length} 种时区偏移；若目录登记了班级时区，则按其计算日期` })
  else if (only?.offset === zoneText(0)) yield say('utc', 'note', { en: "times are in UTC: name the classes' `timeZone` in the catalogue, or days begin at midnight in Greenwich", zh: '时间为 UTC：请在目录中登记班级的 timeZone，否则日期按格林尼治零点划分' })
}

function* beatFindings({ heartbeat: h, actions }: PlatformReport, say: Say): Generator<Finding> {
  if (h === undefined) {
    if ((actions.heartbeat ?? 0) === 0) {
      yield say('no-heartbeat', 'doubt', { en: 'the player sends no heartbeats: what was played is known only by its ends, and rules on rhythm judge nothing', zh: '播放器不发送心跳：只能由起止得知播放情况，节奏类规则无法判定' },
        { en: 'send `heartbeat` with `position` every 15 s or so while it plays', zh: '播放时请每 15 秒左右发送一次带 position 的 heartbeat' })
    }
    return
  }
  const said = h.catalogue === undefined ? undefined : parseDuration(h.catalogue)
  if (h.cadence === undefined && h.learners.count >= LEAST_LEARNERS) yield say('irregular', 'note', { en: `players keep to no common cadence (median ${spanText(h.median)}, ${percent(h.regular)} of intervals within a fifth of it)`, zh: `播放器没有统一的心跳间隔（中位数 ${spanText(h.median)}，${percent(h.regular)} 的间隔与之相差不超过五分之一）` })
  else if (said !== undefined && h.cadence !== undefined && Math.abs(said - (parseDuration(h.cadence) ?? 0)) > 0.2 * said) {
    yield say('cadence', 'doubt', { en: `the catalogue says \`heartbeat: ${h.catalogue}\`, and most learners' players beat every ${h.cadence}`, zh: `目录登记的心跳为 ${h.catalogue}，实测为 ${h.cadence}` }, { en: `is it \`heartbeat: ${h.cadence}\`?`, zh: `是否应为 heartbeat: ${h.cadence}？` })
  }
  const { positions } = h
  if (positions === undefined || positions.pairs < FEW || positions.agreeing / positions.pairs >= 0.5) return
  const unit = positions.pace > 900 && positions.pace < 1100 ? 'milliseconds' : positions.pace > 0.015 && positions.pace < 0.018 ? 'minutes' : undefined
  yield say('positions', 'doubt',
    { en: `in only ${percent(positions.agreeing / positions.pairs)} of pairs of heartbeats \`position\` advances as the clock does (${positions.pace} to each second)${unit ? `: is it in ${unit}?` : ''}`, zh: `仅 ${percent(positions.agreeing / positions.pairs)} 的相邻心跳中 position 与时钟同步前进（每秒 ${positions.pace}）${unit ? `：单位是否为${unit === 'minutes' ? '分钟' : '毫秒'}？` : ''}` },
    { en: 'send the media position in seconds, at the time of the event', zh: '请发送事件发生时的媒体位置（秒）' })
}

function things(n: number, word: string): string {
  return `${n} ${word}${n === 1 ? '' : 's'}`
}
