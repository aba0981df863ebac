import { formatTime } from '../base/time.ts'
import { createDecoder, type DecoderOptions } from '../telemetry/decode.ts'
import { eventSchema, type Event } from '../telemetry/event.ts'
import type { RejectReason } from '../telemetry/rejects.ts'

/** What one record turned out to be. */
export type Outcome =
  | { readonly event: Event }
  | { readonly reason: RejectReason; readonly message: string }
  | { readonly ignored: string }

/** All that the records of one line are, in order. What is no text is written as JSON. */
export function decodeLine(line: unknown, options: DecoderOptions): Outcome[] {
  const out: Outcome[] = []
  createDecoder(options).decode(
    { event: (e) => out.push({ event: e.read() }), reject: (reason, message) => out.push({ reason, message }), ignored: (verb) => out.push({ ignored: verb }) },
    Buffer.from(typeof line === 'string' ? line : JSON.stringify(line)),
  )
  return out
}

/** An event as the canonical JSON that would give it, with times in UTC. */
export function canonicalOf(event: Event): Record<string, unknown> {
  const { received } = event
  const written = new Map<string, unknown>([...Object.entries(event), ['time', formatTime(event.time)], ['received', received === undefined ? undefined : formatTime(received)]])
  return Object.fromEntries(Object.keys(eventSchema.shape).map((name) => [name, written.get(name)]).filter(([, value]) => value !== undefined))
}

/** The same for every outcome, for tests to compare with. */
export function canonicalLine(line: unknown, options: DecoderOptions): unknown[] {
  return decodeLine(line, options).map((o) => ('event' in o ? canonicalOf(o.event) : o))
}
