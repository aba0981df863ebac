import { html, Markup, type Content } from '../evidence/html.ts'
import { claimsChart, daysChart, hoursChart, MOST_BARS } from './charts.ts'
import { ofClaims, type Figures } from './figures.ts'
import { STYLE } from './page-style.ts'
import type { Audit, AuditRow } from './report.ts'
import { FIGURE_WORDS, hoursText, missingWords, percent, VERDICT_WORDS, WHY_WORDS, type Words } from './words.ts'

/** So many of each list stand on the page: it is to be read, and on a phone. */
const MOST = 20
const SHOWN = ['claimed', 'proven', 'disputed', 'unproven', 'notEvaluable', 'unclaimed', 'questioned'] as const satisfies readonly (keyof Figures)[]
const BIG = ['claimed', 'proven', 'disputed', 'unproven', 'notEvaluable'] as const

type Column = Words & { number?: true }

const PLATFORM: Column = { en: 'platform', zh: '平台' }
const INSTITUTION: Column = { en: 'institution', zh: '机构' }
const CLASS: Column = { en: 'class', zh: '班级' }
const LEARNER: Column = { en: 'learner', zh: '学员' }
const LEARNERS: Column = { en: 'learners', zh: '学员数', number: true }
const figureColumns: Column[] = SHOWN.map((name) => ({ ...FIGURE_WORDS[name], number: true }))

