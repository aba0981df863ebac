import { DAY, HOUR, MINUTE, SECOND, type Ms } from '../base/time.ts'
import { createDecoder, type Decoder, type DecodeSink } from './decode.ts'
import type { Event, Place } from './event.ts'
import { Reused, type Chunk, type Held } from './held.ts'

/*
 * How an event stands in the topic `telemetry`: canonical JSON with its fields in one order, times in the offset that they
 * were written with, the address in its normal form and, as last member, where that address was found to be.
 *
 * Of two events of the same id and time the engine takes the one whose record (`raw`) is bytewise smaller. Over `telemetry`
 * that record is what `writeEvent` wrote: every task, every replay and every run over an archive compares these very bytes,
 * so that nothing else has to travel for them to decide alike. Where two records differ but were written alike, both are
 * the same event, and it does not matter which stays. INVARIANT: writing what was read from here gives the same bytes.
 */

const PLACE = ',"place":"'
const [QUOTE, BACKSLASH, FIRST_PRINTABLE] = [0x22, 0x5c, 0x20]

/** The event as canonical JSON in UTF-8: every field that was given, and its place. */
export function writeEvent(e: Event): Buffer {
  let s = `{"id":${text(e.id)},"time":"${time(e.time, e.offset)}"`
  if (e.received !== undefined) s += `,"received":"${time(e.received, e.offset)}"`
  s += `,"action":"${e.action}","platform":${text(e.platform)},"learner":${text(e.learner)}`
  if (e.account !== undefined) s += `,"account":${text(e.account)}`
  if (e.session !== undefined) s += `,"session":${text(e.session)}`
  if (e.device !== undefined) s += `,"device":${text(e.device)}`
  if (e.agent !== undefined) s += `,"agent":${agentText(e.agent)}`
  if (e.ip !== undefined) s += `,"ip":${text(e.ip)}`
  if (e.class !== undefined) s += `,"class":${text(e.class)}`
  if (e.course !== undefined) s += `,"course":${text(e.course)}`
  if (e.chapter !== undefined) s += `,"chapter":${text(e.chapter)}`
  if (e.video !== undefined) s += `,"video":${text(e.video)}`
  if (e.position !== undefined) s += `,"position":${e.position}`
  if (e.from !== undefined) s += `,"from":${e.from}`
  if (e.to !== undefined) s += `,"to":${e.to}`
  if (e.length !== undefined) s += `,"length":${e.length}`
  if (e.rate !== undefined) s += `,"rate":${e.rate}`
  if (e.visible !== undefined) s += `,"visible":${e.visible}`
  if (e.muted !== undefined) s += `,"muted":${e.muted}`
  if (e.inputs !== undefined) s += `,"inputs":${e.inputs}`
  if (e.item !== undefined) s += `,"item":${text(e.item)}`
  if (e.correct !== undefined) s += `,"correct":${e.correct}`
  if (e.elapsed !== undefined) s += `,"elapsed":${e.elapsed}`
  if (e.challenge !== undefined) s += `,"challenge":${text(e.challenge)}`
  if (e.outcome !== undefined) s += `,"outcome":"${e.outcome}"`
  if (e.photo !== undefined) s += `,"photo":${text(e.photo)}`
  if (e.similarity !== undefined) s += `,"similarity":${e.similarity}`
  return Buffer.from(e.place === undefined ? `${s}}` : `${s}${PLACE}${placeText(e.place)}"}`)
}

/** A text as JSON: most need no escapes, and looking for that is quicker than `JSON.stringify`. */
function text(value: string): string {
  for (let i = 0; i < value.length; i++) {
    const c = value.charCodeAt(i)
    if (c < FIRST_PRINTABLE || c === QUOTE || c === BACKSLASH) return JSON.stringify(value)
  }
  return `"${value}"`
}

let lastAgent = ''
let lastAgentText = '""'

// The longest text by far, of few distinct values: mostly the one that was written last.
function agentText(agent: string): string {
  if (agent !== lastAgent) {
    lastAgentText = text(agent)
    lastAgent = agent
  }
  return lastAgentText
}

const TWO = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, '0'))
const THREE = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, '0'))

// The day and the offset that were written last: events come by the thousand for each.
let lastDay = Number.NaN
let lastDate = ''
let lastOffset = Number.NaN
let lastZone = ''

/** RFC 3339 with milliseconds, at `offset` minutes east of UTC: the local day is that of the platform. */
function time(ms: Ms, offset: number): string {
  const there = ms + offset * MINUTE
  const day = Math.floor(there / DAY)
  if (day !== lastDay) {
    lastDate = new Date(day * DAY).toISOString().slice(0, 11)
    lastDay = day
  }
  if (offset !== lastOffset) {
    lastZone = zone(offset)
    lastOffset = offset
  }
  const clock = there - day * DAY
  const second = Math.floor(clock / SECOND)
  const minute = Math.floor(clock / MINUTE)
  return `${lastDate}${TWO[Math.floor(clock / HOUR)]}:${TWO[minute % 60]}:${TWO[second % 60]}.${THREE[clock % SECOND]}${lastZone}`
}

