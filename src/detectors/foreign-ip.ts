import { z } from 'zod'
import { flag, number, rare, record, ref, type RecordOf } from '../base/record.ts'
import { duration, SECOND, DAY, MINUTE, type Ms } from '../base/time.ts'
import { defineDetector } from '../engine/detector.ts'
import { ACTIONS, type Event, type Place } from '../telemetry/event.ts'
import { addEvidence } from '../warnings/evidence.ts'
import {
  addPlayback, chaptersOf, countEvidence, disputedOf, isProven, newEpisode, newEpisodes, nextOver, openEpisode, takeOver, type Episode, type Episodes,
} from './shared/episode.ts'
import { isAllowedNetwork, isOtherProvince } from './shared/region.ts'
import { round3, spellSeconds, spellSecondsZh } from './shared/wording.ts'

const KINDS = ['hosting', 'country', 'province'] as const
type Kind = (typeof KINDS)[number]

const params = z.strictObject({
  kinds: z.array(z.enum(KINDS)).min(1).default([...KINDS]).describe("What counts: a hosting network, another country, another province than the class's."),
  events: z.int().min(1).default(5).describe('Events from there below which nothing is said: databases err and mobile networks flap.'),
  least: duration.prefault('5m').describe('Time between the first and the last of these events at least.'),
  gap: duration.prefault('30m').describe('After so long without an event from there the count begins anew.'),
  quiet: duration.prefault('90s').describe('Playback without positions is believed for so long at most.'),
  end: duration.prefault('24h').describe('After so long without an event from there the stay is over.'),
  hostingAsns: z.array(z.int().min(0)).default([
    7203, 8075, 9009, 12876, 14061, 14618, 16265, 16276, 16509, 20473, 24940, 28753, 31898, 36352, 37963, 40676, 45090, 45102, 46844, 51167, 53667,
    55286, 55990, 59253, 60068, 60781, 62567, 63949, 132203, 133752, 135377, 136907, 202425, 212238, 396982, 398101,
  ]).describe('Autonomous systems of hosting providers, whose addresses serve proxies and programs rather than people.'),
  hostingHolders: z.array(z.string().min(1)).default([
    'hosting', 'data center', 'datacenter', 'data centre', 'dedicated server', 'vps', 'cloud computing', 'colocation',
  ]).describe("Parts of names of networks' holders that say the same, in any letter case."),
})
type Params = z.output<typeof params>

/** Events from one kind of foreign place, until they are enough. */
interface Run {
  events: number
  /** Events from home since it began: an address that flaps is not abroad. */
  home: number
  gathered: Episode
}
type Runs = Partial<Record<Kind, Run>>
/** What is suspected and what is open. */
interface Abroad {
  runs: Runs
  episodes: Episodes<Kind> | undefined
  /** Names of the places in both, by kind. */
  places: Partial<Record<Kind, string[]>>
}
/** What an address is, and its place's name. */
interface Foreign {
  kind: Kind
  name: string
}

const fields = record({
  /** The address last judged, for which class, until when, and the verdict, if there is one. */
  ip: ref<string>(),
  class: ref<string>(),
  until: number(-Infinity),
  verdict: ref<'home' | Foreign>(),
  abroad: rare<Abroad>(),
  /** Whether it has been said that this is unknown. */
  toldRegion: flag,
  toldPlace: flag,
})
type State = RecordOf<typeof fields>
type Facts = { kind: Kind; places: string[]; events: number; seconds: number; limitSeconds: number }

/** A verdict is looked up again after this, since another catalogue may be in effect. */
const VERDICT_LIFE: Ms = 10 * MINUTE
const MOST_PLACES = 10

