import { basename } from 'node:path'
import { formatDuration } from '../../base/time.ts'
import { cadenceOf, nearMedian, type BeatTally } from '../check/beats.ts'
import type { ClockTally } from '../check/clock.ts'
import { LEAST_EVENTS, latenessOf } from '../check/lateness.ts'
import { percent, spanText, zoneText } from '../check/words.ts'
import type { ChecksTally } from './checks.ts'
import type { ClassTallies, ClassTally } from './classes.ts'
import { AGREE, LEAST, type ChapterGuess, type CourseTally } from './courses.ts'
import type { RatesTally } from './rates.ts'
import { commentedOut, flow, scalar } from './yaml.ts'

/** What was seen of a platform, to draft its part of the catalogue from. */
export interface PlatformSeen {
  clock: ClockTally
  beats: BeatTally
  rates: RatesTally
  checks: ChecksTally
  classes: ClassTallies
  /** Events of study that name no course. */
  courseless: number
}

export interface CatalogueSeen {
  files: readonly string[]
  events: number
  /** There may be more platforms than were looked at. */
  isCut: boolean
  hasMoreCourses: boolean
  /** In order of id. */
  platforms: readonly (readonly [id: string, seen: PlatformSeen])[]
  courses: readonly (readonly [id: string, tally: CourseTally])[]
}

/** Courses that are in the draft, and whether all their chapters are. */
type Drafted = ReadonlyMap<string, 'whole' | 'in part'>

/** The draft of a catalogue: what is sure as it is, what is not commented out, each with what it was told from. */
export function writeCatalogue(seen: CatalogueSeen): string {
  const platforms = seen.platforms.flatMap(([id, p]) => platformLines(id, p))
  const courses = seen.courses.flatMap(([id, c]) => courseLines(id, c))
  // Of a course that is drafted in part, who studies the rest would be said to study what was not approved.
  const drafted = new Map(seen.courses.map(([id, c]) => [id, isPartly(c.guess()) ? 'in part' : 'whole'] as const))
  const classes = seen.platforms.flatMap(([id, p]) => classLines(id, p, drafted))
  return [
    `# Drafted by \`invigil infer\` from ${seen.events} event${seen.events === 1 ? '' : 's'} in ${seen.files.map((f) => scalar(basename(f))).join(', ')}.`,
    '# Read it, put right what is wrong and take the sign away from what is right. What could accuse somebody and is',
    '# not sure is commented out. (all keys: README, "The catalogue")',
    ...(seen.isCut ? [`# Only the first ${seen.platforms.length} platforms were looked at: is \`platform\` what it should be, and not a learner or a session?`] : []),
    ...(seen.hasMoreCourses ? [`# Only the first ${seen.courses.length} courses were looked at: is \`course\` what it should be, and not a learner or a session?`] : []),
    '', ...block('platforms', platforms), '', ...block('courses', courses), '', ...block('classes', classes), '',
  ].join('\n')
}

