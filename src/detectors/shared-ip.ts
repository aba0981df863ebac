import { z } from 'zod'
import { compareText } from '../base/order.ts'
import { flag, number, rare, record, type RecordOf } from '../base/record.ts'
import { DAY, SECOND, duration, type Ms } from '../base/time.ts'
import { defineDetector, type Context } from '../engine/detector.ts'
import { addEvidence, newEvidence } from '../warnings/evidence.ts'
import type { Sighting } from '../engine/sighting.ts'
import type { Severity } from '../warnings/warning.ts'
import { hostsOf, loneMember, loneUse, noteAlone, noteLone, staysAlone, synchronyOf } from './shared/alone.ts'
import { classOfGroup, endQuiet, groupParams, judgePass, nextQuiet, type Group } from './shared/group.ts'
import { atOnce, countDevices, dropUses, noteUse, type Hosts, type Use } from './shared/hosts.ts'
import { namesOf, peopleOf, personKey } from './shared/people.ts'
import { notePass, type Synchrony } from './shared/synchrony.ts'
import { noteMuted, tellsOfBrowser, unattended, unattendedParams } from './shared/unattended.ts'

interface IpGroup extends Group {
  verdict: 'group' | 'farm'
  /** Most of them on one device at the same time; 1 where devices are their own or unknown. */
  atOnce: number
  /** Learners whose accounts ran with nobody at them, some at once. */
  unattended: number
}

/** What is kept of an address that two have used, or one on two devices. Plain data. */
interface Shared {
  synchrony: Synchrony
  hosts: Hosts
  /** Who plays with the sound off where no device is named. */
  browsers: Hosts
  groups: IpGroup[]
}

const fields = record({
  ...loneMember,
  ...loneUse,
  /** Whether the use is of a browser, with the sound off: `device` is then what stands for one. */
  byBrowser: flag,
  /** Inputs of that use, see `Use`. */
  before: number(NaN),
  inputs: number(NaN),
  /** In the place of the fields above, as soon as there are two learners or uses. */
  shared: rare<Shared>(),
})
type State = RecordOf<typeof fields>

interface Facts {
  verdict: 'group' | 'farm'
  /** What says so: `in step`, `shared devices`, `devices at once`, `unattended at once`. */
  reasons: string[]
  learners: string[]
  /** Different devices of theirs; 0 where the platform names none. */
  devices: number
  atOnce: number
  unattended: number
  boundaries: number
  share: number
  withinSeconds: number
  /** Learners seen on the address. */
  onAddress: number
}

const params = z.strictObject({
  ...groupParams,
  ...unattendedParams,
  overlap: duration.prefault('5m').describe('How long accounts must be used at the same time: longer than it takes to help somebody log in.'),
  atOnce: z.int().min(2).default(3).describe('Learners on one device of the address at the same time that make a farm.'),
})
type Params = z.output<typeof params>
type Ip = Context<Params, State, Facts>

/**
 * Tells who shares an address because it is a network (a NAT, a campus, a carrier: no warning, however many they are) from
 * a `group` that studies in step and a `farm` that runs several accounts on few devices. Only synchrony (see `judgePass`)
 * one device in several learners' use at the same time, or accounts that run with nobody at them (see `unattended`) count;
 * the number of people on the address never does, it only raises what synchrony takes.
 */
