import type { IncomingMessage } from 'node:http'
import { createGunzip } from 'node:zlib'
import { Refusal } from './refusal.ts'

// Unzipped in pieces of this size, so that a bomb is seen before it has gone off.
const PIECE = 1 << 16
const GZIP: ReadonlySet<string> = new Set(['gzip', 'x-gzip'])

/** Room in memory for the bodies of requests at hand; one that is part of a larger room takes from that, too. */
export class Room {
  private readonly size: number
  private readonly within: Room | undefined
  private used = 0

  constructor(size: number, within?: Room) {
    this.size = size
    this.within = within
  }

  get isFull(): boolean {
    return this.used >= this.size || this.within?.isFull === true
  }

  /** Whether there is room for so much more; then it is taken. */
  take(bytes: number): boolean {
    if (this.used + bytes > this.size || this.within?.take(bytes) === false) return false
    this.used += bytes
    return true
  }

  give(bytes: number): void {
    this.used -= bytes
    this.within?.give(bytes)
  }
}

/** The whole body of a request, unzipped, and the bytes that it holds in the room until it is let go. */
export interface Body {
  bytes: Buffer
  letGo(): void
}

export const BUSY = 'more is coming in than can be taken at the moment; send it again after a while'

function isZipped({ headers }: IncomingMessage): boolean {
  return GZIP.has(headers['content-encoding']?.trim().toLowerCase() ?? '')
}

/** Throws a refusal where the head of a request says already that its body cannot be taken. */
export function checkHead(request: IncomingMessage, most: number): void {
  const { headers } = request
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity' && !isZipped(request)) throw new Refusal(415, 'unknown-encoding', 'a body may be sent as it is or with `Content-Encoding: gzip`')
  if (Number(headers['content-length'] ?? 0) > most) throw tooLarge(most)
}

/** Reads a body of at most `most` bytes, as it is sent and unzipped. Throws a refusal as soon as it is more; it is never in memory whole then. */
export async function readBody(request: IncomingMessage, most: number, room: Room): Promise<Body> {
  const pieces: Buffer[] = []
  // A stream that is given up must not take the connection with it: the client is still to be told why.
  let held = 0
  try {
    for await (const piece of isZipped(request) ? unzipped(request, most) : (request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)) {
      if (held + piece.length > most) throw tooLarge(most)
      if (!room.take(piece.length)) throw new Refusal(429, 'busy', BUSY, 1)
      held += piece.length
      pieces.push(piece)
    }
    return { bytes: pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, held), letGo: () => room.give(held) }
  } catch (e) {
    room.give(held)
    // What still comes is let go, or a client that waits until it has sent all would never be told.
    request.resume()
    throw e
  }
}

function tooLarge(most: number): Refusal {
  return new Refusal(413, 'too-large', `a request may have at most ${most} bytes, unzipped; send it in several`)
}

async function* unzipped(request: IncomingMessage, most: number): AsyncGenerator<Buffer, void, undefined> {
  const gunzip = createGunzip({ chunkSize: PIECE })
  let sent = 0
  request.on('data', (piece: Buffer) => {
    if (gunzip.destroyed) return
    sent += piece.length
    if (sent > most) gunzip.destroy(tooLarge(most))
    else if (!gunzip.write(piece)) {
      request.pause()
      gunzip.once('drain', () => request.resume())
    }
  })
  request.once('end', () => gunzip.end())
  request.once('error', (e) => gunzip.destroy(e))
  try {
    yield* gunzip as AsyncIterable<Buffer>
  } catch (e) {
    if (e instanceof Refusal || (e as NodeJS.ErrnoException).code?.startsWith('Z_') !== true) throw e
    throw new Refusal(400, 'bad-gzip', 'the body is not whole gzip data, though `Content-Encoding` says so')
  } finally {
    gunzip.destroy()
  }
  // zlib passes over what stands behind its data.
  if (gunzip.bytesWritten < sent) throw new Refusal(400, 'bad-gzip', 'there is something behind the end of the gzip data')
}
