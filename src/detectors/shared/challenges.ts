import type { Ms } from '../../base/time.ts'
import type { Event } from '../../telemetry/event.ts'
import type { Span } from '../../telemetry/playback.ts'
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

/** When checks are requested: the last time, and the interval before it. */
export interface Requests {
  request: Ms
  interval: Ms
  /** Only while there are several equal intervals in a row. */
  equal: Equal | undefined
}

/** Equal intervals in a row: how many, and the request that they begin with. Plain data. */
export interface Equal {
  count: number
  since: Ms
}

const MOST_PENDING = 4

/** Adds a request to those that wait; one that is sent again for the same challenge is the same request. */
export function ask(pending: Pending[] | undefined, event: Event): Pending[] {
  const { challenge, session, time: at } = event
  if (challenge !== undefined && pending?.some((p) => p.challenge === challenge)) return pending
  const episode = { ...newEpisode(at), evidence: { events: [event.id], count: 1 } }
  const request = { challenge, session, at, alive: false, episode }
  if (pending === undefined) return [request]
  if (pending.length === MOST_PENDING) pending.shift()
  pending.push(request)
  return pending
}

/**
 * Counts the interval that a request ends, and returns the equal ones up to it if there are several; one within `answer` of
 * the last request is a second try and changes nothing. The first of them stands for all, so that slow drift is not equal.
 */
export function countRequest(requests: Requests, time: Ms, answer: Ms, tolerance: Ms): Equal | undefined {
  const { request, interval: before } = requests
  const interval = time - request
  if (interval <= answer) return undefined
  requests.request = time
  if (Math.abs(interval - before) <= tolerance) {
    const equal = (requests.equal ??= { count: 1, since: request - before })
    equal.count++
    return equal
  }
  requests.interval = interval
  requests.equal = undefined
  return undefined
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
