import { formatDuration, type Ms } from '../../base/time.ts'
import { compareText } from '../../base/order.ts'
import type { Action, Field } from '../../telemetry/event.ts'
import type { Lack, Said } from './report.ts'
import type { RuleState, Want } from './wants.ts'

/** What the log tells of a platform that helps to write its catalogue. */
export interface Known {
  cadence?: Ms
  class?: string
  course?: string
  chapter?: string
  learner?: string
  length?: string
}

/** How a field is written in an event. */
const EXAMPLES: Readonly<Record<Field, string>> = {
  received: '"received": "2026-03-02T08:00:15.120+08:00"', account: '"account": "u-1017"', session: '"session": "9e807ca71e8c"', device: '"device": "77b507310c6e8258"',
  agent: '"agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) …"', ip: '"ip": "42.243.238.25"', class: '"class": "C1"', course: '"course": "K1"', chapter: '"chapter": "K1-01"', video: '"video": "v-881"',
  position: '"position": 15.02', from: '"from": 61.5', to: '"to": 240', length: '"length": 987', rate: '"rate": 1.5', visible: '"visible": true', muted: '"muted": false', inputs: '"inputs": 3',
  item: '"item": "q7"', correct: '"correct": true', elapsed: '"elapsed": 11.4', challenge: '"challenge": "f-3021"', outcome: '"outcome": "passed"', photo: '"photo": "c3d2a1b0e4f59687"', similarity: '"similarity": 0.93',
}

/** What an event of an action carries besides who and when, for an example. */
const FIELDS_WITH: Partial<Record<Action, readonly Field[]>> = {
  'face-requested': ['challenge'], 'face-checked': ['challenge', 'outcome', 'photo', 'similarity'], answered: ['chapter', 'item', 'correct', 'elapsed'], seeked: ['chapter', 'from', 'to'],
  heartbeat: ['chapter', 'position', 'visible', 'inputs'], played: ['chapter', 'position'], completed: ['chapter', 'position'], 'logged-in': ['account', 'session', 'device', 'ip'],
}

/** All that rules lack, each lack once: first what keeps most rules from judging. */
export function lacksOf(states: readonly RuleState[], known: ReadonlyMap<string, Known>): Lack[] {
  const lacks = new Map<string, Lack>()
  for (const { rule, platform, state, wants } of states) {
    for (const want of wants) {
      const what = keyOf(want)
      let lack = lacks.get(what)
      if (lack === undefined) lacks.set(what, (lack = { what, where: whereOf(want), says: sayingOf(want), add: exampleOf(want, platform, known.get(platform) ?? {}), platforms: [], rules: [], partly: [] }))
      if (!lack.platforms.includes(platform)) lack.platforms.push(platform)
      const rules = state === 'not evaluable' ? lack.rules : lack.partly
      if (!rules.includes(rule)) rules.push(rule)
    }
  }
  const weight = (l: Lack): number => l.rules.length * 100 + l.partly.length
  return [...lacks.values()].sort((a, b) => weight(b) - weight(a) || compareText(a.what, b.what))
}

function keyOf(want: Want): string {
  switch (want.kind) {
    case 'conditions': return 'conditions'
    case 'actions': return `actions ${want.actions.join(' ')}`
    case 'fields': return `fields ${want.fields.join(' ')}`
    case 'place': return `place ${want.level}`
    case 'catalogue': break
  }
  return `catalogue ${want.need}`
}

function whereOf({ kind }: Want): Lack['where'] {
  return ({ conditions: 'rules', actions: 'event', fields: 'event', place: 'geo', catalogue: 'catalogue' } as const)[kind]
}

const CATALOGUE: Readonly<Record<Extract<Want, { kind: 'catalogue' }>['need'], Said>> = {
  chapters: { en: "name in the catalogue the courses of the platform's classes, with all their chapters in the order of study", zh: '请在目录中登记该平台各班级的课程，并按学习顺序列出全部章节' },
  lengths: { en: 'name in the catalogue how long each chapter is, in seconds', zh: '请在目录中登记每个章节的时长（秒）' },
  region: { en: "name in the catalogue from where the platform's classes may study", zh: '请在目录中登记各班级允许学习的地区' },
  heartbeat: { en: "name in the catalogue the player's cadence: how far apart its heartbeats are", zh: '请在目录中登记播放器的心跳间隔' },
  global: { en: 'say in the catalogue that the learner ids are national ids, if they are: the same person has the same id on every platform', zh: '如学员编号为全国统一编号（同一人在各平台编号相同），请在目录中注明' },
  class: { en: 'name in the catalogue the classes of the platform, with their learners', zh: '请在目录中登记该平台的班级及其学员名单' },
  status: { en: "say in the catalogue whether the platform's classes are approved", zh: '请在目录中注明各班级是否已批准开班' },
  connected: { en: "say in the catalogue whether the supervision of the platform's classes is connected", zh: '请在目录中注明各班级是否已接入监管' },
  dates: { en: 'say in the catalogue when the classes open and close', zh: '请在目录中登记各班级的开班与结班日期' },
  hours: { en: 'name in the catalogue how many class hours are approved for each class', zh: '请在目录中登记各班级批准的课时' },
  subjects: { en: 'name in the catalogue what each course teaches', zh: '请在目录中登记每门课程的科目' },
  checks: { en: 'say in the catalogue how long the platform lets people watch between two face checks', zh: '请在目录中登记两次人脸核验之间最长允许的观看时间' },
  autoplay: { en: 'say in the catalogue whether the player begins the next chapter by itself, and after what time', zh: '请在目录中注明播放器是否自动播放下一章及其延迟时间' },
  opens: { en: 'say in the catalogue when the classes open', zh: '请在目录中登记各班级的开班日期' },
  since: { en: 'the log begins after the class has opened: give the log from the opening on, or say with `since` that nothing happened before it', zh: '日志开始时班级已经开班：请提供自开班起的日志；如此前没有学习活动，请用 since 注明' },
}

