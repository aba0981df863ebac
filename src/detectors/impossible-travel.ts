import { z } from 'zod'
import { flag, number, rare, record, ref, type RecordOf } from '../base/record.ts'
import { plausible } from '../base/plausible.ts'
import { duration, HOUR, MINUTE, SECOND, type Ms } from '../base/time.ts'
import { defineDetector } from '../engine/detector.ts'
import { ACTIONS, type Event, type Place } from '../telemetry/event.ts'
import { addEvidence, newEvidence, type Evidence } from '../warnings/evidence.ts'
import { round3, spellSeconds, spellSecondsZh } from './shared/wording.ts'

const params = z.strictObject({
  distance: z.number().gt(0).default(500).describe('Places closer than this are one place, in km (a published rule).').meta(plausible(20, 10_000)),
  speed: z.number().gt(0).default(800).describe('Nobody travels faster than this, in km/h (a published rule).').meta(plausible(100, 5000)),
  events: z.int().min(1).default(2).describe('Events that each of the two places must have sent.'),
  hops: z.int().min(2).default(3).describe('So many impossible places one after the other prove it even with one event each: a new proxy for every request.'),
  stay: duration.prefault('10m').describe(
    'How long one session must have stayed in each place, without returning in between, if its network is not known to have changed: a carrier may lead one phone through distant gateways.',
  ),
  end: duration.prefault('6h').describe('After so long without another impossible journey the episode is over.'),
})
type Params = z.output<typeof params>

/** Where the learner was seen, and from when to when. */
interface Stay {
  ip: string | undefined
  session: string | undefined
  from: Ms
  to: Ms
  events: number
  /** The last event. */
  event: string | undefined
  latitude: number
  longitude: number
  name: string | undefined
  /** NaN where unknown. */
  asn: number
}
/** A place under suspicion, and how the learner would have come there. */
interface Arrival extends Stay {
  left: Ms
  km: number
  /** Impossible places in a row up to this one. */
  hops: number
}
/** Impossible journeys that belong together. The facts are those of the fastest. */
interface Travel {
  begin: Ms
  end: Ms
  journeys: number
  km: number
  ms: Ms
  places: [string, string]
  evidence: Evidence
}

/** Where the learner is, as long as there are `events` from there: nearly every event goes on with that stay. */
const fields = record({
  ip: ref<string>(),
  session: ref<string>(),
  from: number(-Infinity),
  to: number(-Infinity),
  events: number(0),
  event: ref<string>(),
  latitude: number(NaN),
  longitude: number(NaN),
  name: ref<string>(),
  asn: number(NaN),
  there: rare<Arrival>(),
  travel: rare<Travel>(),
  /** Whether it has been said that the city is unknown. */
  told: flag,
})
type State = RecordOf<typeof fields>
type Facts = { from: string; to: string; km: number; minutes: number; kmh: number; limitKmh: number; journeys: number }

const EARTH_RADIUS_KM = 6371

/** One learner is seen in two places too far apart for the time between them. */
export const impossibleTravel = defineDetector<typeof params, State, Facts>({
  name: 'impossible-travel',
  version: 1,
  summary: 'One learner is seen in two places that nobody can travel between in that time.',
  stage: 'learner',
  params,
  facts: {
    from: 'city of the first place', to: 'city of the second', km: 'distance', minutes: 'time between', kmh: 'speed that it would take',
    limitKmh: 'speed that is believed', journeys: 'impossible journeys in the episode',
  },
  actions: ACTIONS.filter((a) => a !== 'face-requested' && a !== 'attended'),
  needs: ['ip'],
  state: fields,

  onEvent(event, context) {
    const { state, params } = context
    if (state.travel !== undefined && event.time - state.travel.end >= params.end) finish(context)
    if (state.events > 0 && event.ip === state.ip && event.session === state.session) {
      staysOn(state, event)
      if (state.there === undefined) return
      returned(state)
    } else {
      const { place } = event
      if (place === undefined || place.kind !== 'public') return
      if (place.latitude === undefined || place.longitude === undefined) {
        if (!state.told) context.notEvaluable('the city of the address is unknown')
        state.told = true
        return
      }
      move(state, event, place, place.latitude, place.longitude, params)
    }
    judge(context)
  },

  onTimer(at, context) {
    const { travel } = context.state
    if (travel !== undefined && at - travel.end >= context.params.end) finish(context)
  },

  explain: (f) => ({
    en: `seen in ${f.from} and ${spellSeconds(f.minutes * 60)} later in ${f.to}, ${f.km} km away: ${f.kmh} km/h (limit ${f.limitKmh} km/h)`,
    zh: `先后出现在 ${f.from} 和 ${f.to}，相距 ${f.km} 公里，间隔 ${spellSecondsZh(f.minutes * 60)}：时速 ${f.kmh} 公里（限制 ${f.limitKmh} 公里）`,
  }),
})

type Call = Parameters<typeof impossibleTravel.onEvent>[1]

