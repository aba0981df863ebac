import { covered, pairsOf } from '../base/intervals.ts'
import { formatTime, SECOND, type Ms } from '../base/time.ts'
import type { Catalogue } from '../catalogue/index.ts'
import type { Place } from '../telemetry/event.ts'
import { recordId, type LearningRecord } from './record.ts'
import { MOST_STRETCHES, noOutcomes, type Sitting } from './sitting.ts'

/** Whose record it is, and what else is known of it. */
export interface About {
  platform: string
  learner: string
  /** The class that the learner's events named last. */
  class: string | undefined
  /** What was missing, if anything. */
  missing: string | undefined
}

/** Writes the next revision of a sitting's record, with its members in the order of the contract. */
export function buildRecord(sitting: Sitting, { platform, learner, ...about }: About, catalogue: Catalogue, at: Ms, state: LearningRecord['state']): LearningRecord {
  const s = sitting
  const { watched = [], sessions = [], ips = [], devices = [], checks = [], outcomes = noOutcomes() } = s
  const who = whoOf(s, { platform, learner, ...about })
  const klass = catalogue.classOf(who)
  const named = who.class ?? klass?.id
  const course = catalogue.courseOf({ ...who, chapter: s.chapter })
  const length = course && catalogue.chapter(course, s.chapter)?.length
  const missing = missingOf(s, about.missing)
  const courseId = s.course ?? course?.id
  return {
    format: 1,
    id: recordId(platform, learner, s.chapter, s.begin),
    revision: ++s.revision,
    state,
    kind: s.isPractice ? 'practice' : 'playback',
    platform,
    learner,
    ...(s.account === undefined ? {} : { account: s.account }),
    ...(named === undefined ? {} : { class: named }),
    ...(klass?.institution === undefined ? {} : { institution: klass.institution }),
    ...(courseId === undefined ? {} : { course: courseId }),
    chapter: s.chapter,
    begin: formatTime(s.begin),
    end: formatTime(s.end),
    written: formatTime(at),
    wallClock: (s.end - s.begin) / SECOND,
    watched: pairsOf(watched).map(([from, to]): [number, number] => [rounded(from), rounded(to)]),
    union: rounded(covered(watched, 0, Infinity)),
    ...(length !== undefined || s.length > 0 ? { length: length ?? s.length } : {}),
    completed: s.isCompleted,
    credited: rounded(s.credited / SECOND),
    sessions: [...sessions],
    ...(s.login === undefined ? {} : { login: { time: formatTime(s.login.time), ...(s.login.ip === undefined ? {} : { ip: s.login.ip }), ...placeOf(s.login.place) } }),
    ips: ips.map((u) => ({ ip: u.ip, ...placeOf(u.place), first: formatTime(u.first), last: formatTime(u.last) })),
    devices: [...devices],
    checks: checks.map(({ time, event, challenge, outcome, photo, similarity }) => ({
      time: formatTime(time), event, ...(challenge === undefined ? {} : { challenge }), ...(outcome === undefined ? {} : { outcome }),
      ...(photo === undefined ? {} : { photo }), ...(similarity === undefined ? {} : { similarity }),
    })),
    checkCounts: { requested: s.requested, ...outcomes },
    answers: { count: s.answers, correct: s.correct },
    events: { first: s.first, last: s.last, count: s.count },
    coverage: missing === undefined ? { state: 'full' } : { state: 'partial', missing },
  }
}

/** The media length of a sitting's chapter, by the catalogue. */
export function lengthOf(sitting: Sitting, about: About, catalogue: Catalogue): number | undefined {
  const course = catalogue.courseOf({ ...whoOf(sitting, about), chapter: sitting.chapter })
  return course && catalogue.chapter(course, sitting.chapter)?.length
}

function whoOf({ class: klass, classBefore, course }: Sitting, about: About): { platform: string; learner: string; class: string | undefined; course: string | undefined } {
  return { platform: about.platform, learner: about.learner, class: klass ?? classBefore ?? about.class, course }
}

function missingOf({ unplaced, overfull, silent }: Sitting, late: string | undefined): string | undefined {
  const all = [
    ...(unplaced ? ['some of its playback has no positions'] : []),
    ...(overfull ? [`it has more than ${MOST_STRETCHES} stretches of media, of which the shortest are not told`] : []),
    ...(silent ? ['its player was silent for too long to prove that it played all the time'] : []),
    ...(late === undefined ? [] : [late]),
  ]
  return all.length === 0 ? undefined : all.join('; ')
}

function placeOf(place: Place | undefined): { place?: NonNullable<LearningRecord['ips'][number]['place']> } {
  if (place?.country === undefined) return {}
  const { country, province, provinceCode, city } = place
  const region = province ?? provinceCode
  return { place: { country, ...(region === undefined ? {} : { province: region }), ...(city === undefined ? {} : { city }) } }
}


/** To milliseconds: sums of positions have more digits than anybody measured. */
function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
