import { addInterval, type Intervals } from '../base/intervals.ts'
import { HOUR, MINUTE, SECOND, type Ms } from '../base/time.ts'
import type { Action, WireEvent } from '../telemetry/event.ts'
import type { Random } from './random.ts'
import { shape, type Form } from './form.ts'
import { Face } from './play/face.ts'
import { FACES, type PlatformSpec } from './platforms.ts'

export interface Chapter {
  id: string
  course: string
  /** Media length in seconds. */
  length: number
  /** Items of its quiz; undefined: each visit draws anew. */
  items?: number
}

/** A class, with its courses in the order in which they are studied. */
export interface SimClass {
  id: string
  institution: string
  platform: PlatformSpec
  courses: Chapter[][]
  teacher: string
  /** Whether study in the neighbouring province is allowed. */
  wide: boolean
}

/** The login that an event comes from. */
export interface Link {
  session: string
  device: string
  agent: string
  ip: string
}

/** An event with its arrival, for the merge. */
export interface Sent {
  received: Ms
  event: WireEvent
}

/** What one person sends, in batches that follow each other in time. */
export type Actor = Generator<Sent[]>

export type Fields = Partial<Pick<WireEvent,
  'chapter' | 'course' | 'position' | 'from' | 'to' | 'length' | 'rate' | 'visible' | 'muted' | 'inputs' | 'item' | 'correct' | 'elapsed' |
  'challenge' | 'outcome' | 'photo' | 'similarity'>>

/** All simulated places keep Chinese time, which has no summer time. */
export const ZONE = 'Asia/Shanghai'
export const ZONE_OFFSET: Ms = 8 * HOUR

const TWO = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, '0'))
const HOUR_PREFIXES = new Map<number, string>()

/** RFC 3339 in Chinese time. The date and hour are formatted once each: this is the simulator's most frequent call. */
export function stamp(ms: Ms): string {
  const hour = Math.floor((ms + ZONE_OFFSET) / HOUR)
  let prefix = HOUR_PREFIXES.get(hour)
  if (prefix === undefined) HOUR_PREFIXES.set(hour, (prefix = new Date(hour * HOUR).toISOString().slice(0, 14)))
  const rest = ms + ZONE_OFFSET - hour * HOUR
  const second = Math.floor(rest / SECOND)
  const milli = rest - second * SECOND
  return `${prefix}${TWO[Math.floor(second / 60)]}:${TWO[second % 60]}.${milli < 100 ? '0' : ''}${milli < 10 ? '0' : ''}${milli}+08:00`
}

/** A person on a platform, and what they have sent. */
export class Person {
  readonly learner: string
  readonly klass: SimClass
  readonly random: Random
  readonly face: Face
  /** Address and device from which they study if nothing else is said. */
  ip: string
  device: string
  /** Whether they use a phone if nothing else is said. */
  phone = false
  /** Addresses that their phone's network gives them in turn; undefined: they stay at theirs. */
  carrier: readonly string[] | undefined = undefined
  /** What is out of the ordinary with them, by name; see `play/traits.ts`. */
  traits: readonly string[] = []
  first: Ms | undefined = undefined
  count = 0
  /** Where it is wanted: by chapter, the media seconds that a player played until the last thing that it sent of them. */
  watched: Map<string, Intervals> | undefined = undefined
  /** A program has sent what it liked in this person's name. */
  isForged = false
  private readonly delay: { median: number; sigma: number }

  constructor(learner: string, klass: SimClass, random: Random, ip: string) {
    this.learner = learner
    this.klass = klass
    this.random = random
    this.ip = ip
    this.device = random.hex(16)
    this.face = new Face(random)
    this.delay = { median: random.about(120), sigma: random.about(0.55) }
  }

  get platform(): PlatformSpec {
    return this.klass.platform
  }

  /** A new login session. */
  link(agent: string, ip = this.ip, device = this.device): Link {
    return { session: this.random.hex(12), device, agent, ip }
  }

  /** Network delay of one message: lognormal, mostly 0.05 to 0.3 s. */
  latency(): Ms {
    return this.random.lognormal(this.delay.median, this.delay.sigma)
  }