/** The page of an audit in English and Chinese, in one file that needs no other and runs no script. */
export async function auditPage(a: Audit, language: 'both' | 'en' | 'zh'): Promise<string> {
  const { totals, hour } = a
  const hours = (seconds: number): string => hoursText(seconds, hour)
  const share = (seconds: number): string => (totals.claimed === 0 ? '' : percent(seconds / totals.claimed))
  const cells = (figures: Figures): Content[] => {
    const f = ofClaims(figures)
    return SHOWN.map((name) => (hours(f[name]) === '0.0' ? '0' : hours(f[name])))
  }
  const claimedProven = ofClaims(totals)
  const chosen = (is: string): Content => (language === is ? new Markup(' checked') : undefined)
  return html`<!doctype html>
<html lang="${language === 'zh' ? 'zh' : 'en'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${language === 'en' ? 'Self-inspection of claimed hours' : language === 'zh' ? '申报学时自查报告' : 'Self-inspection of claimed hours · 申报学时自查报告'}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<input class="choice" type="radio" name="l" id="l-both"${chosen('both')}><input class="choice" type="radio" name="l" id="l-en"${chosen('en')}><input class="choice" type="radio" name="l" id="l-zh"${chosen('zh')}>
<div class="bar"><label for="l-both">EN + 中文</label><label for="l-en">English</label><label for="l-zh">中文</label></div>
<main>
<h1>${t('Self-inspection: what is claimed, and what the log proves', '自查报告：申报学时与日志证据')}</h1>
${a.period === undefined ? [] : html`<p class="soft">${t(`Records from ${day(a.period.begin)} to ${day(a.period.end)} (UTC); class hours of ${hour / 60} min`, `学习记录时间：${day(a.period.begin)} 至 ${day(a.period.end)}（UTC）；每学时 ${hour / 60} 分钟`)}</p>`}
<div class="figures">${BIG.map((name) => html`<div class="${name}">${w(FIGURE_WORDS[name])}<b>${hours(claimedProven[name])}</b><span class="soft">${name === 'claimed' ? t(`${count(totals.learners)} learners`, `${count(totals.learners)} 名学员`) : share(claimedProven[name])}</span></div>`)}</div>
<p class="note calm">${t('Claimed hours are proven, disputed, unproven or not evaluable. Disputed means that a warning stands against them: it is to be looked into. Unproven means that the log should show them and does not. What a platform does not send is not evaluable. None of these is a finding of guilt.',
    '申报学时分为有据、有争议、无据和无法判定四类。有争议：存在尚未撤销的预警，须核查。无据：日志本应有记录而没有。平台未发送的数据一律为无法判定。以上均不等于认定违规。')}</p>
${hours(totals.questioned) === '0.0' ? [] : html`<p class="note calm">${t(`Of the hours that are proven, ${hours(totals.questioned)} are questioned: a warning of medium severity or higher names the learner at that time, such as for study in a group or by proxy, and disputes no seconds.`, `有据学时中有 ${hours(totals.questioned)} 学时存疑：同一时间有中级及以上预警（如同一地址集中学习、替学代学）涉及该学员，但未指明有争议的具体时段。`)}</p>`}
${a.sources.warnings === undefined ? html`<p class="note">${t('No warnings were given: nothing is disputed here, and nobody has looked for cheating.', '未提供预警：本报告中没有争议学时，也未检查作弊。')}</p>` : []}
${section('Where claimed hours stand', '申报学时构成', html`<div class="charts">${await figure({ en: 'By platform', zh: '按平台' }, (l) => claimsChart(a.platforms.map((p) => ({ ...p, name: p.platform })), hour, l))}
${await figure(a.institutions.length > MOST_BARS ? { en: `By institution: the ${MOST_BARS} with most claims`, zh: `按机构（申报最多的 ${MOST_BARS} 家）` } : { en: 'By institution', zh: '按机构' }, (l) => claimsChart(a.institutions.map((i) => ({ ...i, name: i.institution ?? '–' })), hour, l))}</div>
<h3>${t('Platforms', '平台')}</h3>${table([PLATFORM, LEARNERS, ...figureColumns], a.platforms.map((p) => [name(p.platform), count(p.learners), ...cells(p)]))}
<h3>${t('Institutions', '机构')}</h3>${table([INSTITUTION, LEARNERS, ...figureColumns], a.institutions.slice(0, MOST).map((i) => [name(i.institution), count(i.learners), ...cells(i)]))}${many(a.institutions.length, 'audit.json')}`)}
${section('Classes to look at first', '应优先核查的班级', ranked(a.abnormal.classes.first.slice(0, MOST).map((c) => [[c.platform, c.class], c.reasons.map((r) => r.words)]), a.abnormal.classes.total, many(a.abnormal.classes.total, 'classes.csv')))}
${section('Learners to look at first', '应优先核查的学员', ranked(a.abnormal.learners.first.slice(0, MOST).map((l) => [[l.platform, l.learner], l.reasons.map((r) => r.words)]), a.abnormal.learners.total, many(a.abnormal.learners.total, 'learners.csv')))}
${section('Rows that differ', '与日志不符的申报', html`<p>${Object.entries(totals.rows).map(([verdict, n], i) => html`${i > 0 ? '; ' : ''}${w(VERDICT_WORDS[verdict as AuditRow['verdict']])}: ${count(n)}`)}</p>${differing(a, cells)}${many(a.differing.total, 'differing.csv')}`)}
${section('Classes', '班级', html`${table([CLASS, LEARNERS, ...figureColumns], [...a.classes].sort((x, y) => y.claimed - x.claimed).slice(0, MOST).map((c) => [html`${name(c.platform)} / ${name(c.class)}`, count(c.learners), ...cells(c)]))}${many(a.classes.length, 'classes.csv')}`)}
${section('Money', '金额', moneyTable(a))}
${section('What could not be judged', '无法判定的部分', a.notEvaluable.length === 0 ? html`<p>${t('Nothing.', '无。')}</p>` : table([PLATFORM, { en: 'why', zh: '原因' }, { en: 'missing', zh: '缺少' }, { en: 'rows', zh: '行数', number: true }, { ...FIGURE_WORDS.notEvaluable, number: true }], a.notEvaluable.slice(0, MOST).map((n) => [name(n.platform), w(WHY_WORDS[n.why]), n.missing === undefined ? undefined : w(missingWords(n.missing)), count(n.rows), hours(n.seconds)])))}
${section('Use of the platforms', '平台使用情况', html`<div class="charts">${await figure({ en: 'Active learners by hour of the day', zh: '各时段活跃学员数' }, (l) => hoursChart(a.usage, l))}${await figure({ en: 'Active learners by day', zh: '每日活跃学员数' }, (l) => daysChart(a.usage, l))}</div>
${table([PLATFORM, { en: 'median sitting (min)', zh: '单次学习时长中位数（分钟）', number: true }, { en: 'median media seconds per second', zh: '播放速度中位数（媒体时长÷实际用时）', number: true }], a.usage.map((u) => [name(u.platform), u.sitting === undefined ? undefined : (u.sitting / 60).toFixed(1), u.rate === undefined ? undefined : u.rate.toFixed(2)]))}
${a.completion.length === 0 ? [] : html`<h3>${t('Completion of courses', '课程完成情况')}</h3>${table([{ en: 'course', zh: '课程' }, { en: 'chapters', zh: '章节数', number: true }, LEARNERS, { en: 'mean share completed', zh: '平均完成率', number: true }, { en: 'completed all', zh: '完成全部章节人数', number: true }], a.completion.slice(0, MOST).map((c) => [c.title === undefined ? name(c.course) : html`<bdi>${c.title}</bdi> <span class="soft">(<bdi>${c.course}</bdi>)</span>`, count(c.chapters), count(c.learners), percent(c.share), count(c.all)]))}${many(a.completion.length, 'audit.json')}`}`)}
${section('What was read', '数据来源', sources(a))}
${section('What the words mean', '名词解释', html`<dl>${DEFINITIONS.map(([of, en, zh]) => html`<div><dt>${w(FIGURE_WORDS[of])}</dt><dd>${t(en, zh)}</dd></div>`)}</dl>`)}
</main>
</body>
</html>
`.text
}

