import { inspect } from 'node:util'
import { z } from 'zod'

const HIDDEN = '***'

/** A password: however the settings around it are logged or printed, it reads `***`. */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The password itself, for the one who sends it. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }

  [inspect.custom](): string {
    return HIDDEN
  }
}

/** A password in settings. Not `z.string()`, since what is said of a wrong type quotes what was written. */
export const secret = z.unknown().transform((written, context) => {
  if (typeof written === 'string' && written !== '') return new Secret(written)
  context.addIssue({ code: 'custom', message: written === undefined ? 'is missing' : 'must be text that is not empty; write it in quotes' })
  return z.NEVER
})
