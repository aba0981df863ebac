import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { InvigilError, type Problem } from '../base/errors.ts'
import { fileError } from '../io/file-error.ts'
import { Bucket } from './bucket.ts'
import type { Limits, ServeConfig, TokenConfig } from './config.ts'
import { Refusal } from './refusal.ts'

// What can be guessed is no token. A hash tells nothing of its token's length, so that this is asked only of files.
const LEAST = 20
const NEW_BYTES = 32

/** Somebody who may write or read. */
export interface Holder {
  readonly name: string
  readonly config: TokenConfig
  readonly limits: Limits
  readonly requests: Bucket
  readonly events: Bucket
}

/** A token that nobody can guess, and its hash for the configuration. */
export function newToken(): { token: string; sha256: string } {
  const token = randomBytes(NEW_BYTES).toString('base64url')
  return { token, sha256: hashOf(token).toString('hex') }
}

/** All tokens, known by their hashes only. */
export class Tokens {
  private readonly all: readonly { hash: Buffer; holder: Holder }[]

  private constructor(all: readonly { hash: Buffer; holder: Holder }[]) {
    this.all = all
  }

  /** Reads the tokens that lie in files. Throws `usage` with all that is wrong: files, names or tokens that are there twice. */
  static open({ tokens, limits }: ServeConfig, now: number): Tokens {
    const problems: Problem[] = []
    const all = tokens.map((config) => ({ hash: hashIn(config, problems), holder: holderOf(config, limits, now) }))
    for (const [i, { hash, holder }] of all.entries()) {
      const before = all.slice(0, i)
      if (before.some((b) => b.holder.name === holder.name)) problems.push({ message: `two tokens are called \`${holder.name}\``, mend: 'give each a name of its own' })
      const same = before.find((b) => hash.length > 0 && hash.equals(b.hash))
      if (same) problems.push({ message: `\`${same.holder.name}\` and \`${holder.name}\` have the same token`, mend: 'make a new one: `invigil serve --new-token`' })
    }
    if (problems.length > 0) throw new InvigilError('usage', problems.length === 1 ? (problems[0] as Problem).message : `${problems.length} problems with the tokens`, { problems })
    return new Tokens(all)
  }

  get holders(): readonly Holder[] {
    return this.all.map((t) => t.holder)
  }

  /** Who sends this `Authorization` header. Throws a refusal where it is nobody. */
  find(authorization: string | undefined): Holder {
    if (authorization === undefined) throw new Refusal(401, 'no-token', 'send `Authorization: Bearer <token>`')
    const [, written = ''] = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(authorization) ?? []
    const hash = hashOf(written)
    let found: Holder | undefined
    // Every one is compared whole: how long it takes tells nothing of them.
    for (const one of this.all) if (timingSafeEqual(one.hash, hash)) found = one.holder
    if (found === undefined) throw new Refusal(401, 'unknown-token', 'this token is not known here')
    return found
  }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}

function holderOf(config: TokenConfig, general: Limits, now: number): Holder {
  const own = Object.fromEntries(Object.entries(config.limits ?? {}).filter(([, v]) => v !== undefined))
  const limits: Limits = { ...general, ...own }
  const { requestsPerSecond, eventsPerSecond, records } = limits
  return {
    name: config.name, config, limits,
    requests: new Bucket(requestsPerSecond, Math.max(1, 2 * requestsPerSecond), now),
    events: new Bucket(eventsPerSecond, Math.max(records, eventsPerSecond), now),
  }
}

/** The hash of a token; empty where there is a problem. */
function hashIn({ name, sha256, tokenFile }: TokenConfig, problems: Problem[]): Buffer {
  if (tokenFile === undefined) return Buffer.from(sha256 ?? '', 'hex')
  try {
    const token = readFileSync(tokenFile, 'utf8').replace(/\r?\n$/, '')
    if (token.length >= LEAST) return hashOf(token)
    problems.push({ message: `the token of \`${name}\` in \`${tokenFile}\` has fewer than ${LEAST} characters`, mend: '`invigil serve --new-token` makes one that nobody guesses' })
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException
    problems.push({ message: code === 'ENOENT' ? `there is no file \`${tokenFile}\` with the token of \`${name}\`` : fileError(tokenFile, e as NodeJS.ErrnoException).message })
  }
  return Buffer.alloc(0)
}
