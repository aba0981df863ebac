/** One series of a scrape: a metric's name, its labels and its value. */
export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|(?=\}))/
const SUFFIX: Readonly<Record<string, RegExp>> = { histogram: /_(bucket|sum|count)$/, summary: /_(sum|count)$/ }

/** Reads the text format of Prometheus as strictly as its own reader; throws where that would refuse the scrape. */
export function parseExposition(text: string): { samples: Sample[]; types: Map<string, string>; helps: Map<string, string> } {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const types = new Map<string, string>()
  const helps = new Map<string, string>()
  const seen = new Set<string>()
  const samples: Sample[] = []
  for (const line of text.split('\n').filter((l) => l !== '')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (kind !== undefined) {
      const to = kind === 'HELP' ? helps : types
      if (to.has(name)) throw new Error(`told twice: ${line}`)
      to.set(name, rest)
      continue
    }
    const sample = parseSample(line)
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort(([a], [b]) => (a < b ? -1 : 1))])
    if (seen.has(key)) throw new Error(`one series twice: ${line}`)
    seen.add(key)
    const family = types.has(sample.name) ? sample.name : [...types].find(([n, t]) => SUFFIX[t] !== undefined && sample.name.replace(SUFFIX[t], '') === n)?.[0]
    if (family === undefined || !helps.has(family)) throw new Error(`nothing says what this is: ${line}`)
    samples.push(sample)
  }
  return { samples, types, helps }
}

function parseSample(line: string): Sample {
  const name = NAME.exec(line)?.[0]
  if (name === undefined) throw new Error(`no sample: ${line}`)
  const labels: Record<string, string> = {}
  let rest = line.slice(name.length)
  if (rest.startsWith('{')) {
    rest = rest.slice(1)
    for (let m = LABEL.exec(rest); m !== null; m = LABEL.exec(rest)) {
      const [all, label = '', value = ''] = m
      if (label in labels) throw new Error(`a label twice: ${line}`)
      labels[label] = value.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))
      rest = rest.slice(all.length)
    }
    if (!rest.startsWith('}')) throw new Error(`labels do not end: ${line}`)
    rest = rest.slice(1)
  }
  if (!/^ ([+-]?(\d+(\.\d+)?(e[+-]?\d+)?|Inf)|NaN)$/.test(rest)) throw new Error(`no value: ${line}`)
  return { name, labels, value: Number(rest.replace('Inf', 'Infinity')) }
}
