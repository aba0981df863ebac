import { z } from 'zod'
import { compareText } from '../base/order.ts'
import { DAY, SECOND, type Ms } from '../base/time.ts'
import { defineDetector, type Context } from '../engine/detector.ts'
import { addEvidence, newEvidence } from '../warnings/evidence.ts'
import { classOfGroup, endQuiet, groupParams, judgePass, nextQuiet, type Group } from './shared/group.ts'
import { atOnce, countDevices, dropUses, noteUse, type Hosts, type Use } from './shared/hosts.ts'
import { namesOf, peopleOf, personKey } from './shared/people.ts'
import { newSynchrony, notePass, type Synchrony } from './shared/synchrony.ts'

interface IpGroup extends Group {
  verdict: 'group' | 'farm'
  /** Most of them on one device at the same time; 1 where devices are their own or unknown. */
  atOnce: number
}

interface State {
  synchrony: Synchrony
  hosts: Hosts
  groups: IpGroup[]
}

interface Facts {
  verdict: 'group' | 'farm'
  /** What says so: `in step`, `shared devices`, `devices at once`. */
  reasons: string[]
  learners: string[]
  /** Different devices of theirs; 0 where the platform names none. */
  devices: number
  atOnce: number
  boundaries: number
  share: number
  withinSeconds: number
  /** Learners seen on the address. */
  onAddress: number
}

const params = z.strictObject({
  ...groupParams,
  atOnce: z.int().min(2).default(3).describe('Learners on one device of the address at the same time that make a farm.'),
})
type Params = z.output<typeof params>
type Ip = Context<Params, State, Facts>

/**
 * Tells who shares an address because it is a network (a NAT, a campus, a carrier: no warning, however many they are) from
 * a `group` that studies in step and a `farm` that runs several accounts on few devices. Only synchrony (see `judgePass`)
 * or one device in several learners' use at the same time counts; the number of people on the address never does, it
 * only raises what synchrony takes.
 */
export const sharedIp = defineDetector<typeof params, State, Facts>({
  name: 'shared-ip',
  version: 1,
  summary: 'Several learners on one IP address study in step, or are run from few devices; their number alone is never enough.',
  stage: 'resource',
  params,
  resources: ['ip'],
  needs: ['ip'],
  horizon: 7 * DAY,
  newState: () => ({ synchrony: newSynchrony(), hosts: {}, groups: [] }),
  onSighting(s, context) {
    const { state, params } = context
    end(context)
    const use = s.device === undefined ? undefined : noteUse(state.hosts, s, s.device, DAY)
    if (use) judgeHost(atOnce(state.hosts, use), s.event, context)
    const pass = notePass(state.synchrony, s, params)
    if (pass) {
      const group = judgePass(state.synchrony, state.groups, personKey(s.platform, s.learner), pass, params, (g): IpGroup => ({ ...g, verdict: 'group', atOnce: 1 }))
      if (group) raise(group, 'ongoing', context)
    }
    if (state.groups.length > 0) context.wakeAt(nextQuiet(state.groups, params.quiet))
  },
  onTimer(_, context) {
    end(context)
    context.wakeAt(nextQuiet(context.state.groups, context.params.quiet))
  },
  explain(f, { atOnce, coincidences }) {
    const percent = Math.round(f.share * 100)
    const who = namesOf(f.learners)
    const en = [`${f.learners.length} learners on one IP address (${who})`]
    const zh = [`同一 IP 地址上的 ${f.learners.length} 名学员（${who}）`]
    const together = f.reasons.includes('in step')
    if (together) {
      en.push(`passed ${f.boundaries} lesson boundaries within ${f.withinSeconds} s of each other, ${percent} % or more of those they could have (limit ${coincidences})`)
      zh.push(`${f.boundaries} 次在 ${f.withinSeconds} 秒之内同时开始或学完同一课时，占可比次数的 ${percent}% 以上（限值 ${coincidences} 次）`)
    }
    if (f.atOnce > 1) {
      en.push(`${together ? 'and ' : ''}were up to ${f.atOnce} at once on one device (limit ${atOnce - 1})`)
      zh.push(`同一设备上同时最多有 ${f.atOnce} 人（限值 ${atOnce - 1} 人）`)
    } else if (f.verdict === 'farm') {
      en.push(`and used only ${f.devices} devices`)
      zh.push(`只用了 ${f.devices} 台设备`)
    }
    return { en: en.join(' '), zh: zh.join('，') }
  },
})

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
function judgeHost(together: readonly Use[], event: string | undefined, context: Ip): void {
  const { state, params, now } = context
  if (together.length < params.atOnce) return
  const known = state.groups.find((g) => together.some((u) => g.learners.includes(u.who)))
  const group: IpGroup = known ?? newFarm(together, now, state.groups)
  if (!known) state.groups.push(group)
  for (const u of together) if (!group.learners.includes(u.who)) group.learners.push(u.who)
  const news = !known || group.verdict !== 'farm'
  group.verdict = 'farm'
  group.atOnce = Math.max(group.atOnce, together.length)
  group.end = now
  if (event !== undefined && !group.evidence.events.includes(event)) addEvidence(group.evidence, event)
  if (news) raise(group, 'ongoing', context)
}

function newFarm(together: readonly Use[], now: Ms, groups: readonly IpGroup[]): IpGroup {
  const evidence = newEvidence()
  const uses = [...together].sort((a, b) => a.from - b.from || compareText(a.who, b.who))
  for (const u of uses) if (u.event !== undefined) addEvidence(evidence, u.event)
  let begin = (uses[0] as Use).from
  // An episode is known by its begin.
  while (groups.some((g) => g.begin === begin)) begin++
  return { begin, end: now, learners: [], chapters: [], boundaries: 0, last: '', share: 0, evidence, verdict: 'farm', atOnce: 1 }
}

function end(context: Ip): void {
  const { state, params, now } = context
  if (state.groups.length === 0) return
  for (const group of endQuiet(state.synchrony, state.groups, now, params.quiet)) {
    raise(group, 'ended', context)
    // The next episode begins with what is seen from now on.
    dropUses(state.hosts, (u) => group.learners.includes(u.who))
  }
}

function raise(group: IpGroup, episode: 'ongoing' | 'ended', context: Ip): void {
  const { state, params, id } = context
  const learners = peopleOf(group.learners)
  if (isCrowded(group, state.hosts)) group.verdict = 'farm'
  const klass = classOfGroup(state.synchrony, group)
  const reasons: string[] = []
  if (group.share > 0) reasons.push('in step')
  if (group.atOnce > 1) reasons.push('devices at once')
  else if (group.verdict === 'farm') reasons.push('shared devices')
  context.raise({
    episode, begin: group.begin, end: group.end, subject: { kind: 'ip', id, platform: (learners[0] as { platform: string }).platform }, learners,
    ...(klass === undefined ? {} : { class: klass }), chapters: group.chapters,
    facts: {
      verdict: group.verdict, reasons, learners: learners.map((l) => l.id), devices: countDevices(state.hosts, group.learners), atOnce: group.atOnce,
      boundaries: group.boundaries, share: Math.round(group.share * 1000) / 1000, withinSeconds: params.within / SECOND,
      onAddress: Object.keys(state.synchrony.members).length,
    },
    evidence: group.evidence,
    ...(group.verdict === 'farm' ? { severity: 'critical' as const } : {}),
  })
}