function sayingOf(want: Want): Said {
  switch (want.kind) {
    case 'conditions': return { en: 'no event can meet the conditions of the rule: look at it with `invigil rules check`', zh: '没有任何事件能满足规则的条件，请用 invigil rules check 检查' }
    case 'actions': return { en: `send events of ${want.actions.map(code).join(want.actions.length > 2 ? ', ' : ' or ')}`, zh: `请发送 ${want.actions.map(code).join('、')} 事件` }
    case 'fields': return { en: `send ${want.fields.map(code).join(' or ')} with ${actionsText(want.actions)}`, zh: `请在事件中发送 ${want.fields.map(code).join(' 或 ')}` }
    case 'place': return want.level === 'holder'
      ? { en: 'give a GeoIP database that knows who holds an address (`--geo`, an ASN database)', zh: '请提供能查询地址归属网络的 GeoIP 数据库（--geo，ASN 库）' }
      : { en: `no address is known to its ${want.level}: send the learner's own public \`ip\`, not that of a proxy, and use a database that knows cities (\`--geo\`)`, zh: `无法由地址得知其${({ country: '国家', province: '省份', city: '城市' } as const)[want.level]}：请发送学员自己的公网 IP（而非代理地址），并使用城市级 GeoIP 数据库（--geo）` }
    case 'catalogue': break
  }
  return CATALOGUE[want.need]
}

const MOST_NAMED = 4

function actionsText(actions: readonly Action[]): string {
  return actions.length > MOST_NAMED ? 'events' : actions.map(code).join(' or ')
}

function code(word: string): string {
  return `\`${word}\``
}

function exampleOf(want: Want, platform: string, known: Known): string | undefined {
  switch (want.kind) {
    case 'conditions':
    case 'place': return undefined
    case 'actions': return `{"id": "e17", "time": "2026-03-02T08:00:15+08:00", "action": "${want.actions[0]}", "platform": ${json(platform)}, "learner": ${json(known.learner ?? 'L1')}${(FIELDS_WITH[want.actions[0] as Action] ?? ['chapter']).map((f) => `, ${EXAMPLES[f]}`).join('')}}`
    case 'fields': return want.fields.map((f) => EXAMPLES[f]).join('  or  ')
    case 'catalogue': break
  }
  return catalogueExample(want.need, json(platform), known)
}

function catalogueExample(need: Extract<Want, { kind: 'catalogue' }>['need'], platform: string, known: Known): string {
  const course = json(known.course ?? 'K1')
  const klass = `classes:\n  - id: ${json(known.class ?? 'C1')}\n    platform: ${platform}`
  const of = (line: string): string => `platforms:\n  - id: ${platform}\n    ${line}`
  const chapter = json(known.chapter ?? 'K1-01')
  switch (need) {
    case 'chapters': return `courses:\n  - id: ${course}\n    chapters:          # all, in the order of study\n      - id: ${chapter}\n      - id: "…"\n${klass}\n    courses: [${course}]`
    case 'lengths': return `courses:\n  - id: ${course}\n    chapters:\n      - id: ${chapter}\n        length: ${known.length ?? '987'}   # seconds`
    case 'region': return `${klass}\n    region: { country: CN, provinces: [Yunnan] }`
    case 'heartbeat': return of(known.cadence === undefined ? 'heartbeat: 15s' : `heartbeat: ${formatDuration(known.cadence)}   # as measured in this log`)
    case 'global': return of('global: [learner]')
    case 'class': return `${klass}\n    courses: [${course}]\n    opens: 2026-03-02\n    learners: [${json(known.learner ?? 'L1')}, "…"]`
    case 'checks': return of('checks: 15m')
    case 'autoplay': return of('autoplay: false   # or after what time, as 5s')
    case 'status': return `${klass}\n    status: approved`
    case 'connected': return `${klass}\n    connected: true`
    case 'hours': return `${klass}\n    hours: 80   # class hours`
    case 'subjects': return `courses:\n  - id: ${course}\n    subject: work-safety`
    case 'dates':
    case 'opens': return `${klass}\n    opens: 2026-03-02\n    closes: 2026-06-30`
    case 'since': break
  }
  return of('since: 2026-03-02   # the log is complete from this day on')
}

/** JSON text is YAML, too. */
function json(text: string): string {
  return JSON.stringify(text)
}
