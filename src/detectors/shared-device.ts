import { z } from 'zod'
import { number, rare, record, ref, type RecordOf } from '../base/record.ts'
import { HOUR, MINUTE, duration, type Ms } from '../base/time.ts'
import { defineDetector, type Context } from '../engine/detector.ts'
import type { Sighting } from '../engine/sighting.ts'
import type { Severity } from '../warnings/warning.ts'
import { addEvidence, newEvidence, type Evidence } from '../warnings/evidence.ts'
import { hostsOf, loneUse, noteLone } from './shared/alone.ts'
import { atOnce, dropUses, isContested, noteUse, usesOf, type Hosts, type Use } from './shared/hosts.ts'
import { namesOf, peopleOf, personKey, personOf, type Ref } from './shared/people.ts'

interface Episode {
  device: string
  begin: Ms
  end: Ms
  learners: string[]
  /** Most of them at the same time. */
  atOnce: number
  returns: number
  teacher: Ref | undefined
  evidence: Evidence
}

/** What is kept of a device or address that two have used, or one on two devices. Plain data. */
interface Shared {
  hosts: Hosts
  episode: Episode | undefined
  /** Who used the device last, and until when. */
  latest: { who: string; at: Ms } | undefined
  /** When it was handed back in a hurry. */
  returns: Ms[]
}

const fields = record({
  ...loneUse,
  account: ref<string>(),
  class: ref<string>(),
  stretches: number(0),
  /** In the place of the fields above, as soon as there are two uses. */
  shared: rare<Shared>(),
})
type State = RecordOf<typeof fields>

interface Facts {
  device: string
  learners: string[]
  atOnce: number
  /** How often it was handed back, in a hurry, to somebody who had used it before. */
  returns: number
  windowHours: number
  teacher?: string
}

const params = z.strictObject({
  learners: z.int().min(2).default(3).describe('Learners of one device that are too many; teachers do not count.'),
  window: duration.prefault('24h').describe('Within which they use it: a classroom computer serves others on other days.'),
  overlap: duration.prefault('5m').describe('How long two must use it at the same time: longer than it takes to help somebody log in.'),
  handover: duration.prefault('5m').describe('A hand-over within so long is hurried; logins closer than 5 minutes break published rules.'),
  returns: z.int().min(1).default(6).describe('Hurried hand-overs to somebody who had used it before, within the window, that are as good as at once.'),
  crowd: z.int().min(3).default(50).describe('Learners on an IP address above which a teacher seen on it says nothing: it is a network.'),
  quiet: duration.prefault('2h').describe('An episode is over when the device has not been seen for so long.'),
})
type Params = z.output<typeof params>
type Device = Context<Params, State, Facts>

const MOST_RETURNS = 32

/**
 * One device serves several learners. In turn that is a hint alone: computers of classrooms and families serve one after
 * the other. It is more if two use it at the same time for `overlap`, which no two people do at one screen, or if it
 * goes to and fro: in a room each has a turn, in a family two or three a day, so that three learners come back twice each
 * (`returns`) only where one person has the next account ready. Then a teacher of their class who was seen on the device, or on
 * the IP address from which it served two at once, is the subject.
 */
export const sharedDevice = defineDetector<typeof params, State, Facts>({
  name: 'shared-device',
  version: 1,
  summary: 'One device serves three or more learners, in turn or at once; the subject is a teacher of their class who was seen with it.',
  stage: 'resource',
  params,
  facts: {
    device: 'its id', learners: 'ids of those who use it', atOnce: 'learners at the same time',
    returns: 'hurried hand-overs to somebody who had used it before', windowHours: 'within which they used it',
    teacher: 'id of the teacher who was seen with it, if one was',
  },
  resources: ['device', 'ip'],
  needs: ['device'],
  horizon: 48 * HOUR,
  state: fields,
  onSighting(s, context) {
    const { state, params } = context
    end(context)
    const device = s.resource === 'device' ? s.id : s.device
    if (device === undefined || isAlone(state, s, device, params.window)) return
    const shared = (state.shared ??= share(state))
    const use = noteUse(shared.hosts, s, device, params.window)
    if (s.resource === 'device') noteHand(use, s, context)
    if (!use) return
    const open = shared.episode
    if (open) goOn(open, use, s, context)
    else if (s.resource === 'device') judgeDevice(use, context)
    else judgeAddress(use, s, context)
    if (shared.episode) context.wakeAt(shared.episode.end + params.quiet)
  },
  onTimer(_, context) {
    end(context)
  },
  explain({ learners, atOnce, returns, windowHours, teacher }, { learners: most, returns: often, handover }) {
    let en = `one device served ${learners.length} learners (${namesOf(learners)}) within ${windowHours} h, up to ${atOnce} of them at once (limit ${most - 1})`
    let zh = `同一设备在 ${windowHours} 小时内供 ${learners.length} 名学员（${namesOf(learners)}）使用，同时最多 ${atOnce} 人（限值 ${most - 1} 人）`
    if (returns > 0) {
      en += ` and was handed back ${returns} times within ${handover / MINUTE} min (limit ${often - 1})`
      zh += `，${returns} 次在 ${handover / MINUTE} 分钟内换回先前的学员（限值 ${often - 1} 次）`
    }
    if (teacher !== undefined) {
      en += `; teacher ${teacher} of their class was seen with it`
      zh += `；该班教师 ${teacher} 曾在该设备或其 IP 上出现`
    }
    return { en, zh }
  },
})

