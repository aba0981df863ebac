/**
 * Memory for what lasts. V8 counts the bytes of an `ArrayBuffer` towards its collector: each 64 MB of new ones begin another round through the
 * whole heap, a second or more where there are hundreds of thousands of keys. Those of a `SharedArrayBuffer` it does not count
 * (`BackingStore::PerIsolateAccountingLength`), whether anybody shares it or not. Not for what is soon garbage: nothing would hurry to collect it.
 */
export function lasting(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(bytes)
}

const SLAB = 1 << 18

/** Bytes that are kept for long, many in one piece of `lasting` memory: a piece for each would keep the collector busy. */
export class Slabs {
  private slab: Uint8Array = new Uint8Array(0)
  private used = 0

  /** A copy of `bytes`. */
  keep(bytes: Uint8Array): Uint8Array {
    const size = bytes.length
    if (this.used + size > this.slab.length) {
      // What is large leaves the slab at hand to the small.
      if (size > SLAB / 4) return copied(bytes, new Uint8Array(lasting(size)))
      this.slab = new Uint8Array(lasting(SLAB))
      this.used = 0
    }
    const kept = copied(bytes, this.slab.subarray(this.used, this.used + size))
    this.used += size
    return kept
  }
}

function copied(bytes: Uint8Array, into: Uint8Array): Uint8Array {
  into.set(bytes)
  return into
}
