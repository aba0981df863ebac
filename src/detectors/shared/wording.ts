/** Rounded to three decimals, as numbers in `facts` are. */
export function round3(n: number): number {
  return Math.round(n * 1000) / 1000
}

/** A length of time in seconds as an English reader writes it: `6 min 20 s`, `2 h 5 min`. */
export function spellSeconds(seconds: number): string {
  return spell(seconds, ' h', ' min', ' s', ' ')
}

/** A length of time in seconds as a Chinese reader writes it: `6 分 20 秒`. */
export function spellSecondsZh(seconds: number): string {
  return spell(seconds, ' 小时', ' 分', ' 秒', ' ')
}

function spell(seconds: number, hour: string, minute: string, second: string, gap: string): string {
  if (seconds < 10 && seconds % 1 !== 0) return `${Math.round(seconds * 10) / 10}${second}`
  const whole = Math.round(seconds)
  const h = Math.floor(whole / 3600)
  const m = Math.floor((whole % 3600) / 60)
  const s = whole % 60
  const parts: string[] = []
  if (h > 0) parts.push(`${h}${hour}`)
  if (m > 0) parts.push(`${m}${minute}`)
  if (s > 0 || parts.length === 0) parts.push(`${s}${second}`)
  return parts.join(gap)
}
