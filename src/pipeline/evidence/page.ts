import { createPublicKey, type KeyObject } from 'node:crypto'
import { basename } from 'node:path'
import { sha256 } from '../../base/hash.ts'
import { formatTime, MINUTE, parseTime, type Ms } from '../../base/time.ts'
import { html, Markup, type Content } from './html.ts'
import { STYLE } from './page-style.ts'
import { pairs, section, table } from './parts.ts'
import { fingerprintOf } from './seal.ts'
import { commonFields, type Story, type StoryEvent } from './story.ts'
import { timeline } from './timeline.ts'

/** The bundle that a page is about: its bytes, its file if it was written to one, and the key that it was signed with. */
export interface PageBundle {
  bundle: Uint8Array
  file?: string
  key?: KeyObject
}

const SEVERITIES = { low: '低', medium: '中', high: '高', critical: '严重' } as const
const RESPONSES = { prompt: '提示', warn: '警告', review: '复核', withhold: '暂不计学时' } as const
const EPISODES = { ongoing: '进行中', ended: '已结束', withdrawn: '已撤回' } as const
const SUBJECTS = { learner: '学员', account: '账号', person: '个人', ip: 'IP 地址', device: '设备', photo: '人脸照片', class: '班级', institution: '机构', teacher: '教师', platform: '平台' } as const