/** A learner studies from outside the class's region, or from a hosting network. What is unknown is not foreign. */
export const foreignIp = defineDetector<typeof params, State, Facts>({
  name: 'foreign-ip',
  version: 1,
  summary: "A learner studies from another country or province than the class's, or from a hosting network.",
  stage: 'learner',
  params,
  facts: {
    kind: '`hosting`, `country` or `province`', places: 'where the addresses are', events: 'events from there',
    seconds: 'from the first of them to the last', limitSeconds: 'time from which it counts',
  },
  actions: ACTIONS.filter((a) => a !== 'face-requested' && a !== 'attended'),
  needs: ['ip'],
  horizon: 3 * DAY,
  state: fields,

  onEvent(event, context) {
    const { state } = context
    const isJudged = event.ip === state.ip && event.class === state.class && event.time < state.until
    // The common case: an address that is not foreign, and none that was.
    if (isJudged && state.abroad === undefined && !isForeign(state.verdict)) return
    weigh(event, isJudged, context)
  },

  onTimer(at, context) {
    const episodes = context.state.abroad?.episodes
    if (episodes === undefined) return
    closeEpisodes(context)
    context.wakeAt(nextOver(episodes, at, context.params.end))
  },

  explain(f) {
    const where = f.places.join(', ')
    const zh = f.places.join('、')
    const what = {
      hosting: { en: `a hosting network (${where})`, zh: `数据中心网络（${zh}）` },
      country: { en: `another country than the class's (${where})`, zh: `班级所在国家以外（${zh}）` },
      province: { en: `another province than the class's (${where})`, zh: `班级所在省份以外（${zh}）` },
    }[f.kind]
    return {
      en: `${f.events} events in ${spellSeconds(f.seconds)} came from ${what.en} (limit ${spellSeconds(f.limitSeconds)})`,
      zh: `${spellSecondsZh(f.seconds)}内有 ${f.events} 条事件来自${what.zh}（限制 ${spellSecondsZh(f.limitSeconds)}）`,
    }
  },
})

type Call = Parameters<typeof foreignIp.onEvent>[1]

function isForeign(verdict: State['verdict']): verdict is Foreign {
  return typeof verdict === 'object'
}

/** Takes an event from an address to be judged or from a foreign one, or while another is suspected. */
function weigh(event: Event, isJudged: boolean, context: Call): void {
  const { state, params } = context
  closeEpisodes(context)
  if (event.ip === undefined) return
  if (!isJudged) look(event, event.ip, context)
  const { verdict } = state
  if (isForeign(verdict)) see(verdict, event, context)
  else if (verdict === 'home' && state.abroad !== undefined) atHome(state, state.abroad, event.time, params.gap)
  const episodes = state.abroad?.episodes
  if (episodes !== undefined) context.wakeAt(nextOver(episodes, event.time, params.end))
}

/** Judges the address of an event and remembers the verdict. */
function look(event: Event, ip: string, context: Call): void {
  const { state } = context
  state.verdict = judge(event, ip, context)
  state.ip = ip
  state.class = event.class
  state.until = event.time + VERDICT_LIFE
}

function judge(event: Event, ip: string, context: Call): State['verdict'] {
  const { state, params, catalogue } = context
  const { place } = event
  const region = catalogue.classOf(event)?.region
  if (region === undefined && !state.toldRegion) {
    state.toldRegion = true
    context.notEvaluable("the class's region is unknown")
  }
  if (region !== undefined && isAllowedNetwork(region, ip, catalogue)) return 'home'
  if (place === undefined || place.kind !== 'public') return undefined
  if (params.kinds.includes('hosting') && isHosting(place, params)) return { kind: 'hosting', name: place.holder ?? `AS${place.asn}` }
  if (region?.country === undefined) return undefined
  if (place.country === undefined) return unknown(context)
  if (place.country !== region.country) return params.kinds.includes('country') ? { kind: 'country', name: place.country } : undefined
  if (region.provinces.length === 0) return 'home'
  const other = isOtherProvince(region, place)
  if (other === undefined) return unknown(context)
  if (!other) return 'home'
  return params.kinds.includes('province') ? { kind: 'province', name: place.province ?? place.provinceCode ?? '' } : undefined
}

