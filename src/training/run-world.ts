import { invariant } from '../base/errors.ts'
import type { Machine } from '../engine/machine.ts'
import type { Simulation } from '../simulate/index.ts'
import { buildEvent } from '../telemetry/build.ts'

const PER_MARK = 2000

/** Runs a simulated world through the production engine, from its first record to the end of the log. */
export function runWorld({ records }: Simulation, machine: Machine): void {
  let n = 0
  for (const record of records) {
    const event = buildEvent(record, '')
    invariant('id' in event, 'the simulator writes an event that is none')
    machine.observe(event)
    if (++n % PER_MARK === 0) machine.mark()
  }
  machine.end()
}
