/**
 * Memory for what lasts. V8 counts the bytes of an `ArrayBuffer` towards its collector: each 64 MB of new ones begin another round through the
 * whole heap, a second or more where there are hundreds of thousands of keys. Those of a `SharedArrayBuffer` it does not count
 * (`BackingStore::PerIsolateAccountingLength`), whether anybody shares it or not. Not for what is soon garbage: nothing would hurry to collect it.
 */
export function lasting(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(bytes)
}
