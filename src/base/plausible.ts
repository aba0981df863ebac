/**
 * Metadata of a parameter: the values that somebody can mean (durations as text). Others are possible and most likely a slip, as of a
 * unit or of a share written in percent: `invigil rules check` doubts them.
 */
export function plausible(least: number | string, most: number | string): { plausible: [number | string, number | string] } {
  return { plausible: [least, most] }
}
