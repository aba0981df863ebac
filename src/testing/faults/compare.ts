import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Kafka } from '../../../services/kafka.mjs'
import { parseTime, type Ms } from '../../base/time.ts'
import { detectors } from '../../detectors/index.ts'
import type { Summary } from '../../pipeline/summary.ts'
import type { Warning } from '../../warnings/warning.ts'
import type { Realm } from '../realm.ts'
import { thousands } from './say.ts'

export const LEVELS = ['read_uncommitted', 'read_committed'] as const
export type Level = (typeof LEVELS)[number]

/** So long nothing more comes, and the reader ends. */
const QUIET: Ms = 15_000
const SHOWN = 3

/** The warnings of one process over the archive of what stands in Kafka: each as the bytes that a reader must find. */
export async function ofOneProcess({ cwd, shell }: Realm): Promise<{ warnings: string[]; contexts: number }> {
  for (const line of ['archive --to archive', 'run --archive archive --output one --quiet']) {
    const { code, err } = await shell(line).ended
    if (code !== 0) throw new Error(`\`invigil ${line}\` ended with ${code}: ${err}`)
  }
  const { archive } = JSON.parse(readFileSync(join(cwd, 'one', 'summary.json'), 'utf8')) as Summary
  const warnings = readFileSync(join(cwd, 'one', 'warnings.ndjson'), 'utf8').split('\n').filter((l) => l !== '')
  return { warnings, contexts: new Set(archive?.contexts.map((c) => c.hash)).size }
}

/** All that Kafka's own console consumer finds in a topic. */
export async function readByConsole(kafka: Kafka, topic: string, level: Level): Promise<string[]> {
  const tool = kafka.tool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
    '--bootstrap-server', kafka.brokers, '--topic', topic, '--from-beginning', '--isolation-level', level, '--timeout-ms', String(QUIET),
  ])
  let said = ''
  tool.stderr.setEncoding('utf8').on('data', (text: string) => void (said += text))
  const found: string[] = []
  createInterface({ input: tool.stdout }).on('line', (l) => void found.push(l))
  const [code] = (await once(tool, 'close')) as [number | null]
  if (code !== 0 || !said.includes(`Processed a total of ${found.length} messages`)) throw new Error(`the console consumer failed (${code ?? tool.signalCode}) after ${found.length} records: ${said}`)
  return found
}

/** What a reader who de-duplicates by (id, revision) finds, against what there must be; every difference is a problem. */
export function compare(level: Level, found: readonly string[], wanted: readonly string[], dir: string): { problems: string[]; said: string } {
  const problems: string[] = []
  const once = new Map<string, string>()
  const twice: string[] = []
  const differing: string[] = []
  for (const text of found) {
    const { id, revision } = JSON.parse(text) as Warning
    const key = `${id}.${revision}`
    const before = once.get(key)
    if (before === undefined) once.set(key, text)
    else if (before === text) twice.push(text)
    else differing.push(`${before}\n${text}`)
  }
  const have = new Set(once.values())
  const must = new Set(wanted)
  const lacking = wanted.filter((w) => !have.has(w))
  const extra = [...have].filter((h) => !must.has(h))
  const tell = (what: string, texts: readonly string[]) => {
    if (texts.length === 0) return
    const file = join(dir, `${level}-${what}.ndjson`)
    writeFileSync(file, texts.map((t) => `${t}\n`).join(''))
    problems.push(`${level}: ${texts.length} warnings ${what} (${file}), such as\n${texts.slice(0, SHOWN).map((t) => `  ${t.slice(0, 700)}`).join('\n')}`)
  }
  tell('lacking', lacking)
  tell('that one process does not give', extra)
  tell('of one revision with other bytes', differing)
  if (level === 'read_committed') tell('written twice', twice)
  return { problems, said: `${level}: ${thousands(found.length)} records, ${thousands(once.size)} by (id, revision), wanted ${thousands(must.size)}` }
}

/** How many warnings the resource stage raised, and how many a timer did: at a time at which none of their learners did anything. */
export function kindsOf(warnings: readonly string[], times: ReadonlySet<string>): { resource: number; timer: number } {
  const ofResource = new Set(detectors.filter((d) => d.stage === 'resource').map((d) => d.name))
  let [resource, timer] = [0, 0]
  for (const text of warnings) {
    const { detector, raised, learners } = JSON.parse(text) as Warning
    if (ofResource.has(detector)) resource++
    const at = parseTime(raised) as Ms
    if (!learners.some((l) => times.has(`${l.platform}\u0000${l.id}\u0000${at}`))) timer++
  }
  return { resource, timer }
}
