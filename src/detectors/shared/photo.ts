/** Whether a photo's hash is a 64-bit perceptual hash, whose bits can be compared; another serves only for equality. */
export function isPerceptual(photo: string): boolean {
  return photo.length === 16
}

/** In how many bits two 64-bit hashes of 16 hex digits differ; infinite for hashes that can only be equal or not. */
export function distance(a: string, b: string): number {
  if (a === b) return 0
  if (!isPerceptual(a) || !isPerceptual(b)) return Infinity
  return bits(half(a, 0) ^ half(b, 0)) + bits(half(a, 8) ^ half(b, 8))
}

/** Whether the hash of a picture without contrast, dark or blank: most of its bits are equal, and it looks like any other. */
export function isBlank(photo: string, least: number): boolean {
  if (!isPerceptual(photo)) return false
  const set = bits(half(photo, 0)) + bits(half(photo, 8))
  return set < least || 64 - set < least
}

/** The lowest of the four 16-bit bands in which two hashes are equal; -1 for none. */
export function firstBand(a: string, b: string): number {
  for (let i = 0; i < 4; i++) if (a.startsWith(b.slice(4 * i, 4 * i + 4), 4 * i)) return i
  return -1
}

function half(photo: string, from: number): number {
  return Number.parseInt(photo.slice(from, from + 8), 16)
}

function bits(n: number): number {
  let x = n - ((n >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