const DEFINITIONS: readonly (readonly [keyof Figures, string, string])[] = [
  ['claimed', 'What the platform says that the learner studied.', '平台申报的学员学习时间。'],
  ['played', 'What the log shows to have been played: at most what was credited, each second of media once, at most the length of the chapter.', '日志显示实际播放的时间：同一段内容只计一次，不超过可计入学时的时间和章节时长。'],
  ['proven', 'Of what was played, what no warning disputes.', '已播放且没有预警质疑的时间。'],
  ['disputed', 'Of the claim, what warnings dispute that were neither withdrawn nor dismissed by a review. Several warnings of the same time count once.', '申报中受到有效预警质疑的时间（已撤回或经复核排除的预警不计）；同一时间受到多个预警质疑只计一次。'],
  ['unproven', 'Claimed, neither proven nor disputed, on a platform whose log would show it.', '平台日志本应能够证明，却既无证据也无争议的申报时间。'],
  ['notEvaluable', 'Claimed, and the log could not show it: the platform lacks data, the lesson is offline practice, or the day is not covered.', '日志无法证明的申报时间：平台缺少数据、属于线下实操，或日期不在记录范围内。'],
  ['unclaimed', 'Proven beyond what is claimed.', '有证据但未申报的时间。'],
  ['questioned', 'Proven by the log, but a warning of medium severity or higher (such as of study in a group or by proxy) names the learner at that time without disputing any seconds. It stays proven until somebody decides.', '日志可证明，但同一时间有中级及以上预警（如同一地址集中学习、替学代学）涉及该学员，且未指明有争议的具体时段；在作出认定之前仍计为有据。'],
]

function t(en: string, zh: string): Markup {
  return html`<span lang="en">${en}</span><span lang="zh">${zh}</span>`
}

function w({ en, zh }: Words): Markup {
  return t(en, zh)
}

/** How many of a list do not stand on the page, and where they are. */
function many(total: number, where: string): Content {
  return total <= MOST ? [] : html`<p class="soft">${t(`${count(total - MOST)} more are in ${where}`, `其余 ${count(total - MOST)} 项见 ${where}`)}</p>`
}

function name(text: string | undefined): Content {
  return text === undefined ? '–' : html`<bdi>${text}</bdi>`
}

function count(n: number): string {
  return n.toLocaleString('en-US')
}

function day(time: string): string {
  return time.slice(0, 16).replace('T', ' ')
}

function section(en: string, zh: string, content: Content): Content {
  return content === undefined || (Array.isArray(content) && content.length === 0) ? [] : html`<section><h2>${t(en, zh)}</h2>${content}</section>
`
}

/** A table that becomes a list of cards on a phone. */
function table(columns: readonly Column[], rows: readonly (readonly Content[])[]): Content {
  if (rows.length === 0) return html`<p class="soft">${t('none', '无')}</p>`
  const place = (column: Column, empty = false): string => [column.number ? 'n' : '', empty ? 'empty' : ''].join(' ').trim()
  const cell = (content: Content, i: number): Markup => {
    const column = columns[i] as Column
    return i === 0 ? html`<th scope="row">${content}</th>` : html`<td class="${place(column, content === undefined || content === '' || content === '0')}"><span class="k">${w(column)}</span><span>${content}</span></td>`
  }
  return html`<div class="wide" tabindex="0"><table><thead><tr>${columns.map((c) => html`<th scope="col" class="${place(c)}">${w(c)}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr>${row.map(cell)}</tr>
`)}</tbody></table></div>`
}

async function figure(caption: Words, picture: (language: keyof Words) => Promise<string> | undefined): Promise<Content> {
  const [en, zh] = await Promise.all([picture('en'), picture('zh')])
  if (en === undefined || zh === undefined) return []
  return html`<figure><figcaption>${w(caption)}</figcaption><div lang="en">${new Markup(en)}</div><div lang="zh">${new Markup(zh)}</div></figure>`
}