/** A page about a warning in English and Chinese, in one file that needs no other and runs no script. */
export function writePage(story: Story, of: PageBundle): string {
  const { warning: w } = story
  // The platform's own time of day, as its first event has it.
  const offset = story.events[0]?.offset ?? 0
  const clock = (ms: Ms): string => clockAt(ms, offset)
  const when = (text: string): string => clock(parseTime(text) as Ms)
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${w.rule} ${w.subject.id} ${w.id}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<p class="kind">Evidence for a warning · <span lang="zh">预警证据</span></p>
<h1>${story.rule.title}</h1>
<p class="lead">${w.summary.en}</p>
<p class="lead" lang="zh">${w.summary.zh}</p>
${w.episode === 'withdrawn' ? html`<p class="note">Withdrawn · <span lang="zh">已撤回</span>: ${w.why}</p>` : ''}
${w.coverage.state === 'partial' ? html`<p class="note">Judged in part · <span lang="zh">部分判定</span>: ${w.coverage.missing}</p>` : ''}
</header>
${section('Who and when', '对象与时间', pairs([
    [`Subject`, '对象', html`${w.subject.kind} · <span lang="zh">${SUBJECTS[w.subject.kind]}</span> <bdi><b>${w.subject.platform === '' ? '' : `${w.subject.platform}/`}${w.subject.id}</b></bdi>`],
    ['Learners', '学员', w.learners.length === 0 ? undefined : w.learners.map((l, i) => html`${i > 0 ? ', ' : ''}<bdi>${l.platform}/${l.id}</bdi>`)],
    ['Class', '班级', w.class], ['Course', '课程', w.course], ['Chapters', '章节', w.chapters.length === 0 ? undefined : w.chapters.join(', ')],
    ['Institution', '机构', w.institutions.length === 0 ? undefined : w.institutions.join(', ')],
    ['From', '开始', when(w.begin)], ['To', '结束', when(w.end)],
    ['Severity', '严重程度', html`${w.severity} · <span lang="zh">${SEVERITIES[w.severity]}</span>`],
    ['Response', '处置', html`${w.response} · <span lang="zh">${RESPONSES[w.response]}</span>`],
    ['State', '状态', html`${w.episode} · <span lang="zh">${EPISODES[w.episode]}</span>, revision ${w.revision} · <span lang="zh">第 ${w.revision} 版</span>`],
    ['Warning', '预警编号', html`<code>${w.id}</code>`],
  ]))}
${section('Legal ground', '依据', story.articles.map((a) => html`<p><code>${a.id}</code> ${a.title.en} · <span lang="zh">${a.title.zh}</span></p><blockquote><p>${a.en}</p><p lang="zh">${a.zh}</p></blockquote>`))}
${section('Measured, and the limit', '测量值与限值', table(['what · 项目', 'measured · 测量值', 'limit · 限值'], story.measures.map((m) => [html`<code>${m.name}</code>`, m.value, m.limit])))}
${section('When', '时间线', timeline(story, clock) ?? [])}
${section('How it grew', '各修订版', table(['revision · 版次', 'written · 写入时间', 'state · 状态', 'what was new · 新增内容'],
    story.revisions.map(({ warning: r, news }) => [r.revision, when(r.raised), html`${r.episode} · <span lang="zh">${EPISODES[r.episode]}</span>`, news.map(({ fact, value }, i) => html`${i > 0 ? ', ' : ''}<code>${fact}</code> ${factText(value)}`)])))}
${section('Not to be credited', '不应计入学时的时段', table(['learner · 学员', 'chapter · 章节', 'from · 开始', 'to · 结束', 'seconds · 秒'],
    w.disputed.map((d) => [html`<bdi>${d.platform}/${d.learner}</bdi>`, html`<bdi>${d.chapter}</bdi>`, when(d.begin), when(d.end), d.seconds])))}
${section('What speaks for it, as the model sees it', '模型给出的理由', table(['feature · 特征', 'value · 值', 'usual · 通常', 'weight · 权重'], (w.reasons ?? []).map((r) => [r.feature, r.value, r.usual.join(' – '), r.weight])))}
${section(...eventTitle(story), eventTable(story.events, clock))}
${section('The rule', '规则', html`<p><b>${w.rule}</b>: ${story.rule.description}</p><p>${story.rule.detector}: ${story.rule.summary}</p>${table(['parameter · 参数', 'value · 值', 'meaning · 含义'], story.params.map((p) => [html`<code>${p.name}</code>`, p.value, p.means]))}`)}
${section('Honest behaviour that looks like this', '可能的误判情形', story.rule.falsePositives.length === 0 ? [] : html`<ul>${story.rule.falsePositives.map((f) => html`<li>${f}</li>`)}</ul>`)}
${section('What a reviewer does', '复核方法', story.rule.next === undefined ? [] : html`<p>${story.rule.next}</p>`)}
${section('How to verify it', '如何核验', originOf(story, of))}
</body>
</html>
`.text
}

function eventTitle({ events, warning: { evidence: { count } } }: Story): [en: string, zh: string] {
  const named = events.filter((e) => e.named).length
  return named === count ? [`Events (${count})`, `事件（${count} 个）`] : [`Events that it names (${named} of ${count})`, `预警所列事件（${count} 个中的 ${named} 个）`]
}

function eventTable(events: readonly StoryEvent[], clock: (ms: Ms) => string): Content {
  const named = events.filter((e) => e.named)
  const { common, own } = commonFields(named)
  const written = (pairs: readonly (readonly [string, string])[]): Content => pairs.map(([name, value]) => html`<span class="pair"><code>${name}</code> <bdi>${value}</bdi></span> `)
  const rows = named.map((e) => [clock(e.time), html`<bdi>${e.platform}/${e.learner}</bdi>`, e.action, written(own(e)), html`<code>${e.id}</code>`])
  return html`${common.length > 0 ? html`<p>All with · <span lang="zh">均有</span> ${written(common)}</p>` : ''}<div class="events">${table(['time · 时间', 'learner · 学员', 'action · 行为', 'fields · 字段', 'id · 编号'], rows)}</div>`
}

function originOf({ about, warning }: Story, { bundle, file, key }: PageBundle): Markup {
  const name = file === undefined ? `${warning.id}.zip` : basename(file)
  return html`<p>The bundle holds the original records, the rules and all else that the warning depends on. Invigil ${about.version} judges them again and says whether the same warning comes out, byte for byte:</p>
<p lang="zh">证据包含有原始记录、规则以及预警所依据的其他全部内容。使用 Invigil ${about.version} 可重新判定，并核对是否逐字节得出同一预警：</p>
<pre>invigil verify ${name}${key ? ' --trust signer.pub.pem' : ''}</pre>
${pairs([
    ['Bundle', '证据包', html`<bdi>${name}</bdi>, ${bundle.length} bytes, SHA-256 <code>${sha256(bundle)}</code>`],
    ['Signature', '签名', key ? html`Ed25519, key · <span lang="zh">公钥</span> SHA-256 <code>${fingerprintOf(createPublicKey(key))}</code>` : html`unsigned · <span lang="zh">未签名</span>`],
    ['Records from', '记录来源', about.inputs.map((i) => html`<div><bdi>${i.name}</bdi>, ${i.bytes} bytes, SHA-256 <code>${i.sha256}</code></div>`)],
    ['Rule version', '规则版本', html`<code>${warning.ruleVersion}</code>`], ['Context', '运行上下文', html`<code>${warning.context}</code>`],
  ])}`
}

/** A moment at an offset from UTC, with the offset. */
function clockAt(ms: Ms, offset: number): string {
  const there = formatTime(ms + offset * MINUTE).replace('T', ' ').replace('Z', '')
  const minutes = Math.abs(offset)
  const two = (n: number): string => String(n).padStart(2, '0')
  return offset === 0 ? `${there} UTC` : `${there} ${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

function factText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
