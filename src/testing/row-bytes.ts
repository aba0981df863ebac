import { mostRowBytes, writeRow } from '../engine/layout.ts'
import type { Row, Table } from '../engine/table.ts'

/** A row as snapshots have it. */
export function rowBytes(table: Table, row: Row): Uint8Array {
  const out = Buffer.alloc(mostRowBytes(table))
  return out.subarray(0, writeRow(table, row, out, 0))
}
