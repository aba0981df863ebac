import { MINUTE, SECOND, type Ms } from '../../base/time.ts'
import type { Habits } from './habits.ts'
import type { Random } from '../random.ts'

// Nobody moves the mouse all through a long break.
const LONGEST_SPELL = 5

/** Counts pointer and key inputs as a player does: since the last event that carried them. */
export class Hands {
  private since: Ms = 0
  private idleUntil: Ms = 0
  private clicks = 0

  /** Begins to count. */
  rest(now: Ms): void {
    this.since = now
  }

  /** The user pressed a button of the player. */
  click(): void {
    this.clicks++
  }

  /** Inputs since the last call. */
  count(now: Ms, visible: boolean, habits: Habits, r: Random): number {
    const minutes = Math.min(LONGEST_SPELL, (now - this.since) / MINUTE)
    const clicks = this.clicks
    this.since = now
    this.clicks = 0
    // A program clicks nothing: it calls the player.
    if (habits.inputs === 0) return 0
    if (habits.clicker !== undefined) return habits.clicker(minutes)
    if (habits.idle === undefined) return clicks + (visible ? r.poisson(habits.inputs * minutes) : 0)
    if (now < this.idleUntil) return clicks
    this.idleUntil = now + habits.idle(r) * SECOND
    return clicks + r.int(1, 5)
  }
}
