import { HOUR, MINUTE, SECOND, formatTime, parseTime, type Ms } from '../base/time.ts'
import { Event, FIELDS, hashText } from '../telemetry/event.ts'

/** A record as a platform sends it, with when it arrives. */
export interface Arrival {
  at: Ms
  wire: Record<string, unknown> & { id: string; time: string }
}

/** Small seeded generator (xorshift32) for tests. */
export function seeded(seed: number): () => number {
  let x = seed >>> 0 || 1
  return () => {
    x ^= x << 13
    x >>>= 0
    x ^= x >>> 17
    x ^= x << 5
    x >>>= 0
    return x / 4294967296
  }
}

const START = Date.UTC(2026, 2, 2, 0, 0, 0)
const HOURS = 3
const BEAT: Ms = 15 * SECOND

/** Five platforms: how far their clocks are off, and when what they send arrives. */
const PLATFORMS: readonly { id: string; clock: Ms; arrives: (time: Ms, random: () => number) => Ms; silent?: [Ms, Ms] }[] = [
  { id: 'normal', clock: 0, arrives: (t, r) => t + SECOND + r() * SECOND },
  { id: 'behind', clock: 0, arrives: (t, r) => t + 50 * SECOND + r() * SECOND },
  { id: 'fast', clock: 4 * MINUTE, arrives: (t, r) => t + SECOND + r() * SECOND },
  { id: 'bulk', clock: 0, arrives: (t) => Math.ceil((t + 1) / (5 * MINUTE)) * 5 * MINUTE },
  { id: 'silent', clock: 0, arrives: (t, r) => t + SECOND + r() * SECOND, silent: [START + HOUR, START + HOUR + 20 * MINUTE] },
]

/**
 * Three hours of five platforms (normal, 50 s behind, 4 minutes fast, uploading 5 minutes at a time, silent for 20 minutes),
 * full of behaviour that shipped rules warn of: two chapters at once, hidden pages, unanswered face checks, shared
 * accounts and devices.
 */
export function fivePlatforms(seed: number, learners = 24): Arrival[] {
  const random = seeded(seed)
  const all: Arrival[] = []
  for (const platform of PLATFORMS) for (let l = 0; l < learners; l++) all.push(...learner(platform, l, random))
  return all.sort((a, b) => a.at - b.at || (a.wire.time < b.wire.time ? -1 : 1))
}

function learner(platform: (typeof PLATFORMS)[number], l: number, random: () => number): Arrival[] {
  const out: Arrival[] = []
  let n = 0
  const send = (time: Ms, fields: Record<string, unknown>) => {
    if (platform.silent && time > platform.silent[0] && time < platform.silent[1]) return
    const name = `L${String(l).padStart(2, '0')}`
    out.push({
      at: platform.arrives(time, random),
      wire: {
        id: `${platform.id}-${name}-${n++}`, time: formatTime(time + platform.clock), platform: platform.id, learner: name,
        // Every fourth account is used by two learners, every sixth device by three.
        account: `a${l % 4 === 1 ? l - 1 : l}`, device: `d${l % 6 < 3 ? l - (l % 6) : l}`, ip: `182.242.${l % 7}.${l}`, ...fields,
      },
    })
  }
  let time = START + random() * 10 * MINUTE
  let chapter = 1
  while (time < START + HOURS * HOUR) {
    const length = (10 + random() * 10) * MINUTE
    const both = l % 5 === 2
    const hidden = l % 5 === 3
    time = watch(send, time, length, chapter, { both, hidden }, random)
    chapter += both ? 2 : 1
    time += random() < 0.2 ? 15 * MINUTE + random() * 10 * MINUTE : 20 * SECOND
  }
  return out
}

function watch(
  send: (time: Ms, fields: Record<string, unknown>) => void,
  from: Ms,
  length: Ms,
  chapter: number,
  how: { both: boolean; hidden: boolean },
  random: () => number,
): Ms {
  const one = { session: `s${chapter}`, chapter: `c${chapter}` }
  const two = { session: `s${chapter}b`, chapter: `c${chapter + 1}` }
  send(from, { action: 'played', ...one, position: 0, inputs: 1 })
  if (how.both) send(from + 500, { action: 'played', ...two, position: 0, inputs: 1 })
  for (let t = from + BEAT; t < from + length; t += BEAT) {
    const at = Math.round(t + random() * 200)
    const beat = { action: 'heartbeat', position: Math.round((t - from) / 10) / 100, visible: !how.hidden, inputs: random() < 0.5 ? 1 : 0 }
    send(at, { ...one, ...beat })
    if (how.both) send(at + 500, { ...two, ...beat })
    if (random() < 0.02) ask(send, at, one.session, random)
  }
  const end = { action: 'completed', position: length / 1000, length: length / 1000 }
  send(from + length, { ...one, ...end })
  if (how.both) send(from + length + 500, { ...two, ...end })
  return from + length
}

function ask(send: (time: Ms, fields: Record<string, unknown>) => void, at: Ms, session: string, random: () => number): void {
  const challenge = `f${at}`
  send(at + 1000, { action: 'face-requested', session, challenge })
  if (random() < 0.6) send(at + 1000 + random() * 30 * SECOND, { action: 'face-checked', session, challenge, outcome: random() < 0.2 ? 'failed' : 'passed' })
}

/** Records as NDJSON; `stamped`: with `received`, the time of arrival. */
export function toLines(arrivals: readonly Arrival[], stamped: boolean): string[] {
  return arrivals.map(({ at, wire }) => JSON.stringify(stamped ? { ...wire, received: formatTime(at) } : wire))
}

/**
 * The same records in another order of arrival: each up to `most` later, which together with the platform's own delay
 * stays within the default lateness. What is uploaded together arrives together, in an order as much disturbed.
 */
export function shuffled(arrivals: readonly Arrival[], seed: number, most: Ms): Arrival[] {
  const random = seeded(seed)
  return arrivals
    .map(({ at, wire }) => {
      if (wire.platform === 'bulk') return { at, wire, key: at + (Date.parse(wire.time) + random() * most - at) / 10_000 }
      // What comes 50 s behind has 10 s of its 60 s left.
      const later = at + random() * (wire.platform === 'behind' ? Math.min(most, 5 * SECOND) : most)
      return { at: later, wire, key: later }
    })
    .sort((a, b) => a.key - b.key)
    .map(({ at, wire }) => ({ at, wire }))
}

/** The records with one in a hundred sent again five seconds later. */
export function duplicated(arrivals: readonly Arrival[], seed: number): Arrival[] {
  const random = seeded(seed)
  const again = arrivals.filter(() => random() < 0.01).map(({ at, wire }) => ({ at: at + 5 * SECOND, wire }))
  return [...arrivals, ...again].sort((a, b) => a.at - b.at)
}

/** The event of an arrival, as decoding would make it; `stamped`: with `received`. */
export function eventOf({ at, wire }: Arrival, stamped: boolean): Event {
  const event = Object.assign(new Event(), wire, { time: parseTime(wire.time) as Ms })
  event.received = stamped ? at : undefined
  event.idHash = hashText(event.id)
  FIELDS.forEach((f, i) => {
    if (event[f] !== undefined) event.present |= 1 << i
  })
  if (event.ip !== undefined) event.place = { kind: 'public' }
  event.raw = JSON.stringify(wire)
  return event
}