function zone(offset: number): string {
  const minutes = Math.abs(offset)
  return offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${TWO[Math.floor(minutes / 60)]}:${TWO[minutes % 60]}`
}

const KINDS: ReadonlySet<string> = new Set<Place['kind']>(['public', 'private', 'invalid'])
const TEXTS = ['country', 'province', 'provinceCode', 'city', 'holder'] as const
const NUMBERS = ['latitude', 'longitude', 'asn'] as const

// Places are shared between events and never change.
const placeTexts = new WeakMap<Place, string>()

/**
 * A place as `kind=public&country=CN&city=Kunming`: in one text, since readers look only for flat objects the fast way, and
 * without a byte that JSON would have to escape.
 */
function placeText(place: Place): string {
  let known = placeTexts.get(place)
  if (known === undefined) {
    // In one order, whichever database told what.
    const members = (['kind', ...TEXTS, ...NUMBERS] as const).flatMap((name): [string, string][] => (place[name] === undefined ? [] : [[name, String(place[name])]]))
    placeTexts.set(place, (known = new URLSearchParams(members).toString()))
  }
  return known
}

/** The place that such a text tells of; undefined if it is not what `placeText` writes. */
function parsePlace(written: string): Place | undefined {
  const members = new URLSearchParams(written)
  const kind = members.get('kind')
  if (kind === null || !KINDS.has(kind)) return undefined
  const place: Place = { kind: kind as Place['kind'] }
  for (const name of TEXTS) {
    const value = members.get(name)
    if (value !== null) place[name] = value
  }
  for (const name of NUMBERS) {
    const value = members.get(name)
    if (value === null) continue
    place[name] = Number(value)
    if (value === '' || !Number.isFinite(place[name])) return undefined
  }
  return Object.freeze(place)
}

const MOST_PLACES = 1 << 16

/** Finds the places in records, each as the one object that all events of it share. */
class Places {
  private readonly known = new Map<string, Place | undefined>()

  /** The place in a record that `writeEvent` wrote, where it is the last member; undefined if there is none. */
  of(raw: string): Place | undefined {
    const end = raw.length - 2
    const at = raw.endsWith('"}') ? raw.lastIndexOf(PLACE) : -1
    // Within a text the quotes would be escaped: this is a member indeed. One that another member follows is not ours.
    if (at < 0 || raw.indexOf('"', at + PLACE.length) !== end) return undefined
    const written = raw.slice(at + PLACE.length, end)
    let place = this.known.get(written)
    if (place === undefined && !this.known.has(written)) {
      if (this.known.size >= MOST_PLACES) this.known.clear()
      // A copy: a slice would keep its whole record in memory.
      this.known.set(Buffer.from(written).toString(), (place = parsePlace(written)))
    }
    return place
  }
}

/** An event of `telemetry` that waits for its turn; it knows its place when it is read. */
class Placed extends Reused {
  private held: Held | undefined = undefined
  private readonly decoder: TelemetryDecoder

  constructor(decoder: TelemetryDecoder) {
    super()
    this.decoder = decoder
  }

  hold(held: Held): Held {
    this.time = held.time
    this.received = held.received
    this.stamp = held.stamp
    this.platform = held.platform
    this.present = held.present
    this.held = held
    return this
  }

  read(): Event {
    const event = (this.held as Held).read()
    event.stamp = this.stamp
    this.free()
    this.decoder.place(event)
    return event
  }

  drop(): void {
    this.held?.drop()
    this.free()
  }

  private free(): void {
    this.held = undefined
    this.decoder.free.push(this)
  }
}

class TelemetryDecoder implements Decoder {
  /** Records that were read or dropped serve again. */
  readonly free: Placed[] = []
  private readonly inner = createDecoder({ format: 'canonical' })
  private readonly places = new Places()
  private readonly locate: (event: Event) => void
  private target: DecodeSink | undefined
  private readonly sink: DecodeSink = {
    event: (held) => this.target?.event((this.free.pop() ?? new Placed(this)).hold(held)),
    reject: (reason, message) => this.target?.reject(reason, message),
    ignored: (verb) => this.target?.ignored(verb),
  }

  constructor(locate: (event: Event) => void) {
    this.locate = locate
  }

  decode(sink: DecodeSink, bytes: Buffer, start?: number, end?: number, chunk?: Chunk): void {
    this.target = sink
    this.inner.decode(this.sink, bytes, start, end, chunk)
  }

  place(event: Event): void {
    if (event.ip === undefined) return
    event.place = this.places.of(event.raw)
    if (event.place === undefined) this.locate(event)
  }
}

/**
 * Reads what `writeEvent` wrote, and canonical events that platforms wrote into `telemetry` themselves. Here alone a record
 * is believed where its address is: elsewhere the member `place` is one of the unknown ones. `locate` looks up the addresses
 * of records that do not say.
 */
export function createTelemetryDecoder(locate: (event: Event) => void): Decoder {
  return new TelemetryDecoder(locate)
}