function ranked(list: readonly (readonly [readonly [string, string], readonly Words[]])[], total: number, more: Content): Content {
  if (list.length === 0) return html`<p>${t('Nobody stands out.', '没有明显异常。')}</p>`
  return html`<p class="soft">${t(`${count(total)} stand out by the numbers below; nobody is judged by them.`, `共 ${count(total)} 项数值异常，仅供优先核查，不作为认定依据。`)}</p>
<ol>${list.map(([[platform, id], reasons]) => html`<li><b>${name(platform)} / ${name(id)}</b><ul>${reasons.map((r) => html`<li>${w(r)}</li>`)}</ul></li>
`)}</ol>${more}`
}

function differing(a: Audit, cells: (f: Figures) => Content[]): Content {
  const columns: Column[] = [LEARNER, CLASS, { en: 'chapter or course', zh: '章节或课程' }, ...figureColumns, { en: 'rules that dispute', zh: '提出质疑的规则' }]
  return table(columns, a.differing.first.slice(0, MOST).map((r) => [html`${name(r.platform)} / ${name(r.learner)}`, name(r.class), name(r.chapter ?? r.course), ...cells(r), r.rules.length === 0 ? undefined : r.rules.join(', ')]))
}

function moneyTable({ totals, classes, hour }: Audit): Content {
  if (totals.money === undefined) return []
  const parts = ['claimed', 'proven', 'disputed', 'unproven', 'notEvaluable'] as const
  const amount = (n: number): string => n.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
  const row = (m: NonNullable<Audit['totals']['money']>): Content[] => parts.map((part) => amount(m[part]))
  const paid = classes.flatMap((c) => (c.money === undefined || c.money.claimed === 0 ? [] : [{ c, m: c.money }])).sort((x, y) => y.m.disputed + y.m.unproven - x.m.disputed - x.m.unproven)
  return html`<p class="soft">${t("At each class's rate for a class hour, in the catalogue's currency.", '按目录中各班级的每学时金额计算。')}${totals.money.unrated === 0 ? [] : html` ${t(`${hoursText(totals.money.unrated, hour)} claimed class hours are of classes without a rate and not counted.`, `另有 ${hoursText(totals.money.unrated, hour)} 申报学时所属班级未设金额，未计入。`)}`}</p>
${table([CLASS, ...parts.map((p): Column => ({ ...FIGURE_WORDS[p], number: true }))], [[t('all', '合计'), ...row(totals.money)], ...paid.slice(0, MOST).map(({ c, m }) => [html`${name(c.platform)} / ${name(c.class)}`, ...row(m)])])}${many(paid.length, 'classes.csv')}`
}

function sources({ sources: s, tolerance }: Audit): Content {
  const bad = s.records.bad + s.claims.bad + (s.warnings?.bad ?? 0)
  return html`<p>${t(`${count(s.records.read)} records, of which ${count(s.records.replaced)} were replaced by later ones: ${count(s.records.sittings)} sittings, ${count(s.records.open)} of them still open.`, `学习记录 ${count(s.records.read)} 条，其中 ${count(s.records.replaced)} 条被后续版本取代；共 ${count(s.records.sittings)} 次学习，${count(s.records.open)} 次尚未结束。`)}</p>
<p>${t(`${count(s.claims.rows)} rows of claims, ${count(s.claims.taken)} taken. A claim agrees up to ${tolerance} s.`, `申报 ${count(s.claims.rows)} 行，采用 ${count(s.claims.taken)} 行。差异不超过 ${tolerance} 秒视为相符。`)}</p>
${s.warnings === undefined ? [] : html`<p>${t(`${count(s.warnings.standing)} warnings stand, ${count(s.warnings.disputing)} of them dispute seconds; ${count(s.warnings.withdrawn)} were withdrawn and ${count(s.warnings.dismissed)} dismissed.`, `有效预警 ${count(s.warnings.standing)} 起，其中 ${count(s.warnings.disputing)} 起指明有争议的时段；撤回 ${count(s.warnings.withdrawn)} 起，经复核排除 ${count(s.warnings.dismissed)} 起。`)}</p>`}
${bad === 0 ? [] : html`<p class="note">${t(`${count(bad)} lines could not be taken; they are listed in rejects.csv.`, `${count(bad)} 行无法采用，详见 rejects.csv。`)} ${Object.entries(s.rejects).map(([reason, n], i) => html`${i > 0 ? ', ' : ''}<code>${reason}</code> ${count(n)}`)}</p>`}`
}
