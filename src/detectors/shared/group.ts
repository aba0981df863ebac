import { z } from 'zod'
import { duration, type Ms } from '../../base/time.ts'
import { addEvidence, newEvidence, type Evidence } from '../../warnings/evidence.ts'
import { binomialTail, logChoose } from './chance.ts'
import { compare, forgetPasses, meets, passedWith, passesOf, type Member, type Pass, type Synchrony } from './synchrony.ts'

/** The parameters of every detector that looks for learners in step. */
export const groupParams = {
  size: z.int().min(2).default(3).describe('Learners in step, each with the others, that make a group.'),
  within: duration.prefault('5s').describe('How close two learners pass a lesson boundary to pass it together.'),
  apart: duration.prefault('5m').describe('A boundary sooner after a counted one belongs to it: who is in step stays so until one pauses.'),
  coincidences: z.int().min(2).default(4).describe('Boundaries that two learners passed together, at least; the first of a sitting never counts.'),
  share: z.number().min(0).max(1).default(0.6).describe('Share of the boundaries either passed while both were there that they passed together, at least.'),
  chance: z.number().gt(0).lt(1).default(0.25).describe('Chance that two honest learners pass a counted boundary together.'),
  memberRisk: z.number().gt(0).lt(1).default(0.05).describe('Highest chance that anybody there is in step with a group by accident as much as each of its members is.'),
  groupRisk: z.number().gt(0).lt(1).default(0.0001).describe('Highest chance that any group of that size there is in step by accident.'),
  memory: duration.prefault('7d').describe('How long boundaries are remembered until a group is sure.'),
  quiet: duration.prefault('2h').describe('An episode is over when its learners pass no boundary together for so long.'),
}
type GroupParams = { [K in keyof typeof groupParams]: z.output<(typeof groupParams)[K]> }

/** Learners who study in step: one episode. Plain data. */
export interface Group {
  begin: Ms
  end: Ms
  /** Keys of its learners. */
  learners: string[]
  chapters: string[]
  /** Boundaries that two or more of them passed together. */
  boundaries: number
  /** The boundary counted last. */
  last: string
  /** The smallest share by which two of them are in step, when they joined. */
  share: number
  evidence: Evidence
}

const MOST_GROUPS = 16
const MOST_CANDIDATES = 64
const MOST_CHAPTERS = 20

/**
 * Judges a boundary: of a group that goes on, of one that somebody joins, or of a new one. Returns the group that is new or has grown.
 *
 * Two learners are in step if they passed k of n counted boundaries together, k and k/n at least `coincidences` and `share`.
 * By accident that has the chance p(k, n) = P(Bin(n, `chance`) ≥ k). Honest learners pause 0.1 to 0.4 times a minute, so two
 * who are in step both go on without a pause for the 5 minutes of `apart` with a chance of at most 0.1 to 0.15, and come
 * together again by accident, as they complete a lesson or begin the next, with less than 0.1: hence `chance` 0.25. (Simulated
 * colleagues who are told to begin together pass 0.01 of them together; those who never pause 0.03, one pair in 10,000 as many
 * as 7.) With N learners there, a member of a group must have N·p ≤ `memberRisk` (p: the geometric mean over its links, which
 * it needs to two thirds of the group), and the m of them C(N, m)·∏p ≤ `groupRisk`, over m - 1 members: so the more people
 * share an address or a class, the more it takes.
 */
export function judgePass<G extends Group>(
  synchrony: Synchrony, groups: G[], who: string, pass: Pass, params: GroupParams, make: (group: Group) => G,
): G | undefined {
  const partners = passedWith(synchrony, who, pass, params.within)
  if (partners.length === 0) return undefined
  const { people } = synchrony
  const own = groups.find((g) => g.learners.includes(who))
  if (own) {
    if (partners.some((p) => own.learners.includes(p))) goOn(own, pass)
    let grew = false
    for (const p of partners) if (!groups.some((g) => g.learners.includes(p)) && join(synchrony, own, p, people, params)) grew = true
    return grew ? own : undefined
  }
  for (const g of groups) {
    if (!partners.some((p) => g.learners.includes(p)) || !join(synchrony, g, who, people, params)) continue
    goOn(g, pass)
    return g
  }
  if (groups.length >= MOST_GROUPS) return undefined
  const free = partners.filter((p) => !groups.some((g) => g.learners.includes(p))).slice(-MOST_CANDIDATES)
  const found = form(synchrony, who, free, people, params)
  if (!found) return undefined
  const group = make(gather(synchrony, found.learners, found.share, params.within))
  // An episode is known by its begin.
  while (groups.some((g) => g.begin === group.begin)) group.begin++
  groups.push(group)
  return group
}

/** Removes and returns the groups that have been quiet; their learners begin anew. */
export function endQuiet<G extends Group>(synchrony: Synchrony, groups: G[], now: Ms, quiet: Ms): G[] {
  if (!groups.some((g) => now >= g.end + quiet)) return []
  const over = groups.filter((g) => now >= g.end + quiet)
  for (const g of over) {
    groups.splice(groups.indexOf(g), 1)
    for (const who of g.learners) {
      const member = synchrony.members[who]
      if (member) forgetPasses(member, g.end)
    }
  }
  return over
}