/** Notes a sighting where one learner alone uses one device, of whom there is nothing to judge; false if they are more now. */
function isAlone(state: State, s: Sighting, device: string, memory: Ms): boolean {
  if (state.shared !== undefined) return false
  const step = noteLone(state, s, device, memory)
  if (step === undefined) return false
  if (step === 'left') return true
  if (step === 'first') {
    state.stretches = 0
    state.account = state.class = undefined
  }
  if (step !== 'on') state.stretches++
  if (s.account !== undefined) state.account = s.account
  if (s.class !== undefined) state.class = s.class
  return true
}

/** What would be kept had it been shared from the beginning. Whoever comes second is new here: who had it last does not matter yet. */
function share(state: State): Shared {
  const { account, class: klass, stretches } = state
  return { hosts: hostsOf(state, { account, class: klass, stretches }), episode: undefined, latest: undefined, returns: [] }
}

/** Where it is shared: what is kept from then on. */
function sharedOf({ state }: Device): Shared {
  return state.shared as Shared
}

/** Notes who has the device in hand. `use` is undefined for a sighting that only says that it was left. */
function noteHand(use: Use | undefined, s: Sighting, context: Device): void {
  const { params } = context
  const shared = sharedOf(context)
  const { latest, returns } = shared
  if (!use) {
    // A timer notices long after the last use.
    if (latest && s.event !== undefined && latest.who === personKey(s.platform, s.learner)) latest.at = s.time
    return
  }
  if (latest && latest.who !== use.who && use.from === s.time && use.stretches > 1 && s.time - latest.at < params.handover) {
    while (returns.length > 0 && (returns.length >= MOST_RETURNS || (returns[0] as Ms) <= s.time - params.window)) returns.shift()
    returns.push(s.time)
  }
  shared.latest = { who: use.who, at: s.time }
}

function judgeDevice(use: Use, context: Device): void {
  const group = learnersOn(use, context)
  if (new Set(group.map((u) => u.who)).size < context.params.learners) return
  const together = togetherWith(use, context)
  const sure = isSure(together, returnsOf(context), context)
  // In turn or at once: the next sightings tell.
  if (!sure && isContested(sharedOf(context).hosts, use)) return
  begin(group, sure ? teacherOf(group, context) : undefined, together, context)
}

/** On an address only a teacher is looked for, and only where the device itself was never seen with one. */
function judgeAddress(use: Use, s: Sighting, context: Device): void {
  const { params } = context
  if (s.place?.kind === 'private') return
  const together = togetherWith(use, context)
  if (together < 2) return
  const group = learnersOn(use, context)
  if (group.length < params.learners || new Set(Object.values(sharedOf(context).hosts).flatMap((uses) => uses.map((u) => u.who))).size > params.crowd) return
  const teacher = teacherOf(group, context)
  if (!teacher || teacher.device === use.device) return
  begin(group, teacher, together, context)
}

function togetherWith(use: Use, context: Device): number {
  return atOnce(sharedOf(context).hosts, use, context.params.overlap).filter((u) => !isTeacher(u, context)).length
}

function returnsOf(context: Device): number {
  return sharedOf(context).returns.filter((t) => t > context.now - context.params.window).length
}

/** Whether it is more than one learner after the other. */
function isSure(together: number, returns: number, { params }: Device): boolean {
  return together > 1 || returns >= params.returns
}

