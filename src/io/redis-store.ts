import { randomUUID } from 'node:crypto'
import type { Writable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { Command } from 'ioredis'
import { InvigilError } from '../base/errors.ts'
import { DAY, type Ms } from '../base/time.ts'
import type { SnapshotStore } from '../engine/ports.ts'
import { RedisConnection, type RedisOptions } from './redis-connection.ts'
import { COMMIT, FINISH, RESERVE, TAKE } from './redis-scripts.ts'

export interface RedisStoreOptions extends RedisOptions {
  /** Before every key; realms that share a Redis need one each. */
  prefix?: string
  /** How long the state lives after its last commit; 0 for ever. */
  expiry?: Ms
}

/** Bytes of a part, but for the last. */
const PART = 1 << 20
/** Parts under way at once: what a store needs in memory, and the one that is being filled. */
const WINDOW = 4
/**
 * Bytes of a part read at once, and how many are asked for ahead. The client puts a reply that comes in several pieces together in ever larger
 * memory, which drives V8's collector; most of these come in one, and are handed on where they lie.
 */
const [PIECE, PIECES] = [1 << 14, 1 << 7]
/** Memory for parts, of stores that write nothing at present. */
const spare: Buffer[][] = []
/** Parts announced at once, before they are written. */
const RESERVED = 256
/** Parts deleted at once. */
const DELETED = 64

/**
 * Snapshots of one task in a Redis that many share. Who opens it last owns it: from then on a process that had it before can neither
 * commit nor write a file to its end. A lost or evicted part is noticed by `commit` and by `read`; let `maxmemory-policy` be `noeviction`.
 */
export class RedisStore implements SnapshotStore {
  readonly task: string
  private readonly redis: RedisConnection
  private readonly base: string
  private readonly ttl: string
  private mine = ''

  private constructor(redis: RedisConnection, task: string, { prefix = 'invigil:', expiry = 30 * DAY }: RedisStoreOptions) {
    this.task = task
    this.redis = redis
    // Without a colon in it, no task's keys begin like another's.
    this.base = `${prefix}${encodeURIComponent(task)}:`
    this.ttl = String(Math.ceil(expiry / 1000))
  }

  /** Takes the state of `task`. Errors: `usage` (also where Redis refuses us), `not-found` (the CA file), `io`. */
  static async open(options: RedisStoreOptions, task: string): Promise<RedisStore> {
    const redis = new RedisConnection(options)
    const store = new RedisStore(redis, task, options)
    try {
      store.mine = String(await redis.ask((r) => r.eval(TAKE, 1, `${store.base}epoch`, store.base, store.ttl)))
    } catch (e) {
      redis.close()
      throw e
    }
    return store
  }

  async manifest(): Promise<Uint8Array | undefined> {
    return (await this.redis.ask((r) => r.getBuffer(`${this.base}manifest`))) ?? undefined
  }

  /** Errors: `bad-state` where the state was lost meanwhile, `taken`, `io`, `disk-full`. */
  async write(chunks: Iterable<Uint8Array>): Promise<string> {
    const name = `keys-${randomUUID()}`
    const ahead = new Ahead<unknown>()
    const memory = spare.pop() ?? []
    let [count, reserved] = [0, RESERVED]
    // A Redis that is gone is noticed before the first chunk is asked for.
    await this.inFile(RESERVE, name, reserved)
    try {
      for await (const part of inParts(chunks, memory)) {
        if (count === reserved) await this.inFile(RESERVE, name, (reserved += RESERVED))
        if (ahead.size === WINDOW) await ahead.next()
        ahead.add(this.put(`${this.base}${name}:${count++}`, part))
      }
      while (ahead.size > 0) await ahead.next()
      await this.inFile(FINISH, name, count)
      // Where something failed, a part may still wait to be sent.
      spare.push(memory)
    } catch (e) {
      await ahead.settled()
      // What fails here too is removed by a later commit, and the first error tells more. A Redis that does not answer is not waited for again.
      if (!(e instanceof InvigilError) || e.code !== 'io') await this.remove(name, count).catch(() => undefined)
      throw e
    }
    return name
  }

  /** Errors: `bad-state` where the file is not there, was never written to its end, or has lost a part; `io`. */
  async *read(name: string): AsyncIterable<Uint8Array> {
    const count = Number((await this.redis.ask((r) => r.hget(`${this.base}files`, name))) ?? -1)
    if (count < 0) throw this.lacks(name)
    for (let n = 0; n < count; n++) yield* this.readPart(name, `${this.base}${name}:${n}`)
  }

  private async *readPart(name: string, key: string): AsyncIterable<Uint8Array> {
    const size = await this.redis.ask((r) => r.strlen(key))
    if (size === 0) throw this.lacks(name)
    const ahead = new Ahead<Buffer>()
    let asked = 0
    for (let read = 0; read < size;) {
      for (; asked < size && ahead.size < PIECES; asked += PIECE) {
        const from = asked
        ahead.add(this.redis.ask((r) => r.getrangeBuffer(key, from, from + PIECE - 1)))
      }
      const piece = await ahead.next()
      if (piece.length === 0) throw this.lacks(name)
      read += piece.length
      yield piece
    }
  }

  /**
   * Errors: `bad-state` where a file to keep is not whole (Redis was emptied, say: write a new base), `taken` where another process has
   * taken the state; then the manifest before stays. `io`: it may have come through or not.
   */
  async commit(manifest: Uint8Array, keep: readonly string[]): Promise<void> {
    const args = [this.base, this.mine, this.ttl, asBuffer(manifest), ...keep]
    const [verdict, ...rest] = (await this.redis.ask((r) => r.eval(COMMIT, 1, `${this.base}manifest`, ...args))) as string[]
    if (verdict === 'taken') throw this.taken()
    if (verdict === 'lost') throw this.lacks(rest[0] as string)
    for (let i = 0; i < rest.length; i += 2) await this.remove(rest[i] as string, Number(rest[i + 1]))
  }

  async close(): Promise<void> {
    this.redis.close()
  }

  private async put(key: string, part: Buffer): Promise<void> {
    await this.redis.ask((r) => r.sendCommand(new SetPart(key, part, this.ttl)) as Promise<unknown>)
  }

  private async inFile(script: string, name: string, count: number): Promise<void> {
    const verdict = await this.redis.ask((r) => r.eval(script, 1, `${this.base}files`, this.base, this.mine, this.ttl, name, count))
    if (verdict === 'taken') throw this.taken()
    if (verdict === 'lost') throw this.lacks(name)
  }

  /** Forgets the name last: cut short, the next commit goes on. */
  private async remove(name: string, count: number): Promise<void> {
    for (let n = 0; n < count; n += DELETED) {
      const keys = Array.from({ length: Math.min(DELETED, count - n) }, (_, i) => `${this.base}${name}:${n + i}`)
      await this.redis.ask((r) => r.unlink(keys))
    }
    await this.redis.ask((r) => r.hdel(`${this.base}files`, name))
  }

  private lacks(name: string): InvigilError {
    return new InvigilError('bad-state', `the state of \`${this.task}\` in redis at \`${this.redis.address}\` lacks its file \`${name}\`, or a part of it; to begin without it, delete the keys \`${this.base}*\``)
  }

  private taken(): InvigilError {
    return new InvigilError('taken', `another process has taken over the state of \`${this.task}\` in redis at \`${this.redis.address}\``)
  }
}

/** Requests under way, whose answers are taken in order. */
class Ahead<T> {
  private readonly under: Promise<T>[] = []

  get size(): number {
    return this.under.length
  }

  add(request: Promise<T>): void {
    // A failure waits here until its turn comes; nobody else listens for it meanwhile.
    request.catch(() => undefined)
    this.under.push(request)
  }

  next(): Promise<T> {
    return this.under.shift() as Promise<T>
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.under)
  }
}