function unknown(context: Call): undefined {
  if (!context.state.toldPlace) context.notEvaluable("the address's country or province is unknown")
  context.state.toldPlace = true
}

function isHosting(place: Place, params: Params): boolean {
  if (place.asn !== undefined && params.hostingAsns.includes(place.asn)) return true
  if (place.holder === undefined) return false
  const holder = place.holder.toLowerCase()
  for (const h of lowerHolders(params)) if (holder.includes(h)) return true
  return false
}

const lowered = new WeakMap<Params, string[]>()

function lowerHolders(params: Params): string[] {
  let holders = lowered.get(params)
  if (holders === undefined) lowered.set(params, (holders = params.hostingHolders.map((h) => h.toLowerCase())))
  return holders
}

/** Takes an event from a foreign place. */
function see(foreign: Foreign, event: Event, context: Call): void {
  const { state, params } = context
  const { kind } = foreign
  const abroad = (state.abroad ??= { runs: {}, episodes: undefined, places: {} })
  const { runs } = abroad
  const open = abroad.episodes?.open[kind]
  if (open !== undefined) {
    addTo(open, abroad, foreign, event, context)
    addEvidence(open.evidence, event.id)
    return
  }
  let run = runs[kind]
  if (run === undefined || event.time - run.gathered.end > params.gap) {
    run = runs[kind] = { events: 0, home: 0, gathered: newEpisode(event.time) }
    delete abroad.places[kind]
  }
  const { gathered } = run
  run.events++
  addTo(gathered, abroad, foreign, event, context)
  countEvidence(gathered.evidence, event.id)
  if (run.events < params.events || event.time - gathered.begin < params.least || run.home >= run.events) return
  if (run.events > 1) gathered.evidence.events.push(event.id)
  delete runs[kind]
  if (openEpisode((abroad.episodes ??= newEpisodes()), kind, gathered)) report(kind, gathered, 'ongoing', context)
}

/** Counts an event from home against what may be foreign, and forgets what is too long ago. */
function atHome(state: State, { runs, episodes }: Abroad, now: Ms, gap: Ms): void {
  let isSuspected = false
  for (const kind of KINDS) {
    const run = runs[kind]
    if (run === undefined) continue
    if (now - run.gathered.end > gap) {
      delete runs[kind]
    } else {
      run.home++
      isSuspected = true
    }
  }
  if (!isSuspected && episodes === undefined) state.abroad = undefined
}

function addTo(e: Episode, { places }: Abroad, { kind, name }: Foreign, event: Event, { params, span }: Call): void {
  e.end = event.time
  const names = places[kind]
  if (names === undefined) places[kind] = [name]
  else if (names.length < MOST_PLACES && !names.includes(name)) names.push(name)
  // A trip to another province is no reason to take back what was watched.
  if (kind === 'province' || span === undefined || !isProven(span, params.quiet)) return
  addPlayback(e, span.chapter, Math.max(span.from, e.begin), span.to)
}

function closeEpisodes(context: Call): void {
  const { state, params, now } = context
  if (state.abroad?.episodes === undefined) return
  const { episodes, places } = state.abroad
  for (let over = takeOver(episodes, now, params.end); over !== undefined; over = takeOver(episodes, now, params.end)) {
    report(over[0], over[1], 'ended', context)
    delete places[over[0]]
  }
}

function report(kind: Kind, e: Episode, episode: 'ongoing' | 'ended', context: Call): void {
  context.raise({
    episode, begin: e.begin, end: e.end, chapters: chaptersOf(e.stretches), disputed: disputedOf(context.id, e.stretches), evidence: e.evidence,
    facts: {
      kind, places: [...(context.state.abroad?.places[kind] ?? [])], events: e.evidence.count, seconds: round3((e.end - e.begin) / SECOND),
      limitSeconds: context.params.least / SECOND,
    },
    severity: kind === 'province' ? 'low' : undefined,
  })
}
