/** The events that a warning rests on: the first and the latest ids, and how many there were. Plain data. */
export interface Evidence {
  events: string[]
  count: number
}

const MOST = 20
const FIRST = 10

export function newEvidence(): Evidence {
  return { events: [], count: 0 }
}

/** Adds an event: the first ten stay, then the latest ten. */
export function addEvidence(evidence: Evidence, id: string): void {
  evidence.count++
  if (evidence.events.length === MOST) evidence.events.splice(FIRST, 1)
  evidence.events.push(id)
}
