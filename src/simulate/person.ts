import { HOUR, SECOND, type Ms } from '../base/time.ts'
import type { Action, WireEvent } from '../telemetry/event.ts'
import type { Random } from './random.ts'
import { Face } from './play/face.ts'

/** How a platform reports: its player's cadence and which fields it has. */
export interface PlatformSpec {
  id: string
  /** Its learner ids begin with it. */
  prefix: string
  heartbeat: Ms
  /** Decimals of a media position. */
  decimals: number
  inputs: boolean
  devices: boolean
  classes: boolean
  /** Whether the player stops the video while it asks for the face. */
  pausesForFace: boolean
}

export interface Chapter {
  id: string
  course: string
  /** Media length in seconds. */
  length: number
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
  first: Ms | undefined = undefined
  count = 0

  constructor(learner: string, klass: SimClass, random: Random, ip: string) {
    this.learner = learner
    this.klass = klass
    this.random = random
    this.ip = ip
    this.device = random.hex(16)
    this.face = new Face(random)
  }

  get platform(): PlatformSpec {
    return this.klass.platform
  }

  /** A new login session. */
  link(agent: string, ip = this.ip, device = this.device): Link {
    return { session: this.random.hex(12), device, agent, ip }
  }

  /** Writes an event down as the platform would report it; `received` is when it arrives. */
  send(time: Ms, received: Ms, link: Link, action: Action, fields: Fields = {}): Sent {
    const { platform, klass } = this
    this.count++
    const at = Math.round(time)
    if (this.first === undefined || at < this.first) this.first = at
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

/** Network delay of one message: lognormal, mostly 0.05 to 0.3 s. */
export function latency(random: Random): Ms {
  return random.lognormal(120, 0.55)
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