/** When the first of the groups will have been quiet. */
export function nextQuiet(groups: readonly Group[], quiet: Ms): Ms | undefined {
  return groups.length === 0 ? undefined : Math.min(...groups.map((g) => g.end)) + quiet
}

/** The one class of a group's learners, if it is one. */
export function classOfGroup(synchrony: Synchrony, group: Group): string | undefined {
  const classes = new Set(group.learners.map((w) => synchrony.members[w]?.class))
  const platforms = new Set(group.learners.map((w) => w.slice(0, w.indexOf('\u0000'))))
  return classes.size === 1 && platforms.size === 1 ? [...classes][0] : undefined
}

function join(synchrony: Synchrony, g: Group, who: string, people: number, params: GroupParams): boolean {
  const link = linkTo(synchrony, who, g.learners, params)
  if (!link || Math.log(people) + link.logChance > Math.log(params.memberRisk)) return false
  g.learners.push(who)
  g.share = Math.min(g.share, link.share)
  return true
}

function goOn(g: Group, pass: Pass): void {
  const boundary = boundaryOf(pass)
  if (boundary !== g.last) {
    g.last = boundary
    g.boundaries++
  }
  g.end = pass.time
  if (!g.chapters.includes(pass.chapter) && g.chapters.length < MOST_CHAPTERS) g.chapters.push(pass.chapter)
  if (pass.event !== '') addEvidence(g.evidence, pass.event)
}

interface Link {
  logChance: number
  share: number
}

function link(a: Member | undefined, b: Member | undefined, least: number, params: GroupParams): Link | undefined {
  const agreement = a && b && compare(a, b, least, params)
  if (!agreement) return undefined
  const { together, passed } = agreement
  if (together < params.share * passed) return undefined
  return { logChance: Math.log(binomialTail(passed, together, params.chance)), share: together / passed }
}

/** The fewest boundaries passed together that can satisfy `memberRisk`: with fewer, even all of them would not. */
function leastOf({ people }: Synchrony, { coincidences, chance, memberRisk }: GroupParams): number {
  return Math.max(coincidences, Math.ceil(Math.log(memberRisk / people) / Math.log(chance)))
}

/** How a learner is linked to at least two thirds of some others: the mean log chance and the smallest share. */
function linkTo(synchrony: Synchrony, who: string, others: readonly string[], params: GroupParams): Link | undefined {
  const { members } = synchrony
  const least = leastOf(synchrony, params)
  let links = 0
  let logChance = 0
  let share = 1
  for (const other of others) {
    const l = link(members[who], members[other], least, params)
    if (!l) continue
    links++
    logChance += l.logChance
    share = Math.min(share, l.share)
  }
  return links * 3 >= others.length * 2 && links > 0 ? { logChance: logChance / links, share } : undefined
}

function form(synchrony: Synchrony, who: string, partners: readonly string[], people: number, params: GroupParams): { learners: string[]; share: number } | undefined {
  const { members } = synchrony
  const least = leastOf(synchrony, params)
  const linked: { key: string; logChance: number }[] = []
  for (const key of partners) {
    const l = link(members[who], members[key], least, params)
    if (l) linked.push({ key, logChance: l.logChance })
  }
  if (linked.length + 1 < params.size) return undefined
  linked.sort((a, b) => a.logChance - b.logChance || (a.key < b.key ? -1 : 1))
  const learners = [who]
  let logChance = 0
  let share = 1
  for (const { key } of linked) {
    const l = linkTo(synchrony, key, learners, params)
    if (!l || Math.log(people) + l.logChance > Math.log(params.memberRisk)) continue
    learners.push(key)
    logChance += l.logChance
    share = Math.min(share, l.share)
  }
  const size = learners.length
  return size >= params.size && logChoose(people, size) + logChance <= Math.log(params.groupRisk) ? { learners, share } : undefined
}

/** The group as its remembered boundaries show it. */
function gather({ members }: Synchrony, learners: string[], share: number, within: Ms): Group {
  const shared: Pass[] = []
  for (const who of learners) {
    for (const pass of passesOf(members[who] as Member)) {
      if (learners.some((w) => w !== who && meets(members[w] as Member, pass.chapter, pass.completed, pass.time, within))) shared.push(pass)
    }
  }
  shared.sort((a, b) => a.time - b.time || (a.event < b.event ? -1 : 1))
  const first = shared[0] as Pass
  const group: Group = { begin: first.time, end: first.time, learners, chapters: [], boundaries: 0, last: '', share, evidence: newEvidence() }
  for (const pass of shared) goOn(group, pass)
  return group
}

function boundaryOf(pass: Pass): string {
  return `${pass.completed ? 'completed' : 'began'} ${pass.chapter}`
}
