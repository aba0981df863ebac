import { InvalidArgumentError } from 'commander'
import { parseDuration, type Ms } from '../base/time.ts'

/** Collects an option that may be given several times: `--rules a --rules b`. The first one replaces the default. */
export function repeated(): (value: string, before: string[] | undefined) => string[] {
  let given: string[] | undefined
  return (value) => (given = [...(given ?? []), value])
}

/** A duration such as `45s`, as milliseconds. */
export function duration(text: string): Ms {
  const ms = parseDuration(text)
  if (ms === undefined) throw new InvalidArgumentError('write it like `45s`, `10m` or `1h30m`')
  return ms
}

/** A whole number from 1 to `most`. */
export function wholeNumber(most: number): (text: string) => number {
  return (text) => {
    const n = /^\d+$/.test(text) ? Number(text) : 0
    if (n < 1 || n > most) throw new InvalidArgumentError(`write a whole number from 1 to ${most}`)
    return n
  }
}
