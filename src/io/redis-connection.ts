import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import { InvigilError } from '../base/errors.ts'
import type { Ms } from '../base/time.ts'
import { fileError } from './file-error.ts'
import { connectionError, replyError } from './redis-error.ts'

/** How to reach a Redis. */
export interface RedisOptions {
  /** `redis://host:6379/0`, or `rediss://` for TLS. A user name and a password may stand in it; the options below go before them. */
  url: string
  username?: string
  password?: string
  /** A file of certificates (PEM) to trust in place of the system's; for `rediss://` only. */
  ca?: string
  /** How long to wait for a connection. */
  connectTimeout?: Ms
  /** How long to wait for an answer, all new attempts at a connection included. */
  commandTimeout?: Ms
}

/** Attempts at a connection before what waits for it fails; later requests make new ones. */
const RETRIES = 5

/** A connection that is made anew when it breaks, and whose requests fail in bounded time with errors for the user. */
export class RedisConnection {
  /** Host and port, as messages name them. */
  readonly address: string
  // Private to the runtime, so that no log of an object that holds this one shows the password.
  readonly #redis: Redis
  readonly #password: string | undefined
  readonly #isTls: boolean
  #lastError: Error | undefined

  /** Connects in the background. Throws `usage` where the options are wrong, or `not-found` or `usage` where the CA file cannot be read. */
  constructor(options: RedisOptions) {
    const { host, port, db, isTls, username, password } = parseUrl(options)
    this.address = `${host.includes(':') ? `[${host}]` : host}:${port}`
    this.#password = password
    this.#isTls = isTls
    this.#redis = new Redis({
      host, port, db, username, password,
      tls: isTls ? { ca: options.ca === undefined ? undefined : readCa(options.ca) } : undefined,
      connectTimeout: options.connectTimeout ?? 5_000,
      commandTimeout: options.commandTimeout ?? 10_000,
      keepAlive: 10_000,
      connectionName: 'invigil',
      maxRetriesPerRequest: RETRIES,
      retryStrategy: (times) => Math.min(100 * 2 ** Math.min(times, 5), 2_000),
      maxLoadingRetryTime: 500,
      // After a fail-over the old primary refuses writes; its name may lead to the new one by now.
      reconnectOnError: (e) => e.message.includes('READONLY'),
    })
    this.#redis.on('error', (e: Error) => (this.#lastError = e))
    this.#redis.on('close', () => (this.#lastError ??= new Error('closed')))
    this.#redis.on('ready', () => (this.#lastError = undefined))
  }

  /** Sends a request. Errors: `io`, `disk-full` where the memory of Redis is full, or `usage` where it refuses us. */
  async ask<T>(request: (redis: Redis) => Promise<T>): Promise<T> {
    try {
      return await request(this.#redis)
    } catch (e) {
      throw this.explain(e as Error)
    }
  }

  /** Ends the connection. What was asked and not answered fails. */
  close(): void {
    this.#redis.disconnect()
  }

  // The client's own errors hold the commands with their arguments, the password among them: none is passed on as a cause.
  private explain(e: Error): InvigilError {
    const { address } = this
    if (e.message === 'Command timed out' && this.#lastError === undefined) {
      // A peer that vanished without a word is noticed only so; the next request finds a new connection.
      this.#lastError = e
      this.#redis.disconnect(true)
    }
    const cause = e.name === 'ReplyError' ? e : (this.#lastError ?? e)
    return cause.name === 'ReplyError' ? replyError(address, cause.message, this.#password) : connectionError(address, cause, this.#isTls)
  }
}

interface Target {
  host: string
  port: number
  db: number
  isTls: boolean
  username: string | undefined
  password: string | undefined
}

/** Takes an address apart, or throws `usage`. Messages do not repeat the URL, since a password may stand in it. */
export function parseUrl({ url, username, password, ca }: RedisOptions): Target {
  const bad = (what: string) => new InvigilError('usage', `${what}; the address of redis looks like \`redis://host:6379/0\`, or \`rediss://host:6379/0\` for TLS`)
  let parsed: URL
  let inUrl: string[]
  try {
    parsed = new URL(url)
    inUrl = [parsed.username, parsed.password].map(decodeURIComponent)
  } catch {
    throw bad('the address of redis is no URL')
  }
  const isTls = parsed.protocol === 'rediss:'
  if (!isTls && parsed.protocol !== 'redis:') throw bad('the address of redis is of another kind')
  if (parsed.hostname === '') throw bad('the address of redis lacks a host')
  const db = /^\/?(\d{0,5})$/.exec(parsed.pathname)?.[1]
  if (db === undefined) throw bad('the path in the address of redis is no number of a database')
  if (parsed.search !== '' || parsed.hash !== '') throw bad('the address of redis has something behind its path')
  if (ca !== undefined && !isTls) throw bad(`the CA file \`${ca}\` is of use only with TLS`)
  return {
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(parsed.port || 6379), db: Number(db), isTls,
    username: username ?? (inUrl[0] || undefined),
    password: password ?? (inUrl[1] || undefined),
  }
}

function readCa(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (e) {
    throw (e as NodeJS.ErrnoException).code === 'ENOENT' ? new InvigilError('not-found', `there is no file \`${path}\``) : fileError(path, e as NodeJS.ErrnoException)
  }
  if (!text.includes('-----BEGIN CERTIFICATE-----')) throw new InvigilError('usage', `\`${path}\` holds no certificate in PEM`)
  return text
}
