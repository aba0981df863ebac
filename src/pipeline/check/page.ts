import { basename } from 'node:path'
import { html, Markup, type Content } from '../evidence/html.ts'
import { STYLE } from '../evidence/page-style.ts'
import { pairs, section, table } from '../evidence/parts.ts'
import type { CheckReport, Finding, Lack, PlatformReport, Said } from './report.ts'
import { percent, spanText } from './words.ts'

/** So many names of files stand at the top. */
const MOST_FILES = 5
const MORE_STYLE = `
.finding { margin: .5rem 0; padding: .5rem .75rem; border-left: 4px solid var(--line); background: var(--band); }
.finding.mend { border-color: var(--bar); } .finding.doubt { border-color: #bf8700; }
.finding p { margin: .15rem 0; }
.tag { display: inline-block; padding: 0 .45rem; border: 1px solid currentColor; border-radius: 1rem; font-size: .8rem; white-space: nowrap; }
.mend .tag, .no { color: var(--bar); } .yes { color: var(--soft); } .part { color: #9a6700; }
@media (prefers-color-scheme: dark) { .part { color: #d29922; } }
h3 { margin: 1.25rem 0 .25rem; font-size: 1rem; }
td code { white-space: pre-wrap; }
.states td, .states th { min-width: 0; }
.finding ul { margin: .25rem 0; padding-left: 1.2rem; }
.fields td:last-child { min-width: 18rem; }
`

const LEVELS: Readonly<Record<Finding['level'], Said>> = { mend: { en: 'to mend', zh: '须修正' }, doubt: { en: 'doubtful', zh: '存疑' }, note: { en: 'note', zh: '提示' } }
const WHERE: Readonly<Record<Lack['where'], Said>> = {
  event: { en: 'in events', zh: '事件' }, catalogue: { en: 'in the catalogue', zh: '目录' }, geo: { en: 'addresses', zh: '地址库' }, rules: { en: 'in the rules', zh: '规则' },
}
const THINGS_ZH: Readonly<Record<string, string>> = { learner: '学员', account: '账号', session: '会话', device: '设备', ip: 'IP 地址', class: '班级', course: '课程', chapter: '章节' }

