import { Packr } from 'msgpackr'
import { Machine, type MachineOptions } from '../engine/machine.ts'
import type { LateEvent, Output } from '../engine/output.ts'
import { loadKeys, saveKeys } from '../engine/keys.ts'
import { loadMachine, saveMachine, type MachineState } from '../engine/snapshot.ts'
import type { Event } from '../telemetry/event.ts'

const packr = new Packr({ useRecords: false })
/** Deltas until the next base. */
const MOST_DELTAS = 3

/** A machine over a log, that can be stopped at any mark and started again from what it saved, as a process is. */
export class Restarting {
  machine: Machine
  readonly outputs: Output[] = []
  readonly late: LateEvent[] = []
  private options: Omit<MachineOptions, 'output' | 'late'>
  /** The log so far, and the mark that covers each event. */
  private readonly log: { event: Event; mark: number }[] = []
  /** The base and its deltas, as chunks. */
  private files: Uint8Array[][] = []

  constructor(options: Omit<MachineOptions, 'output' | 'late'>) {
    this.options = options
    this.machine = this.make()
  }

  private make(): Machine {
    return new Machine({ ...this.options, output: (o) => this.outputs.push(o), late: (l) => this.late.push(l) })
  }

  observe(event: Event): 'held' | 'late' | 'future' {
    this.log.push({ event, mark: this.machine.timekeeper.mark + 1 })
    return this.machine.observe(event)
  }

  /** Saves the keys that changed, a base now and then; only right after a mark. */
  save(): void {
    const fresh = this.files.length === 0 || this.files.length > MOST_DELTAS
    const chunks = Array.from(saveKeys(this.machine, fresh), (c) => new Uint8Array(c))
    if (fresh) this.files = [chunks]
    else this.files.push(chunks)
  }

  /** Saves, throws the machine away and makes a new one of what was saved, with other options if wanted. Only right after a mark. */
  async restart(options: Partial<Omit<MachineOptions, 'output' | 'late'>> = {}): Promise<void> {
    this.save()
    const oldest = this.machine.oldestMark()
    const state = packr.unpack(packr.pack(saveMachine(this.machine))) as MachineState
    this.options = { ...this.options, ...options }
    this.machine = this.make()
    loadMachine(this.machine, state)
    for (const chunks of this.files) await loadKeys(this.machine, inPieces(chunks))
    for (const { event, mark } of this.log) if (mark >= oldest) this.machine.refill(event, mark)
  }

  /** Ends the log and returns everything written, one JSON text each. */
  end(): string[] {
    this.machine.end()
    return this.outputs.map((o) => JSON.stringify(o))
  }
}

/** Chunks cut where no record ends, as a disk hands them out. */
// oxlint-disable-next-line typescript/require-await
async function* inPieces(chunks: readonly Uint8Array[]): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) {
    const cut = Math.floor(chunk.length / 3)
    yield chunk.subarray(0, cut)
    yield chunk.subarray(cut)
  }
}