  /** Watching until the platform's next face check. */
  nextCheck(): Ms {
    const { variant } = this.platform
    const [least, most] = variant ? (variant.faces ?? [Infinity, Infinity]) : FACES
    return least === most ? least * MINUTE : this.random.uniform(least, most) * MINUTE
  }

  /** Items of a chapter's quiz. */
  items(chapter: Chapter): number {
    return chapter.items ?? this.random.int(2, 5)
  }

  /** Writes an event down as the platform would report it, onto `to`; `received` is when it arrives. */
  send(to: Sent[], time: Ms, received: Ms, link: Link, action: Action, fields: Fields = {}): void {
    const form = this.platform.variant?.form
    if (form?.omits.has(action)) return
    this.count++
    to.push(form ? this.formed(form, time, received, link, action, fields) : this.plain(time, received, link, action, fields))
  }

  private formed(form: Form, time: Ms, received: Ms, link: Link, action: Action, fields: Fields): Sent {
    const { platform, klass } = this
    const at = this.noted(time)
    const arrival = Math.max(Math.round(received), at)
    const opening = action === 'logged-in' || action === 'initialized'
    return {
      received: arrival,
      event: {
        id: `${this.learner}.${this.count}`, time: stamp(at), received: form.received ? stamp(arrival) : undefined, action, platform: platform.id,
        learner: this.learner, account: form.accounts ? `u-${this.learner.toLowerCase()}` : undefined, session: form.sessions ? link.session : undefined,
        device: platform.devices ? link.device : undefined, agent: opening && form.agents ? link.agent : undefined, ip: link.ip,
        class: platform.classes ? klass.id : undefined, ...shape(form, action, fields),
      },
    }
  }

  private noted(time: Ms): Ms {
    const at = Math.round(time)
    if (this.first === undefined || at < this.first) this.first = at
    return at
  }

  private plain(time: Ms, received: Ms, link: Link, action: Action, fields: Fields): Sent {
    const { platform, klass } = this
    const at = this.noted(time)
    const arrival = Math.max(Math.round(received), at)
    const opening = action === 'logged-in' || action === 'initialized'
    const inputs = platform.inputs ? fields.inputs : undefined
    return {
      received: arrival,
      event: {
        id: `${this.learner}.${this.count}`, time: stamp(at), received: stamp(arrival), action, platform: platform.id, learner: this.learner,
        account: `u-${this.learner.toLowerCase()}`, session: link.session, device: platform.devices ? link.device : undefined,
        agent: opening ? link.agent : undefined, ip: link.ip, class: platform.classes ? klass.id : undefined, ...fields, inputs,
      },
    }
  }

  /** Media seconds of a chapter were played, and something sent after. */
  saw({ id }: Chapter, from: number, to: number): void {
    if (this.watched === undefined || to <= from) return
    let list = this.watched.get(id)
    if (list === undefined) this.watched.set(id, (list = []))
    addInterval(list, from, to, Infinity)
  }

  /** A media position as the platform writes it. */
  round(position: number): number {
    const scale = 10 ** this.platform.decimals
    return Math.floor(Math.max(0, position) * scale) / scale
  }
}

/** A batch in order of arrival; what arrives together stays in the order in which it was sent. */
export function inOrder(batch: Sent[]): Sent[] {
  return batch.sort((a, b) => a.received - b.received)
}

const PC = ['Windows NT 10.0; Win64; x64', 'Windows NT 6.1; Win64; x64', 'Macintosh; Intel Mac OS X 10_15_7']
const PHONES = ['Linux; Android 13; V2230A', 'Linux; Android 12; PGT-AN00', 'Linux; Android 14; 23127PN0CC', 'Linux; Android 11; RMX3121']

/** A browser's user agent on a PC or phone. */
export function browser(random: Random, kind: 'pc' | 'phone'): string {
  const version = random.int(98, 131)
  return kind === 'pc'
    ? `Mozilla/5.0 (${random.pick(PC)}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Safari/537.36`
    : `Mozilla/5.0 (${random.pick(PHONES)}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version}.0.0.0 Mobile Safari/537.36`
}