/** A page about a log for the platform's data team, in English and Chinese, in one file that needs no other and runs no script. */
export function writeCheckPage(report: CheckReport): string {
  const { log, findings, lacks, platforms } = report
  // Where a file lies on somebody's machine is nobody else's business.
  const named = log.files.slice(0, MOST_FILES).map((f) => basename(f))
  const files = [...named, ...(log.files.length > named.length ? ['…'] : [])].join(', ')
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Log check · 日志检查 · ${files}</title>
<style>${new Markup(STYLE)}${new Markup(MORE_STYLE)}</style>
</head>
<body>
<header>
<p class="kind">What a log holds, and what rules can judge by it · ${zh('日志内容与可判定的规则')}</p>
<h1><bdi>${files}</bdi></h1>
<p class="lead">${lead(report)}</p>
</header>
${section('What to look at', '需要关注', findings.map(findingPart))}
${section('What to add, so that more can be judged', '补充以下内容即可判定更多规则', lacks.map((l) => lackPart(l, platforms.length)))}
${section('Rules', '规则', ruleTable(report))}
${section('Records', '记录', [pairs([
    ['Records', '记录数', String(log.lines)], ['Events', '事件', String(log.events)], ['Blank', '空行', String(log.blank)],
    ['From', '开始', log.first], ['To', '结束', log.last], ['Most in a second', '每秒最多事件数', log.peak && `${log.peak.events} (${log.peak.second})`],
  ]), table(['ignored · 未采用的事件类型', 'records · 记录数'], log.ignored.map(({ verb, count }) => [html`<code>${verb}</code>`, count]))])}
${section('Rejected records', '被拒绝的记录', log.rejected.map(rejectPart))}
${platforms.map(platformPart)}
</body>
</html>
`.text
}

function zh(text: string): Markup {
  return html`<span lang="zh">${text}</span>`
}

function both(said: Said): Markup {
  return html`${said.en} · ${zh(said.zh)}`
}

function lead({ log, rules, platforms }: CheckReport): Markup {
  const rejected = log.rejected.reduce((n, r) => n + r.count, 0)
  const judged = rules.filter((r) => r.platforms.some((p) => p.state !== 'not evaluable')).length
  return html`${log.events} events of ${platforms.length} platform${platforms.length === 1 ? '' : 's'}, ${rejected} records rejected; ${judged} of ${rules.length} rules can be judged · ${zh(`${platforms.length} 个平台共 ${log.events} 个事件，${rejected} 条记录被拒绝；${rules.length} 条规则中可判定 ${judged} 条`)}`
}

function findingPart({ level, platform, says, mend }: Finding): Markup {
  return html`<div class="finding ${level}"><p><span class="tag">${both(LEVELS[level])}</span> ${platform === undefined ? '' : html`<b><bdi>${platform}</bdi></b> `}${prose(says.en)}</p><p lang="zh">${prose(says.zh)}</p>${mend ? html`<p>→ ${prose(mend.en)}</p><p lang="zh">→ ${prose(mend.zh)}</p>` : ''}</div>
`
}

function lackPart({ where, says, add, platforms, rules, partly }: Lack, all: number): Markup {
  return html`<div class="finding"><p><span class="tag">${both(WHERE[where])}</span> ${prose(says.en)}</p><p lang="zh">${prose(says.zh)}</p>
${add === undefined ? '' : html`<pre>${lines(add)}</pre>`}
${pairs([
    ['Platforms', '平台', platforms.length === all && all > 1 ? html`all · ${zh('全部')}` : platforms.map((p, i) => html`${i > 0 ? ', ' : ''}<bdi>${p}</bdi>`)],
    ['Lets judge', '即可判定', rules.length === 0 ? undefined : rules.map(codeOf)], ['Lets judge more', '判定更充分', partly.length === 0 ? undefined : partly.map(codeOf)],
  ])}</div>
`
}

function codeOf(rule: string, i: number): Markup {
  return html`${i > 0 ? ', ' : ''}<code>${rule}</code>`
}

const STATES = { judged: { mark: 'yes', className: 'yes', zh: '可' }, 'in part': { mark: 'in part', className: 'part', zh: '部分' }, 'not evaluable': { mark: 'no', className: 'no', zh: '不可' } } as const

function ruleTable({ rules, platforms }: CheckReport): Content {
  if (platforms.length === 0) return []
  const rows = rules.map(({ rule, title, platforms: on }) => [
    html`<code>${rule}</code>`, title ?? '', ...platforms.map((p) => {
      const { state, why } = on.find((o) => o.platform === p.id) ?? { state: 'not evaluable' as const, why: [] }
      const { mark, className, zh: inChinese } = STATES[state]
      return html`<span class="${className}" title="${why.join('; ')}">${mark} · ${zh(inChinese)}</span>`
    }),
  ])
  return html`<div class="states">${table(['rule · 规则', 'what it finds · 内容', ...platforms.map((p) => p.id)], rows)}</div>`
}

function rejectPart({ reason, count, means, mend, examples }: CheckReport['log']['rejected'][number]): Markup {
  return html`<div class="finding mend"><p><code>${reason}</code> <b>${count}</b> ${prose(means.en)}</p><p lang="zh">${prose(means.zh)}</p><p>→ ${prose(mend.en)} · <span lang="zh">${prose(mend.zh)}</span></p>
<ul>${examples.map(({ file, line, message, text }) => html`<li><bdi>${basename(file)}:${line}</bdi> ${prose(message)}<br><code><bdi>${text}</bdi></code></li>`)}</ul></div>
`
}

function platformPart(p: PlatformReport): Content {
  const { clock, heartbeat: h, ids } = p
  const sized = Object.entries(p.sizes).filter(([, { count }]) => count > 0)
  return section(`Platform ${p.id}`, `平台 ${p.id}`, [pairs([
    ['Events', '事件', html`${p.events}: ${Object.entries(p.actions).sort(([, a], [, b]) => b - a).map(([action, n], i) => html`${i > 0 ? ', ' : ''}<code>${action}</code> ${n}`)}`],
    ['Sizes', '规模', sized.map(([thing, { count, exact }], i) => html`${i > 0 ? ', ' : ''}${thing} · ${zh(THINGS_ZH[thing] as string)} ${exact ? '' : '≈ '}${count}`)],
    ['From', '开始', clock.first], ['To', '结束', clock.last],
    ['Time zones', '时区偏移', clock.zones.slice(0, 6).map((z, i) => `${i > 0 ? ', ' : ''}${z.offset} (${percent(z.events / p.events)})`)],
    ['Received after time', '接收延迟', clock.offset ? html`${spanText(clock.offset.median)} (5 %: ${spanText(clock.offset.low)}, 95 %: ${spanText(clock.offset.high)})` : html`not told · ${zh('未提供')}`],
    ['Drift of the clocks', '时钟漂移', clock.drift && `${clock.drift.secondsADay} s/d (${clock.drift.ppm} ppm)`],
    ['Out of order', '乱序', `${percent(clock.order.disordered / p.events)}; 95 % ≤ ${spanText(clock.order.behind.p95)}, 99.9 % ≤ ${spanText(clock.order.behind.p999)}, max ${spanText(clock.order.behind.most)}`],
    ['Late', '迟到', `${p.late}${clock.order.lateness === undefined ? '' : ` (lateness: ${clock.order.lateness})`}`],
    ['Ids that came again', '重复编号', html`${ids.repeated} with the same time · ${zh('时间相同')}, ${ids.conflicting} with another · ${zh('时间不同')}`],
    ['Heartbeats', '心跳', h && html`median · ${zh('中位数')} ${spanText(h.median)} ± ${spanText(h.spread)}; ${percent(h.regular)} within a fifth · ${zh('偏差不超过五分之一')} (n = ${h.intervals})${h.catalogue === undefined ? '' : html`; catalogue · ${zh('目录')} ${h.catalogue}`}`],
    ['Positions with the clock', '进度与时钟同步', h?.positions && percent(h.positions.agreeing / h.positions.pairs)],
    ['Rates', '倍速', p.rates.length === 0 ? undefined : p.rates.map((r) => `${r.rate} (${r.events})`).join(', ')],
  ]), html`<div class="fields">${table(['field · 字段', 'carried · 携带率', 'of events · 相关事件', 'examples · 示例'],
    p.fields.filter((f) => f.of > 0).map((f) => [html`<code>${f.field}</code>`, f.events === 0 ? html`<span class="no">–</span>` : percent(f.events / f.of), f.of, f.examples.map((e, i) => html`${i > 0 ? ' | ' : ''}<code><bdi>${e}</bdi></code>`)]))}</div>`])
}

/** A sentence in which words between backticks are code. */
function prose(text: string): Content {
  return text.split('`').map((part, i) => (i % 2 === 0 ? part : html`<code>${part}</code>`))
}

/** Lines of ours, whose breaks stay. */
function lines(text: string): Content {
  return text.split('\n').map((line) => html`${line}
`)
}
