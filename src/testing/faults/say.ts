import { SECOND } from '../../base/time.ts'

const begun = performance.now()

/** A line of what happens, with the seconds since the command began. */
export function say(text: string): void {
  process.stdout.write(`${((performance.now() - begun) / SECOND).toFixed(1).padStart(7)} ${text}\n`)
}

/** A number with its thousands apart. */
export function thousands(n: number): string {
  return Math.round(n).toLocaleString('en-US')
}

export function messageOf(e: unknown): string {
  return e instanceof Error ? e.message : String(e)
}
