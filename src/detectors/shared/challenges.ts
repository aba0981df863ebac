import type { Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import type { Span } from '../../telemetry/playback.ts'
import { addEvidence } from '../../warnings/evidence.ts'
import { addPlayback, newEpisode, type Episode } from './episode.ts'

/** A face check that waits for its answer. Plain data. */
export interface Pending {
  challenge: string | undefined
  session: string | undefined
  at: Ms
  /** Whether the session sent an event between the request and the deadline. */
  alive: boolean
  /** What is played from the request on. */
  episode: Episode
}

/** When checks are requested: the last request, the interval before it, how many equal ones there were and since when. Plain data. */
export interface Requests {
  request: Ms
  interval: Ms
  equal: number
  equalSince: Ms
}

const MOST_PENDING = 4

/** Notes a request; one that is sent again for the same challenge is the same request. */
export function ask(pending: Pending[], event: Event): void {
  if (event.challenge !== undefined) for (const p of pending) if (p.challenge === event.challenge) return
  if (pending.length === MOST_PENDING) pending.shift()
  const episode = newEpisode(event.time)
  addEvidence(episode.evidence, event.id)
  pending.push({ challenge: event.challenge, session: event.session, at: event.time, alive: false, episode })
}

/** Counts the interval that a request ends; one within `answer` of the last is a second try and changes nothing. */
export function countRequest(requests: Requests, time: Ms, answer: Ms, tolerance: Ms): Requests {
  const interval = time - requests.request
  if (interval <= answer) return requests
  if (interval === Infinity) {
    requests.equalSince = time
  } else if (Math.abs(interval - requests.interval) <= tolerance) {
    requests.equal++
  } else {
    requests.interval = interval
    requests.equal = 1
    requests.equalSince = requests.request
  }
  requests.request = time
  return requests
}

/** Takes out the request that an outcome belongs to: the oldest where challenges have no ids. An answer after the deadline is none. */
export function takeAnswered(pending: Pending[], event: Event, answer: Ms): Pending | undefined {
  for (let i = 0; i < pending.length; i++) {
    const p = pending[i] as Pending
    if (p.challenge !== undefined && event.challenge !== undefined && p.challenge !== event.challenge) continue
    if (event.outcome !== 'missed' && event.time > p.at + answer) continue
    pending.splice(i, 1)
    return p
  }
  return undefined
}

/** Adds playback to what was played since each request. */
export function playPending(pending: readonly Pending[], span: Span): void {
  for (const p of pending) addPlayback(p.episode, span.chapter, Math.max(span.from, p.at), span.to)
}

/**
 * Takes out a request that an event shows to be missed: its session was alive both before the deadline and within `proof`
 * after it. Requests of which that cannot be known any more are dropped. To be called until it returns undefined.
 */
export function takeMissed(pending: Pending[], event: Event, answer: Ms, proof: Ms): Pending | undefined {
  // What the platform's server does by itself says nothing about the learner's connection.
  const speaks = event.action !== 'face-requested' && event.outcome !== 'missed'
  for (let i = 0; i < pending.length; i++) {
    const p = pending[i] as Pending
    if (event.time <= p.at) continue
    const deadline = p.at + answer
    const same = speaks && (p.session === undefined || p.session === event.session)
    if (event.time <= deadline) {
      if (same && event.action === 'logged-out') pending.splice(i--, 1)
      else if (same) p.alive = true
      continue
    }
    if (same && p.alive && event.time <= deadline + proof) return pending.splice(i, 1)[0]
    if (same || event.time > deadline + proof) pending.splice(i--, 1)
  }
  return undefined
}
