// What any program on this machine would need: reading and splitting a file, and JSON.parse of each line.
import { openSync, readSync, closeSync } from 'node:fs'

const CHUNK = 1 << 20

/** Reads a file line by line and hands each to `take`; returns lines a second. */
function linesPerSecond(path, take) {
  const fd = openSync(path, 'r')
  const buffer = Buffer.alloc(CHUNK)
  let rest = ''
  let lines = 0
  const begun = performance.now()
  for (let n = readSync(fd, buffer); n > 0; n = readSync(fd, buffer)) {
    const text = rest + buffer.toString('latin1', 0, n)
    let at = 0
    for (let end = text.indexOf('\n', at); end >= 0; end = text.indexOf('\n', at)) {
      take(text.slice(at, end))
      lines++
      at = end + 1
    }
    rest = text.slice(at)
  }
  closeSync(fd)
  return lines / ((performance.now() - begun) / 1000)
}

export function splitCeiling(path) {
  return linesPerSecond(path, (line) => {
    if (line.length === 0) throw new Error('an empty line')
  })
}

export function parseCeiling(path) {
  return linesPerSecond(path, (line) => {
    if (JSON.parse(line).id === '') throw new Error('an event without id')
  })
}