function begin(group: readonly Use[], teacher: Use | undefined, together: number, context: Device): void {
  const evidence = newEvidence()
  const ordered = [...group].sort((a, b) => a.from - b.from || (a.who < b.who ? -1 : 1))
  for (const u of ordered) if (u.event !== undefined) addEvidence(evidence, u.event)
  const first = ordered[0] as Use
  const episode: Episode = {
    device: first.device, begin: first.from, end: context.now, learners: [...new Set(group.map((u) => u.who))], atOnce: together,
    returns: returnsOf(context), teacher: teacher && personOf(teacher.who), evidence,
  }
  sharedOf(context).episode = episode
  raise(episode, 'ongoing', context)
}

function goOn(episode: Episode, use: Use, s: Sighting, context: Device): void {
  if (use.device !== episode.device) return
  episode.end = s.time
  if (s.event !== undefined && !episode.evidence.events.includes(s.event)) addEvidence(episode.evidence, s.event)
  const known = episode.learners.length
  const wasSure = isSure(episode.atOnce, episode.returns, context)
  const isLearner = !isTeacher(use, context)
  if (isLearner) {
    if (!episode.learners.includes(use.who)) episode.learners.push(use.who)
    episode.atOnce = Math.max(episode.atOnce, togetherWith(use, context))
    episode.returns = Math.max(episode.returns, returnsOf(context))
  }
  const sure = isSure(episode.atOnce, episode.returns, context)
  if (sure && !episode.teacher && s.resource === 'device' && !(isLearner && wasSure)) {
    const teacher = teacherOf(learnersOn(use, context), context)
    if (teacher) {
      // Who answers for it has changed, and with it the warning.
      raise(episode, 'withdrawn', context)
      episode.teacher = personOf(teacher.who)
      raise(episode, 'ongoing', context)
      return
    }
  }
  if (sure !== wasSure || episode.learners.length > known) raise(episode, 'ongoing', context)
}

function learnersOn(use: Use, context: Device): Use[] {
  return usesOf(sharedOf(context).hosts, use).filter((u) => u.last > context.now - context.params.window && !isTeacher(u, context))
}

/** A teacher of a class of the group's who was seen on this resource; one seen on the device before one seen elsewhere. */
function teacherOf(group: readonly Use[], context: Device): Use | undefined {
  const { catalogue, now, params } = context
  let found: Use | undefined
  for (const u of Object.values(sharedOf(context).hosts).flat()) {
    if (u.last <= now - params.window) continue
    const { platform, id } = personOf(u.who)
    for (const g of group) {
      const learner = personOf(g.who)
      if (learner.platform !== platform) continue
      const klass = catalogue.classOf({ platform, learner: learner.id, class: g.class, course: undefined })?.id
      if (klass === undefined) continue
      if (!catalogue.isTeacher(platform, id, klass) && !(u.account !== undefined && catalogue.isTeacher(platform, u.account, klass))) continue
      if (!found || (u.device === g.device && found.device !== g.device)) found = u
      break
    }
  }
  return found
}

function isTeacher(use: Use, { catalogue }: Device): boolean {
  const { platform, id } = personOf(use.who)
  return catalogue.isTeacher(platform, id) || (use.account !== undefined && catalogue.isTeacher(platform, use.account))
}

function end(context: Device): void {
  const { params, now } = context
  const { shared } = context.state
  const episode = shared?.episode
  if (!shared || !episode || now < episode.end + params.quiet) return
  raise(episode, 'ended', context)
  // The next episode begins with what is seen from now on.
  shared.episode = undefined
  shared.returns = []
  dropUses(shared.hosts, (u) => u.device === episode.device && episode.learners.includes(u.who))
}

function raise(e: Episode, episode: 'ongoing' | 'ended' | 'withdrawn', context: Device): void {
  const learners = peopleOf(e.learners)
  const { platform } = learners[0] as Ref
  const subject = e.teacher ? { kind: 'teacher' as const, id: e.teacher.id, platform: e.teacher.platform } : { kind: 'device' as const, id: e.device, platform }
  const severity: { severity?: Severity } = e.teacher ? { severity: 'critical' } : isSure(e.atOnce, e.returns, context) ? {} : { severity: 'low' }
  context.raise({
    episode, begin: e.begin, end: e.end, subject, learners, ...severity,
    ...(episode === 'withdrawn' ? { why: 'a teacher of the class was seen on the device' } : {}),
    facts: {
      device: e.device, learners: learners.map((l) => l.id), atOnce: e.atOnce, returns: e.returns, windowHours: context.params.window / HOUR,
      ...(e.teacher ? { teacher: e.teacher.id } : {}),
    },
    evidence: e.evidence,
  })
}