function staysOn(stay: Stay, event: Event): void {
  stay.to = event.time
  stay.events++
  stay.event = event.id
}

/** Takes an event from another address: it belongs to where the learner is, to the place under suspicion, or opens one. */
function move(state: State, event: Event, place: Place, latitude: number, longitude: number, params: Params): void {
  const { there } = state
  if (state.events === 0) {
    moveTo(state, newStay(event, place, latitude, longitude))
    return
  }
  const km = kilometres(state.latitude, state.longitude, latitude, longitude)
  if (km < params.distance) {
    returned(state)
    staysOn(state, event)
    settle(state, event, place, latitude, longitude)
  } else if (speedOf(km, event.time - state.to) <= params.speed) {
    moveTo(state, newStay(event, place, latitude, longitude))
    state.there = undefined
  } else if (there !== undefined && kilometres(there.latitude, there.longitude, latitude, longitude) < params.distance) {
    staysOn(there, event)
    settle(there, event, place, latitude, longitude)
  } else {
    state.there = { ...newStay(event, place, latitude, longitude), left: state.to, km, hops: (there?.hops ?? 0) + 1 }
  }
}

/** A connection that comes back to where it was is led through distant gateways, and does not travel. */
function returned(state: State): void {
  if (state.there !== undefined && isOneConnection(state, state.there)) state.there = undefined
}

function moveTo(state: State, { ip, session, to, events, event, from, latitude, longitude, name, asn }: Stay): void {
  Object.assign(state, { ip, session, to, events, event, from, latitude, longitude, name, asn })
}

function newStay(event: Event, place: Place, latitude: number, longitude: number): Stay {
  return {
    ip: event.ip, latitude, longitude, name: place.city ?? place.province ?? `${latitude}, ${longitude}`, asn: place.asn ?? NaN, session: event.session,
    from: event.time, to: event.time, events: 1, event: event.id,
  }
}

/** Moves a stay to the latest address in it: somebody on a train is a little further each time. */
function settle(stay: Stay, event: Event, place: Place, latitude: number, longitude: number): void {
  stay.ip = event.ip
  stay.session = event.session
  stay.asn = place.asn ?? NaN
  stay.latitude = latitude
  stay.longitude = longitude
  stay.name = place.city ?? place.province ?? stay.name
}

/** Whether two places may be one connection whose carrier changed the gateway: one session, in no other network as far as known. */
function isOneConnection(a: Stay, b: Stay): boolean {
  return a.session === b.session && (Number.isNaN(a.asn) || Number.isNaN(b.asn) || a.asn === b.asn)
}

/** Decides whether the place under suspicion is proven; then that is where the learner is. */
function judge(context: Call): void {
  const { state, params, now } = context
  const { there } = state
  if (there === undefined) return
  if (there.hops < params.hops) {
    if (state.events < params.events || there.events < params.events) return
    if (isOneConnection(state, there) && (state.to - state.from < params.stay || there.to - there.from < params.stay)) return
  }
  const ms = there.from - there.left
  const isNew = state.travel === undefined
  const travel = (state.travel ??= { begin: there.left, end: now, journeys: 0, km: 0, ms: 1, places: ['', ''], evidence: newEvidence() })
  travel.journeys++
  travel.end = now
  if (speedOf(there.km, ms) > speedOf(travel.km, travel.ms)) {
    travel.km = there.km
    travel.ms = ms
    travel.places = [state.name as string, there.name as string]
  }
  addEvidence(travel.evidence, state.event as string)
  addEvidence(travel.evidence, there.event as string)
  moveTo(state, there)
  state.there = undefined
  if (isNew) report(context, travel, 'ongoing')
  context.wakeAt(now + params.end)
}

function finish(context: Call): void {
  report(context, context.state.travel as Travel, 'ended')
  context.state.travel = undefined
}

function report(context: Call, t: Travel, episode: 'ongoing' | 'ended'): void {
  context.raise({
    episode, begin: t.begin, end: t.end, evidence: t.evidence,
    facts: {
      from: t.places[0], to: t.places[1], km: Math.round(t.km), minutes: round3(t.ms / MINUTE), kmh: Math.round(speedOf(t.km, t.ms)),
      limitKmh: context.params.speed, journeys: t.journeys,
    },
  })
}

/** Kilometres an hour; what happened within a second took a second. */
function speedOf(km: number, ms: Ms): number {
  return km / (Math.max(ms, SECOND) / HOUR)
}

/** The great-circle distance by the haversine formula (R. W. Sinnott, Sky and Telescope 68, 1984), in km; angles in degrees. */
export function kilometres(latitudeA: number, longitudeA: number, latitudeB: number, longitudeB: number): number {
  const radian = Math.PI / 180
  const a = Math.sin(((latitudeB - latitudeA) * radian) / 2) ** 2
  const b = Math.sin(((longitudeB - longitudeA) * radian) / 2) ** 2
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.sqrt(Math.min(1, a + Math.cos(latitudeA * radian) * Math.cos(latitudeB * radian) * b)))
}
