// A log of honest learners for measuring speed and memory: lines of about 280 bytes, sorted by time.
// Not for measuring detection: every learner here does the same.
import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

export const START = Date.UTC(2026, 2, 2, 0, 0, 0)
const CHAPTER_SECONDS = 1200
const BEAT = 15

/** Writes (once) a log of `events` events by `learners` learners who all study at the same time; `cheats`: some of whom cheat, see `isTwice` and `deviceOf`. */
export function makeLog(path, { learners, events, cheats = false }) {
  if (existsSync(path)) return path
  mkdirSync(dirname(path), { recursive: true })
  const fd = openSync(`${path}.new`, 'w')
  let text = ''
  for (const one of linesOf({ learners, events, cheats })) {
    text += one
    if (text.length > 1 << 20) {
      writeSync(fd, text)
      text = ''
    }
  }
  writeSync(fd, text)
  closeSync(fd)
  renameSync(`${path}.new`, path)
  return path
}

/** The lines of such a log, in the order of time. */
export function* linesOf(options) {
  for (const { text } of timedLinesOf(options)) yield text
}

/**
 * The same with their times. `start`: the time of the first. `turnover`: after so many rounds a learner leaves and another, of another id and in the class that `classOf`
 * says, takes its place. `photos`: a face photo that two learners have, now and then.
 */
export function* timedLinesOf({ learners, events, cheats = false, photos = false, start = START, turnover = Infinity, classOf }) {
  // Each learner beats every 15 s, at an offset of its own; round r holds everybody's r-th beat.
  for (let round = 0, written = 0; written < events; round++) {
    for (let l = 0; l < learners && written < events; l++) {
      const time = start + round * BEAT * 1000 + Math.floor((l / learners) * BEAT * 1000)
      // Not all leave at once.
      const gone = turnover === Infinity ? 0 : Math.floor((round + ((l * 7919) % turnover)) / turnover)
      yield { time, text: line(l + gone * learners, round, time, cheats, classOf?.(l, gone)) }
      written++
      if (cheats && written < events && isTwice(l, round)) {
        yield { time: time + 1, text: second(l, round, time + 1, cheats) }
        written++
      }
      if (photos && written < events && hasPhoto(l, round)) {
        yield { time: time + 2, text: check(l, round, time + 2) }
        written++
      }
    }
  }
}

/** One of a hundred learners plays another chapter beside its own, for five minutes out of twenty: not all at once. */
function isTwice(l, round) {
  return l % 100 === 50 && Math.floor((round + (Math.floor(l / 100) * 7) % 80) / 20) % 4 === 1
}

/** Three of a thousand learners share a device. */
function deviceOf(l, cheats) {
  return cheats && (l % 1000 === 10 || l % 1000 === 15 || l % 1000 === 20) ? `shared-${Math.floor(l / 1000)}` : `d-${idOf(l)}`
}

/** Of two hundred learners two show the same face, once in ten minutes. */
function hasPhoto(l, round) {
  return (l % 200 === 60 || l % 200 === 65) && (round + Math.floor(l / 200)) % 40 === 3
}

const idOf = (l) => String(l).padStart(7, '0')

/** What every event of a learner says. */
function who(l, cheats, session, klass = `k${l % 500}`) {
  return `"platform":"p${l % 5}","learner":"L${idOf(l)}","session":"${session}-${idOf(l)}","device":"${deviceOf(l, cheats)}","ip":"10.${(l >> 16) & 255}.${(l >> 8) & 255}.${l & 255}","class":"${klass}"`
}

const times = (l, round, time) => `"time":"${iso(time)}","received":"${iso(time + 40 + ((l * 31 + round * 17) % 160))}"`

function second(l, round, time, cheats) {
  return `{"id":"${idOf(l)}-${String(round).padStart(6, '0')}-2",${times(l, round, time)},"action":"heartbeat",${who(l, cheats, 's2')},"chapter":"c40","position":${(round % 80) * BEAT},"visible":true,"inputs":1}\n`
}

function check(l, round, time) {
  // Hashes of different people differ in about half of their bits.
  const pair = Math.floor(l / 200) * 1000 + Math.floor(round / 40)
  const photo = [2654435761, 2246822519].map((m) => (Math.imul(pair + 1, m) >>> 0).toString(16).padStart(8, '0')).join('')
  return `{"id":"${idOf(l)}-${String(round).padStart(6, '0')}-3",${times(l, round, time)},"action":"face-checked",${who(l, true, 's')},"outcome":"passed","photo":"${photo}","similarity":0.93}\n`
}

function line(l, round, time, cheats, klass) {
  // Everybody's chapters end at another time, as those of people who study alone do.
  const beats = 80 + ((l * 7) % 41)
  const beat = round % (beats + 2)
  const chapter = `c${1 + (Math.floor(round / (beats + 2)) % 40)}`
  const action = beat === 0 ? 'initialized' : beat === 1 ? 'played' : beat === beats + 1 ? 'completed' : 'heartbeat'
  const jitter = ((l * 7919 + round * 104729) % 97) / 1000
  const position = Math.max(0, (beat - 1) * BEAT + (beat > 1 ? jitter : 0)).toFixed(3)
  return `{"id":"${idOf(l)}-${String(round).padStart(6, '0')}",${times(l, round, time)},"action":"${action}",${who(l, cheats, 's', klass)},"chapter":"${chapter}","position":${Number(position)},"visible":true,"inputs":${(l + round) % 4}}\n`
}

function iso(ms) {
  return new Date(ms).toISOString()
}

/** The catalogue of such a log: with it every rule can be judged. */
export function catalogue(lateness) {
  return {
    platforms: [0, 1, 2, 3, 4].map((p) => ({ id: `p${p}`, heartbeat: `${BEAT}s`, lateness, since: '2026-03-01' })),
    courses: [{ id: 'course-1', chapters: Array.from({ length: 40 }, (_, i) => ({ id: `c${i + 1}`, length: CHAPTER_SECONDS })) }],
    classes: Array.from({ length: 500 }, (_, k) => ({
      id: `k${k}`, platform: `p${k % 5}`, institution: `i${k % 50}`, courses: ['course-1'], timeZone: 'Asia/Shanghai', opens: '2026-03-02T00:00:00Z',
      region: { country: 'CN', provinces: ['Yunnan'] },
    })),
  }
}
