/** Who must act: `user` mends input or configuration, `outside` is a failing system around us, `bug` is ours. */
export type Domain = 'user' | 'outside' | 'bug'

/** Every error Invigil raises on purpose: its domain, and whether trying again can help. */
export const codes = {
  usage: { domain: 'user', retry: false },
  'not-found': { domain: 'user', retry: false },
  'bad-file': { domain: 'user', retry: false },
  'bad-rules': { domain: 'user', retry: false },
  'bad-catalogue': { domain: 'user', retry: false },
  'bad-mapping': { domain: 'user', retry: false },
  'bad-geo': { domain: 'user', retry: false },
  'bad-model': { domain: 'user', retry: false },
  'bad-state': { domain: 'user', retry: false },
  'bad-input': { domain: 'user', retry: false },
  'disk-full': { domain: 'outside', retry: true },
  io: { domain: 'outside', retry: true },
  /** Another process has taken over what was ours. */
  taken: { domain: 'outside', retry: true },
  invariant: { domain: 'bug', retry: false },
} as const satisfies Record<string, { domain: Domain; retry: boolean }>

export type Code = keyof typeof codes

/** A place in something the user wrote: file, and line and column counted from 1. */
export interface Where {
  file?: string
  line?: number
  column?: number
}

/** One thing that is wrong, where it is and how to mend it. */
export interface Problem extends Where {
  message: string
  mend?: string
}

/** The one error class. `problems` lists everything found at once, so that the user mends a file in one go. */
export class InvigilError extends Error {
  readonly code: Code
  readonly problems: readonly Problem[]

  constructor(code: Code, message: string, options: { problems?: readonly Problem[]; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'InvigilError'
    this.code = code
    this.problems = options.problems ?? []
  }

  get domain(): Domain {
    return codes[this.code].domain
  }
}

/** `file:3:7: message (mend)`, as editors and compilers write it. */
export function formatProblem(p: Problem): string {
  const place = [p.file, p.line, p.line === undefined ? undefined : p.column].filter((x) => x !== undefined).join(':')
  return `${place ? `${place}: ` : ''}${p.message}${p.mend ? ` (${p.mend})` : ''}`
}

/** For states that our own code promises never to reach. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvigilError('invariant', message)
}
