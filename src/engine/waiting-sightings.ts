import { Heap } from '../base/order.ts'
import type { Ms } from '../base/time.ts'
import type { Sighting } from './sighting.ts'

/** Sightings that one learner task handed over for one mark. They wait for ten minutes, as bytes where they came so, and are read when their time has come. */
export interface Sightings {
  /** The earliest of their times; Infinity where there are none. */
  readonly from: Ms
  readonly count: number
  read(): readonly Sighting[]
}

/** Sightings that are at hand. */
export function sightingsOf(list: readonly Sighting[]): Sightings {
  return { from: list.reduce((least, s) => Math.min(least, s.time), Infinity), count: list.length, read: () => list }
}

interface Part {
  from: Ms
  mark: number
  sightings: Sightings
}

/** Sightings of marks that were handled, until the resource stage's watermark comes near them. */
export class WaitingSightings {
  private readonly parts = new Heap<Part>((a, b) => a.from < b.from)

  /** `mark`: the one that delivered them. */
  add(sightings: Sightings, mark: number): void {
    if (sightings.count > 0) this.parts.push({ from: sightings.from, mark, sightings })
  }

  /** Hands out whatever may lie before `upTo`, and with it later sightings of the same parts. */
  release(upTo: Ms, take: (sighting: Sighting, mark: number) => void): void {
    for (let part = this.parts.peek(); part !== undefined && part.from < upTo; part = this.parts.peek()) {
      this.parts.pop()
      for (const s of part.sightings.read()) take(s, part.mark)
    }
  }

  /** The lowest mark whose sightings still wait, or Infinity. */
  oldestMark(): number {
    let oldest = Infinity
    for (const { mark } of this.parts.values()) if (mark < oldest) oldest = mark
    return oldest
  }
}
