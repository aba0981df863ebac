import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import { seeded } from '../five-platforms.ts'

/** What befalls a run. `kill`, `zombie` and `redis` fall on a process; `join` is one that comes, and the oldest leaves in good order. */
export const KINDS = ['kill', 'kill-time', 'zombie', 'join', 'broker', 'redis', 'publish', 'publish-kill', 'intake-stop', 'intake-start'] as const
export type Kind = (typeof KINDS)[number]

/** One deed of the plan. */
export interface Deed {
  kind: Kind
  /** How long all goes on undisturbed before it, once the deed before is done. */
  rest: Ms
  /** From 0 to 1: which process, and which way where there are two. */
  which: number
  /** From 0 to 1: for how long. */
  long: number
}

/** How often each is drawn, out of a hundred. */
const SHARES: readonly [Kind, number][] = [['kill', 42], ['kill-time', 8], ['zombie', 16], ['join', 11], ['broker', 11], ['redis', 12]]
const REST: Ms = 5 * SECOND
const MORE: Ms = 6 * SECOND
/** A backlog of so much is to be worked off. */
const STOPPED: Ms = 3 * MINUTE

/** What befalls a run, and what must befall it at some time since the feeding began. */
export interface Plan {
  due: readonly (Deed & { at: Ms })[]
  drawn: readonly Deed[]
}

/**
 * The plan of a run of `length`, from the seed alone: faults every few seconds, two changes of rules (the second just before a crash), the intake stopped for
 * three minutes (a quarter of a short run), and the timekeeper's owner killed at least twice.
 */
export function planOf(seed: number, length: Ms): Plan {
  // Small seeds would begin alike.
  const random = seeded(Math.imul(seed, 0x9e3779b1))
  const draw = (): Kind => {
    let left = random() * 100
    for (const [kind, share] of SHARES) if ((left -= share) < 0) return kind
    return 'kill'
  }
  const deed = (kind: Kind): Deed => ({ kind, which: random(), long: random(), rest: Math.round(REST + random() * MORE) })
  const at = (kind: Kind, time: Ms) => ({ ...deed(kind), at: time })
  const stopped = length * 0.3
  return {
    due: [
      at('kill-time', length * 0.1), at('publish', length * 0.2), at('intake-stop', stopped), at('intake-start', stopped + Math.min(STOPPED, length / 4)),
      at('publish-kill', length * 0.7), at('kill-time', length * 0.8),
    ],
    drawn: Array.from({ length: Math.ceil(length / REST) }, () => deed(draw())),
  }
}
