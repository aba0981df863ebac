// A log of honest learners for measuring speed and memory: lines of about 280 bytes, sorted by time.
// Not for measuring detection: every learner here does the same.
import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

const START = Date.UTC(2026, 2, 2, 0, 0, 0)
const CHAPTER_SECONDS = 1200
const BEAT = 15

/** Writes (once) a log of `events` events by `learners` learners who all study at the same time. */
export function makeLog(path, { learners, events }) {
  if (existsSync(path)) return path
  mkdirSync(dirname(path), { recursive: true })
  const fd = openSync(`${path}.new`, 'w')
  let text = ''
  let written = 0
  // Each learner beats every 15 s, at an offset of its own; round r holds everybody's r-th beat.
  for (let round = 0; written < events; round++) {
    for (let l = 0; l < learners && written < events; l++, written++) {
      const time = START + round * BEAT * 1000 + Math.floor((l / learners) * BEAT * 1000)
      text += line(l, round, time)
      if (text.length > 1 << 20) {
        writeSync(fd, text)
        text = ''
      }
    }
  }
  writeSync(fd, text)
  closeSync(fd)
  renameSync(`${path}.new`, path)
  return path
}

function line(l, round, time) {
  const id = String(l).padStart(7, '0')
  // Everybody's chapters end at another time, as those of people who study alone do.
  const beats = 80 + ((l * 7) % 41)
  const beat = round % (beats + 2)
  const chapter = `c${1 + (Math.floor(round / (beats + 2)) % 40)}`
  const action = beat === 0 ? 'initialized' : beat === 1 ? 'played' : beat === beats + 1 ? 'completed' : 'heartbeat'
  const jitter = ((l * 7919 + round * 104729) % 97) / 1000
  const delay = 40 + ((l * 31 + round * 17) % 160)
  const position = Math.max(0, (beat - 1) * BEAT + (beat > 1 ? jitter : 0)).toFixed(3)
  return `{"id":"${id}-${String(round).padStart(6, '0')}","time":"${iso(time)}","received":"${iso(time + delay)}","action":"${action}","platform":"p${l % 5}","learner":"L${id}","session":"s-${id}","device":"d-${id}","ip":"10.${(l >> 16) & 255}.${(l >> 8) & 255}.${l & 255}","class":"k${l % 500}","chapter":"${chapter}","position":${Number(position)},"visible":true,"inputs":${(l + round) % 4}}\n`
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