function block(key: string, lines: readonly string[]): string[] {
  const isEmpty = lines.flatMap((l) => l.split('\n')).every((l) => /^ *(?:#|$)/.test(l))
  return isEmpty ? [`${key}: []`, ...lines] : [`${key}:`, ...lines]
}

function platformLines(id: string, { clock, beats, rates, checks }: PlatformSeen): string[] {
  const lateness = latenessOf(clock)
  const between = checks.guess()
  return [
    `  - id: ${scalar(id)}   # ${clock.events} event${clock.events === 1 ? '' : 's'}`,
    heartbeatLine(beats),
    lateness !== undefined
      ? `    lateness: ${formatDuration(lateness)}   # 99.9 % of the events come within ${spanText(clock.behind.quantile(0.999) as number)} of the platform's newest, 95 % within ${spanText(clock.behind.quantile(0.95) as number)}`
      : `    # lateness: 60s   # ${clock.events < LEAST_EVENTS ? 'too few events to tell' : 'the log is in the order of time, which does not tell how late events come'}`,
    between !== undefined
      ? `    checks: ${formatDuration(between)}   # ${checks.between.n} stretches between two face checks of a session: half within ${spanText(checks.between.quantile(0.5) as number)}, 99 % within ${spanText(checks.between.quantile(0.99) as number)}`
      : `    # checks: 15m   # the longest time of watching between two face checks; ${checks.between.n === 0 ? 'the log has none' : `only ${checks.between.n} stretches`}`,
    rateLine(rates),
    '    # autoplay: false   # does the player begin the next chapter by itself, and after what time (`5s`)?',
    '    # global: [learner]   # only if the learner ids are national ids; never told from a log',
    `    # since: ${new Date(clock.first).toISOString().slice(0, 10)}   # from when on the log is complete; its first event is of that day`,
  ]
}

/** A cadence that not nearly all keep to may be that of one player of several: it would speak against the others. */
function heartbeatLine(beats: BeatTally): string {
  const { learners, intervals } = beats
  const cadence = cadenceOf(beats)
  if (cadence === undefined) return `    # heartbeat: 15s   # ${learners.n === 0 ? 'the log tells none' : `players keep to none: those of ${percent(nearMedian(learners))} of ${learners.n} learners are near ${spanText(learners.quantile(0.5) as number)}`}`
  const line = `    heartbeat: ${formatDuration(cadence)}   # the players of ${percent(nearMedian(learners))} of ${learners.n} learners keep to it; all ${intervals.n} intervals: median ${spanText(intervals.quantile(0.5) as number)}`
  return nearMedian(learners) >= AGREE ? line : `${commentedOut([line])[0] as string}; has the platform several players?`
}

/** A rate that the player does not offer accuses nobody by standing here; one that it offers, and that is missing, accuses all who use it. */
function rateLine(rates: RatesTally): string {
  const offered = rates.offered()
  const highest = offered.at(-1)
  if (highest === undefined) return '    # rate: 1.5   # the highest rate that the player offers and you credit; nobody plays at one above 1 that a player would offer'
  return `    rate: ${highest.rate}   # the highest that a player would offer and somebody plays at: ${offered.map(({ rate, learners, of }) => `${rate} (${learners} of ${of} learners)`).join(', ')}; is it offered, and credited? over-credit warns of who plays faster`
}

function courseLines(id: string, course: CourseTally): string[] {
  const chapters = course.guess()
  const sure = chapters.filter((c) => c.isSure).length
  const lines = [`  - id: ${scalar(id)}   # ${course.learners} learners on ${[...course.platforms].map(scalar).join(', ')}; ${sure} of ${chapters.length} chapters have a sure place${course.isCut ? '; not all chapters or learners were looked at' : ''}`]
  if (sure < chapters.length) lines.push(`    # A chapter is sure where ${LEAST} learners or more open it, most of them after the one before it. Of the others, put right the place and take the sign away.`)
  lines.push(sure === 0 ? '    # chapters:' : '    chapters:   # only what was opened is known: compare it with the plan')
  return [...lines, ...chapters.flatMap((chapter) => (chapter.isSure ? chapterLines(chapter) : commentedOut(chapterLines(chapter))))]
}

function isPartly(chapters: readonly ChapterGuess[]): boolean {
  return chapters.some((c) => c.isSure) && !chapters.every((c) => c.isSure)
}

function chapterLines({ id, learners, length, kind, place }: ChapterGuess): string[] {
  const told = place === undefined ? '' : `; ${place.of === 0 ? `nobody opened both it and ${scalar(place.after)}` : `${place.agree} of ${place.of} opened it after ${scalar(place.after)}`}${place.skipped > 0 ? `, ${place.skipped} came to it from another` : ''}`
  const lines = [`      - id: ${scalar(id)}   # ${learners} learner${learners === 1 ? '' : 's'}${told}`]
  if (length !== undefined) {
    const how = {
      length: `\`length\` in ${percent(length.share)} of ${length.n === 1 ? '1 event that names' : `${length.n} events that name`} one`, completed: `position of \`completed\`, within 1 % in ${percent(length.share)} of ${length.n}`, furthest: 'no event names a length: the furthest position of anybody, so it may be longer',
    }[length.from]
    const line = `        length: ${Number(length.seconds.toFixed(3))}   # ${how}`
    lines.push(length.isSure ? line : (commentedOut([line])[0] as string))
  }
  if (kind === 'practice') lines.push('        kind: practice   # it was attended, and never played')
  return lines
}

function classLines(platform: string, { classes, courseless }: PlatformSeen, drafted: Drafted): string[] {
  const lines: string[] = []
  if (courseless > 0) lines.push(`  # ${scalar(platform)}: ${courseless} events of study name no \`course\`, so that their chapters are in none; send it, or write the courses yourself`)
  if (classes.unnamed > 0) lines.push(`  # ${scalar(platform)}: ${classes.unnamed} events name no \`class\`; who is in which is then known only from rosters that you write here`)
  if (classes.isCut) lines.push(`  # ${scalar(platform)}: has more learners than are looked at; rosters are not whole`)
  return [...lines, ...[...classes.classes].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([id, c]) => classLinesOf(platform, id, c, drafted))]
}

function classLinesOf(platform: string, id: string, klass: ClassTally, drafted: Drafted): string[] {
  const members = [...klass.members].sort(([a], [b]) => (a < b ? -1 : 1))
  const studied = members.filter(([, m]) => m.studied).map(([learner]) => learner)
  const idle = members.filter(([, m]) => !m.studied).map(([learner]) => learner)
  const courses = [...new Set(members.flatMap(([, m]) => [...m.courses]))].sort()
  const region = klass.region()
  const [first, last] = klass.days()
  return [
    `  - id: ${scalar(id)}`,
    `    platform: ${scalar(platform)}`,
    ...coursesLines(courses, drafted),
    zoneLine(klass),
    '    # institution: …   # who runs it',
    ...(region ? [`    # region: { country: ${region.country}${region.province === undefined ? '' : `, provinces: [${scalar(region.province)}]`} }   # ${region.there} of ${region.of} learners were there first; who is elsewhere is warned of, so confirm it`] : []),
    `    # opens: ${first}   # the first event is of that day, the last of ${last}`,
    ...(idle.length > 0 ? commentedOut([`    teachers: ${flow(idle, 4)}   # seen, and never studied: teachers? else learners`]) : []),
    `    learners: ${flow(studied, 4)}   # ${studied.length} who studied in this log`,
  ]
}

function coursesLines(studied: readonly string[], drafted: Drafted): string[] {
  const courses = studied.filter((c) => drafted.has(c))
  if (courses.length === 0) return [studied.length === 0 ? '    # courses: []   # no event names one' : '    # courses: []   # too many to be looked at']
  const line = `    courses: ${flow(courses, 4)}   # those that its learners studied in this log`
  const unsure = courses.filter((c) => drafted.get(c) === 'in part')
  if (unsure.length > 0) return commentedOut([`${line}; take the sign away once all chapters of ${unsure.map(scalar).join(', ')} have their place: with some of them, who studies the others is warned of`])
  return courses.length === studied.length ? [line] : commentedOut([`${line}, without ${studied.length - courses.length} that were not looked at: who studies those is warned of`])
}

/** One zone for all of a class; of +08:00 the one that is hardly ever another. */
function zoneLine({ zones }: ClassTally): string {
  const all = [...zones].sort((a, b) => b[1] - a[1] || a[0] - b[0])
  const [only] = all
  const n = all.reduce((sum, [, count]) => sum + count, 0)
  if (only === undefined || all.length > 1 || only[0] === 0) return `    # timeZone: Asia/Shanghai   # days are counted in it; times are written in ${all.slice(0, 3).map(([z, count]) => `${zoneText(z)} (${percent(count / n)})`).join(', ')}`
  const [minutes] = only
  const zone = minutes === 480 ? 'Asia/Shanghai' : minutes % 60 === 0 && minutes >= -720 && minutes <= 840 ? `Etc/GMT${minutes > 0 ? '-' : '+'}${Math.abs(minutes) / 60}` : undefined
  return zone === undefined ? `    # timeZone: …   # all times are written in ${zoneText(minutes)}` : `    timeZone: ${zone}   # all ${n} times are written in ${zoneText(minutes)}`
}
