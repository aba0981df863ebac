// Eight bytes at a time, by a table for each of their places: several times as fast as one by one.
const PLACES = 8
const TABLES = makeTables()

function makeTables(): Int32Array {
  const tables = new Int32Array(PLACES * 256)
  for (let n = 0; n < 256; n++) {
    let crc = n
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    tables[n] = crc
  }
  for (let n = 256; n < tables.length; n++) {
    const before = tables[n - 256] as number
    tables[n] = (before >>> 8) ^ (tables[before & 255] as number)
  }
  return tables
}

/** The checksum that Kafka's record batches have (Castagnoli), of the bytes from `start` up to `end`. */
export function crc32c(bytes: Buffer, start = 0, end = bytes.length): number {
  const t = TABLES
  let crc = -1
  let i = start
  for (const whole = end - ((end - start) % PLACES); i < whole; i += PLACES) {
    crc ^= (bytes[i] as number) | ((bytes[i + 1] as number) << 8) | ((bytes[i + 2] as number) << 16) | ((bytes[i + 3] as number) << 24)
    crc = (t[1792 + (crc & 255)] as number) ^ (t[1536 + ((crc >>> 8) & 255)] as number) ^ (t[1280 + ((crc >>> 16) & 255)] as number) ^ (t[1024 + (crc >>> 24)] as number)
      ^ (t[768 + (bytes[i + 4] as number)] as number) ^ (t[512 + (bytes[i + 5] as number)] as number) ^ (t[256 + (bytes[i + 6] as number)] as number) ^ (t[bytes[i + 7] as number] as number)
  }
  for (; i < end; i++) crc = (t[(crc ^ (bytes[i] as number)) & 255] as number) ^ (crc >>> 8)
  return ~crc >>> 0
}
