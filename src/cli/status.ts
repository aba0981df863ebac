import { styleText } from 'node:util'
import { Command, Option } from 'commander'
import { pino } from 'pino'
import { formatProblem } from '../base/errors.ts'
import { formatDuration, SECOND, type Ms } from '../base/time.ts'
import { KafkaClient } from '../io/kafka/client.ts'
import type { GroupMember } from '../io/kafka/groups.ts'
import type { RoleName } from '../pipeline/kafka/role.ts'
import { collectStatus, type MarkStatus, type StageStatus, type Status, type TaskStatus } from '../pipeline/kafka/status.ts'
import { loadConfig } from './config.ts'
import { table } from './table.ts'
import { printable } from './text.ts'
import { configOption } from './topics.ts'
import { VERSION } from './version.ts'

interface Options {
  config?: string
  json?: boolean
  log: string
}

const EXAMPLES = `
Examples:
  invigil status
  invigil status --json | jq .problems
  watch -n 5 invigil status

Exit codes: 0 all is well; 1 the system failed; 2 something is to be looked at:
a partition that nobody has, no timekeeper, marks that stand still while telemetry
comes, contexts or versions that differ, a topic that is not as it should be.
`

/** `invigil status`: who does what, and how far it has come. */
export function statusCommand(): Command {
  return new Command('status')
    .description('show the tasks over Kafka: who has them, and how far they have come')
    .addOption(configOption())
    .option('--json', 'print all that is known as one JSON object')
    .addOption(new Option('--log <level>', 'what the program says of itself on standard error, as JSON').choices(['silent', 'error', 'warn', 'info', 'debug']).default('silent'))
    .addHelpText('after', EXAMPLES)
    .action(status)
}

async function status({ config: file, json, log: level }: Options): Promise<void> {
  const config = await loadConfig({ file, environment: process.env, needs: ['kafka'] })
  const log = pino({ level, base: { version: VERSION } }, pino.destination({ dest: 2, sync: true }))
  const client = await KafkaClient.open(config.kafka, log)
  const found = await collectStatus(client, { group: config.group, sources: config.sources.map((s) => s.topic), now: Date.now() })
  process.stdout.write(json ? `${JSON.stringify(found)}\n` : asText(found))
  if (found.problems.length > 0) process.exitCode = 2
}

function asText({ mark, stages, problems, stamps }: Status): string {
  const lines = [...markLines(mark), ...stages.flatMap((stage) => ['', ...stageLines(stage)]), '']
  if (stamps !== undefined) lines.push(`telemetry is stamped ${stamps ? 'by the brokers' : 'by its senders'}`)
  if (problems.length === 0) lines.push('all is well')
  else lines.push(`${problems.length} to be looked at:`, ...problems.map((p) => `  ${formatProblem(p)}`))
  const colours = process.stdout.isTTY && process.stdout.hasColors()
  return lines.map((l) => `${colours && l.endsWith('to be looked at:') ? styleText('yellow', l) : printable(l)}\n`).join('')
}

function markLines(mark: MarkStatus | undefined): string[] {
  if (!mark) return ['marks     none yet']
  const { number, age, context, uncovered, platforms } = mark
  const rows = platforms.map((p) => [p.platform, p.watermark ?? '-', p.age === undefined ? '-' : ago(p.age), p.troubled ? 'much is late' : ''])
  return [
    `marks     the last is ${number}, ${ago(age)} old, under the context ${short(context)}; ${uncovered} of telemetry to come`,
    ...(rows.length === 0 ? [] : indented(['platform', 'watermark', 'age', ''], rows, [])),
  ]
}

function stageLines({ stage, group, state, members, inputs, tasks }: StageStatus): string[] {
  const head = `${stage.padEnd(8)}  group ${group}: ${state === 'Dead' ? 'not there yet' : state.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()}, ${members.length} process${members.length === 1 ? '' : 'es'}`
  if (tasks.length === 0) return [head, inputs.length === 0 ? '  no sources are configured' : `  there is no topic ${inputs.join(', ')}`]
  const columns = COLUMNS[stage]
  const rows = tasks.map((task) => columns.map((column) => cell(task, members, column)))
  return [head, ...indented(columns, rows, [...columns.keys()].filter((c) => NUMBERS.includes(columns[c] as Column)))]
}

type Column = 'partition' | 'process' | 'offset' | 'end' | 'lag' | 'mark out' | 'behind' | 'snapshot' | 'version' | 'context'

const NUMBERS: readonly Column[] = ['offset', 'end', 'lag', 'mark out', 'behind', 'snapshot']
const INPUT: readonly Column[] = ['partition', 'process', 'offset', 'end', 'lag']
const TASK: readonly Column[] = [...INPUT, 'mark out', 'behind', 'snapshot', 'version', 'context']
// The timekeeper commits no offset: its last mark says how far it is.
const COLUMNS: Readonly<Record<RoleName, readonly Column[]>> = { intake: INPUT, time: ['partition', 'process'], learner: TASK, resource: TASK }

function cell(task: TaskStatus, members: readonly GroupMember[], column: Column): string {
  const owner = members.find((m) => m.id === task.owner)
  const { topic, partition, offset, end, lag, out, behind, snapshot, version, context } = task
  const cells: Readonly<Record<Column, string | number | undefined>> = {
    partition: `${topic}/${partition}`, process: owner ? memberName(owner, members) : 'nobody', offset, end, lag, 'mark out': out, behind, snapshot, version, context: context && short(context),
  }
  return String(cells[column] ?? '-')
}

/** Where it runs, and what tells it apart from others there. */
function memberName({ id, client, host, process }: GroupMember, members: readonly GroupMember[]): string {
  const own = (id.startsWith(`${client}-`) ? id.slice(client.length + 1) : id).slice(0, 8)
  if (process === undefined) return `${client}@${host} ${own}`
  // Containers may share a host's name, and each have a process 1.
  return members.every((m) => m.id === id || m.process !== process) ? process : `${process} ${own}`
}

/** A hash as far as it tells contexts apart; all of it stands in the JSON. */
function short(hash: string): string {
  return hash.slice(0, 12)
}

function ago(ms: Ms): string {
  // Clocks of other machines may be ahead.
  return formatDuration(Math.max(0, Math.floor(ms / SECOND) * SECOND))
}

function indented(names: readonly string[], rows: readonly (readonly string[])[], right: readonly number[]): string[] {
  return table(names, rows, right).map((line) => `  ${line}`)
}
