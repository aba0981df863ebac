import { z } from 'zod'
import { HOUR, duration, type Ms } from '../base/time.ts'
import { defineDetector, type Context } from '../engine/detector.ts'
import type { Sighting } from '../engine/sighting.ts'
import type { Severity } from '../warnings/warning.ts'
import { addEvidence, newEvidence, type Evidence } from '../warnings/evidence.ts'
import { atOnce, dropUses, noteUse, usesOf, type Hosts, type Use } from './shared/hosts.ts'
import { namesOf, peopleOf, personOf, type Ref } from './shared/people.ts'

interface Episode {
  device: string
  begin: Ms
  end: Ms
  learners: string[]
  /** Most of them at the same time. */
  atOnce: number
  teacher: Ref | undefined
  evidence: Evidence
}

interface State {
  hosts: Hosts
  episode: Episode | undefined
}

interface Facts {
  device: string
  learners: string[]
  atOnce: number
  windowHours: number
  teacher?: string
}

const params = z.strictObject({
  learners: z.int().min(2).default(3).describe('Learners of one device that are too many; teachers do not count.'),
  window: duration.prefault('24h').describe('Within which they use it: a classroom computer serves others on other days.'),
  crowd: z.int().min(3).default(50).describe('Learners on an IP address above which a teacher seen on it says nothing: it is a network.'),
  quiet: duration.prefault('2h').describe('An episode is over when the device has not been seen for so long.'),
})
type Params = z.output<typeof params>
type Device = Context<Params, State, Facts>

/**
 * One device serves several learners. Where a teacher of their class was seen on it, or on the IP address from which it
 * served at least two of them at the same time (a classroom computer serves one after the other), the teacher is the subject.
 */
export const sharedDevice = defineDetector<typeof params, State, Facts>({
  name: 'shared-device',
  version: 1,
  summary: 'One device serves three or more learners; the subject is a teacher of their class who was seen with it.',
  stage: 'resource',
  params,
  resources: ['device', 'ip'],
  needs: ['device'],
  horizon: 48 * HOUR,
  newState: () => ({ hosts: {}, episode: undefined }),
  onSighting(s, context) {
    const { state, params } = context
    end(context)
    const device = s.resource === 'device' ? s.id : s.device
    if (device === undefined) return
    const use = noteUse(state.hosts, s, device, params.window)
    if (!use) return
    const open = state.episode
    if (open) goOn(open, use, s, context)
    else if (s.resource === 'device') judgeDevice(use, context)
    else judgeAddress(use, s, context)
    if (state.episode) context.wakeAt(state.episode.end + params.quiet)
  },
  onTimer(_, context) {
    end(context)
  },
  explain({ learners, atOnce, windowHours, teacher }, { learners: most }) {
    const en = `one device served ${learners.length} learners (${namesOf(learners)}) within ${windowHours} h, up to ${atOnce} of them at once (limit ${most - 1})`
    const zh = `同一设备在 ${windowHours} 小时内供 ${learners.length} 名学员（${namesOf(learners)}）使用，同时最多 ${atOnce} 人（限值 ${most - 1} 人）`
    return teacher === undefined ? { en, zh } : { en: `${en}; teacher ${teacher} of their class was seen with it`, zh: `${zh}；该班教师 ${teacher} 曾在该设备或其 IP 上出现` }
  },
})

function judgeDevice(use: Use, context: Device): void {
  const { state, params } = context
  const group = learnersOn(use, context)
  if (new Set(group.map((u) => u.who)).size < params.learners) return
  begin(group, teacherOf(group, context), atOnce(state.hosts, use).filter((u) => !isTeacher(u, context)).length, context)
}

/** On an address only a teacher is looked for, and only where the device itself was never seen with one. */
function judgeAddress(use: Use, s: Sighting, context: Device): void {
  const { state, params } = context
  if (s.place?.kind === 'private') return
  const now = atOnce(state.hosts, use).filter((u) => !isTeacher(u, context))
  if (now.length < 2) return
  const group = learnersOn(use, context)
  if (group.length < params.learners || new Set(Object.values(state.hosts).flatMap((uses) => uses.map((u) => u.who))).size > params.crowd) return
  const teacher = teacherOf(group, context)
  if (!teacher || teacher.device === use.device) return
  begin(group, teacher, now.length, context)
}

function begin(group: readonly Use[], teacher: Use | undefined, together: number, context: Device): void {
  const evidence = newEvidence()
  const ordered = [...group].sort((a, b) => a.from - b.from || (a.who < b.who ? -1 : 1))
  for (const u of ordered) if (u.event !== undefined) addEvidence(evidence, u.event)
  const first = ordered[0] as Use
  const episode: Episode = {
    device: first.device, begin: first.from, end: context.now, learners: [...new Set(group.map((u) => u.who))], atOnce: together,
    teacher: teacher && personOf(teacher.who), evidence,
  }
  context.state.episode = episode
  raise(episode, 'ongoing', context)
}

function goOn(episode: Episode, use: Use, s: Sighting, context: Device): void {
  if (use.device !== episode.device) return
  episode.end = s.time
  if (s.event !== undefined && !episode.evidence.events.includes(s.event)) addEvidence(episode.evidence, s.event)
  if (!isTeacher(use, context)) {
    if (!episode.learners.includes(use.who)) episode.learners.push(use.who)
    episode.atOnce = Math.max(episode.atOnce, atOnce(context.state.hosts, use).filter((u) => !isTeacher(u, context)).length)
    return
  }
  if (episode.teacher || s.resource !== 'device') return
  const teacher = teacherOf(learnersOn(use, context), context)
  if (!teacher) return
  // Who answers for it has changed, and with it the warning.
  raise(episode, 'withdrawn', context)
  episode.teacher = personOf(teacher.who)
  raise(episode, 'ongoing', context)
}

function learnersOn(use: Use, context: Device): Use[] {
  return usesOf(context.state.hosts, use).filter((u) => u.last > context.now - context.params.window && !isTeacher(u, context))
}

/** A teacher of a class of the group's who was seen on this resource; one seen on the device before one seen elsewhere. */
function teacherOf(group: readonly Use[], { state, catalogue, now, params }: Device): Use | undefined {
  let found: Use | undefined
  for (const u of Object.values(state.hosts).flat()) {
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
  const { state, params, now } = context
  const episode = state.episode
  if (!episode || now < episode.end + params.quiet) return
  raise(episode, 'ended', context)
  // The next episode begins with what is seen from now on.
  state.episode = undefined
  dropUses(state.hosts, (u) => u.device === episode.device && episode.learners.includes(u.who))
}

function raise(e: Episode, episode: 'ongoing' | 'ended' | 'withdrawn', context: Device): void {
  const learners = peopleOf(e.learners)
  const { platform } = learners[0] as Ref
  const subject = e.teacher ? { kind: 'teacher' as const, id: e.teacher.id, platform: e.teacher.platform } : { kind: 'device' as const, id: e.device, platform }
  const severity: { severity?: Severity } = e.teacher ? { severity: 'critical' } : {}
  context.raise({
    episode, begin: e.begin, end: e.end, subject, learners, ...severity,
    ...(episode === 'withdrawn' ? { why: 'a teacher of the class was seen on the device' } : {}),
    facts: {
      device: e.device, learners: learners.map((l) => l.id), atOnce: e.atOnce, windowHours: context.params.window / HOUR,
      ...(e.teacher ? { teacher: e.teacher.id } : {}),
    },
    evidence: e.evidence,
  })
}