export const sharedIp = defineDetector<typeof params, State, Facts>({
  name: 'shared-ip',
  version: 1,
  summary: 'Several learners on one IP address study in step, or are run from few devices; their number alone is never enough.',
  stage: 'resource',
  params,
  facts: {
    verdict: '`group` or `farm`', reasons: '`in step`, `shared devices`, `devices at once`, `unattended at once`',
    learners: 'ids of those who belong to it', devices: 'their different devices; 0 where the platform names none',
    atOnce: 'accounts on one device at the same time', unattended: 'accounts with nobody at them', boundaries: 'lesson boundaries passed together',
    share: 'smallest share of their boundaries that two of them passed together', withinSeconds: 'how close is together',
    onAddress: 'learners seen on the address',
  },
  resources: ['ip'],
  needs: ['ip'],
  horizon: 7 * DAY,
  state: fields,
  onSighting(s, context) {
    const { state, params } = context
    end(context)
    if (isAlone(state, s, params.within)) return
    const shared = (state.shared ??= share(state))
    const use = s.device === undefined ? undefined : noteUse(shared.hosts, s, s.device, DAY)
    if (use) judgeHost(use, s.event, shared, context)
    const quiet = noteMuted(shared.browsers, s)
    if (quiet) judgeQuiet(quiet, s.event, shared, context)
    const pass = notePass(shared.synchrony, s, params)
    if (pass) {
      const make = (g: Group): IpGroup => ({ ...g, verdict: 'group', atOnce: 1, unattended: 0 })
      const group = judgePass(shared.synchrony, shared.groups, personKey(s.platform, s.learner), pass, params, make)
      if (group) raise(group, 'ongoing', shared, context)
    }
    if (shared.groups.length > 0) context.wakeAt(nextQuiet(shared.groups, params.quiet))
  },
  onTimer(_, context) {
    end(context)
    context.wakeAt(nextQuiet(context.state.shared?.groups ?? [], context.params.quiet))
  },
  explain(f, { atOnce, coincidences, hands }) {
    const percent = Math.round(f.share * 100)
    const who = namesOf(f.learners)
    const en = [`${f.learners.length} learners on one IP address (${who})`]
    const zh = [`同一 IP 地址上的 ${f.learners.length} 名学员（${who}）`]
    const together = f.reasons.includes('in step')
    if (together) {
      en.push(`passed ${f.boundaries} lesson boundaries within ${f.withinSeconds} s of each other, ${percent} % or more of those they could have (limit ${coincidences})`)
      zh.push(`${f.boundaries} 次在 ${f.withinSeconds} 秒之内同时开始或学完同一课时，占可比次数的 ${percent}% 以上（限值 ${coincidences} 次）`)
    }
    if (f.reasons.includes('devices at once')) {
      en.push(`${together ? 'and ' : ''}were up to ${f.atOnce} at once on one device (limit ${atOnce - 1})`)
      zh.push(`同一设备上同时最多有 ${f.atOnce} 人（限值 ${atOnce - 1} 人）`)
    }
    if (f.reasons.includes('shared devices')) {
      en.push(`and used only ${f.devices} devices`)
      zh.push(`只用了 ${f.devices} 台设备`)
    }
    if (f.reasons.includes('unattended at once')) {
      en.push(`${en.length > 1 ? 'and ' : ''}ran ${f.unattended} accounts in one kind of browser with the sound off and less than ${hands} input a minute each, some at the same time`)
      zh.push(`在同一种浏览器中静音运行 ${f.unattended} 个账号，每分钟操作不足 ${hands} 次，其中有的同时进行`)
    }
    return { en: en.join(' '), zh: zh.join('，') }
  },
})

/** Notes a sighting where one learner alone uses one device, of whom there is nothing to judge; false if they are more now. */
function isAlone(state: State, s: Sighting, within: Ms): boolean {
  if (state.shared !== undefined || !staysAlone(state, s, within) || !noteOnly(state, s)) return false
  noteAlone(state, s)
  return true
}

/** Notes the use of the only device, or of the browser that stands for it; false if there are two uses from now on. */
function noteOnly(state: State, s: Sighting): boolean {
  const byBrowser = s.device === undefined
  if (byBrowser) {
    if (!tellsOfBrowser(s)) return true
    if (!s.muted) {
      if (state.byBrowser && state.device === String(s.agent)) state.device = undefined
      return true
    }
  }
  if (state.device !== undefined && state.byBrowser !== byBrowser) return s.kind === 'left'
  const step = noteLone(state, s, s.device ?? String(s.agent), DAY)
  if (step === undefined) return false
  if (step === 'left') return true
  state.byBrowser = byBrowser
  if (!byBrowser) return true
  state.inputs = s.inputs as number
  if (step !== 'on') state.before = state.inputs
  return true
}

/** What would be kept had it been shared from the beginning. */
function share(state: State): Shared {
  const uses = hostsOf(state, state.byBrowser ? { before: state.before, inputs: state.inputs } : {})
  return { synchrony: synchronyOf(state), hosts: state.byBrowser ? {} : uses, browsers: state.byBrowser ? uses : {}, groups: [] }
}

/** Whether there is no more than one device for two of a group's learners. */
function isCrowded(group: IpGroup, hosts: Hosts): boolean {
  return countDevices(hosts, group.learners) * 2 <= group.learners.length && allKnown(hosts, group.learners)
}

function allKnown(hosts: Hosts, learners: readonly string[]): boolean {
  const known = new Set<string>()
  for (const k in hosts) for (const u of hosts[k] as Use[]) known.add(u.who)
  return learners.every((w) => known.has(w))
}