/**
 * Puts chunks together to parts, in memory that is used again and again: a part holds as long as there are `WINDOW` after it at most. After each
 * chunk other work gets its turn.
 */
async function* inParts(chunks: Iterable<Uint8Array>, memory: Buffer[]): AsyncGenerator<Buffer> {
  let [n, filled] = [0, 0]
  for (const chunk of chunks) {
    for (let from = 0; from < chunk.length;) {
      const part = (memory[n] ??= Buffer.allocUnsafeSlow(PART))
      const size = Math.min(chunk.length - from, PART - filled)
      part.set(chunk.subarray(from, from + size), filled)
      from += size
      filled += size
      if (filled < PART) continue
      yield part
      n = (n + 1) % (WINDOW + 1)
      filled = 0
    }
    await turn()
  }
  if (filled > 0) yield (memory[n] as Buffer).subarray(0, filled)
}

/** SET of a large value, which is sent from where it lies; the client would copy it into memory of its own first. */
class SetPart extends Command {
  private readonly part: Buffer

  constructor(key: string, part: Buffer, ttl: string) {
    super('set', ttl === '0' ? [key, part] : [key, part, 'EX', ttl])
    this.part = part
  }

  override toWritable(socket: object): string {
    const [key, , ...more] = this.args as string[]
    const argument = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`
    const stream = socket as Writable
    stream.write(`*${this.args.length + 1}\r\n${[this.name, key as string].map(argument).join('')}$${this.part.length}\r\n`)
    stream.write(this.part)
    return `\r\n${more.map(argument).join('')}`
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