/** Learners on one device at the same time: part of a group that is known, or a farm of its own. */
function judgeHost(use: Use, event: string | undefined, shared: Shared, context: Ip): void {
  const together = atOnce(shared.hosts, use, context.params.overlap)
  if (together.length >= context.params.atOnce) farm(together, event, shared, context, (g) => (g.atOnce = Math.max(g.atOnce, together.length)))
}

/** Accounts that run with nobody at them, where no device is named. */
function judgeQuiet(use: Use, event: string | undefined, shared: Shared, context: Ip): void {
  const { params } = context
  const alone = unattended(shared.browsers, use, shared.synchrony.people, params.overlap, params)
  if (alone.length > 0) farm(alone, event, shared, context, (g) => (g.unattended = Math.max(g.unattended, alone.length)))
}

function farm(uses: readonly Use[], event: string | undefined, shared: Shared, context: Ip, note: (group: IpGroup) => void): void {
  const { groups } = shared
  const { now } = context
  const known = groups.find((g) => uses.some((u) => g.learners.includes(u.who)))
  const group: IpGroup = known ?? newFarm(uses, now, groups)
  if (!known) groups.push(group)
  const before = group.learners.length
  for (const u of uses) if (!groups.some((g) => g.learners.includes(u.who))) group.learners.push(u.who)
  const news = group.verdict !== 'farm' || group.learners.length > before
  group.verdict = 'farm'
  note(group)
  group.end = now
  if (event !== undefined && !group.evidence.events.includes(event)) addEvidence(group.evidence, event)
  if (news) raise(group, 'ongoing', shared, context)
}

function newFarm(of: readonly Use[], now: Ms, groups: readonly IpGroup[]): IpGroup {
  const evidence = newEvidence()
  const uses = [...of].sort((a, b) => a.from - b.from || compareText(a.who, b.who))
  for (const u of uses) if (u.event !== undefined) addEvidence(evidence, u.event)
  let begin = (uses[0] as Use).from
  // An episode is known by its begin.
  while (groups.some((g) => g.begin === begin)) begin++
  return { begin, end: now, learners: [], chapters: [], boundaries: 0, last: '', share: 0, evidence, verdict: 'farm', atOnce: 1, unattended: 0 }
}

function end(context: Ip): void {
  const { params, now } = context
  const { shared } = context.state
  if (shared === undefined || shared.groups.length === 0) return
  for (const group of endQuiet(shared.synchrony, shared.groups, now, params.quiet)) {
    raise(group, 'ended', shared, context)
    // The next episode begins with what is seen from now on.
    dropUses(shared.hosts, (u) => group.learners.includes(u.who))
    dropUses(shared.browsers, (u) => group.learners.includes(u.who))
  }
}

function raise(group: IpGroup, episode: 'ongoing' | 'ended', shared: Shared, context: Ip): void {
  const { params, id } = context
  const learners = peopleOf(group.learners)
  if (isCrowded(group, shared.hosts)) group.verdict = 'farm'
  const klass = classOfGroup(shared.synchrony, group)
  const reasons: string[] = []
  if (group.share > 0) reasons.push('in step')
  const fewDevices = group.verdict === 'farm' && group.atOnce === 1 && group.unattended === 0
  if (group.atOnce > 1) reasons.push('devices at once')
  if (fewDevices) reasons.push('shared devices')
  if (group.unattended > 0) reasons.push('unattended at once')
  // A device proves it; accounts that nobody sits at are a sign alone.
  const severity: { severity?: Severity } = group.atOnce > 1 || fewDevices ? { severity: 'critical' } : group.share === 0 ? { severity: 'medium' } : {}
  context.raise({
    episode, begin: group.begin, end: group.end, subject: { kind: 'ip', id, platform: (learners[0] as { platform: string }).platform }, learners,
    ...(klass === undefined ? {} : { class: klass }), chapters: group.chapters,
    facts: {
      verdict: group.verdict, reasons, learners: learners.map((l) => l.id), devices: countDevices(shared.hosts, group.learners), atOnce: group.atOnce,
      unattended: group.unattended, boundaries: group.boundaries, share: Math.round(group.share * 1000) / 1000, withinSeconds: params.within / SECOND,
      onAddress: Object.keys(shared.synchrony.members).length,
    },
    evidence: group.evidence, ...severity,
  })
}
