import { REJECT_REASONS, type RejectReason } from '../telemetry/rejects.ts'
import { SEVERITIES, type Severity } from '../warnings/warning.ts'

/** What the name of every metric of Invigil begins with. */
export const PREFIX = 'invigil_'
/** Series that one label may have in one metric; whatever comes beyond them is counted under `OTHER`. */
export const MOST_VALUES = 200
export const OTHER = 'other'

interface Label {
  means: string
  /** All values that there are. A label without them is open: its values come from the data, and are bounded by `MOST_VALUES`. */
  values?: readonly string[]
}

const OUTCOMES = ['committed', 'failed'] as const
const RELOADS = ['published', 'refused'] as const
export const QUANTILES = ['0.5', '0.9', '0.99', '1'] as const

/** Learners, addresses and devices are no labels: there are too many of them, and they are nobody's business here. */
export const LABELS = {
  platform: { means: 'the platform that an event comes from' },
  rule: { means: 'the rule that raised a warning, or whose condition failed' },
  severity: { means: "the severity of a warning's first revision", values: SEVERITIES },
  reason: { means: 'why a record was not taken', values: Object.keys(REJECT_REASONS) },
  verb: { means: "the platform's own word for what happened" },
  task: { means: 'stage and partition, such as `learner-3`' },
  outcome: { means: 'what became of a transaction', values: OUTCOMES },
  quantile: { means: 'share of the turns that were no longer than this; `1` is the longest', values: QUANTILES },
  reload: { means: 'what became of rules that had changed', values: RELOADS },
  status: { means: 'the status of an HTTP answer' },
  context: { means: 'hash of all that warnings depend on besides the log' },
} as const satisfies Record<string, Label>
export type LabelName = keyof typeof LABELS

interface Declaration {
  type: 'counter' | 'gauge' | 'histogram'
  help: string
  labels: readonly LabelName[]
  /** The gauge is told a point in time (ms since 1970) and shows how many seconds ago that is whenever it is asked. */
  age?: true
  /** The upper bounds of a histogram, in its unit. */
  buckets?: readonly number[]
}

const MIB = 2 ** 20

/** Every metric of Invigil, without the prefix: the only declaration, from which the registry, the types and `docs/metrics.md` are made. */
export const METRICS = {
  events_read_total: { type: 'counter', labels: ['platform'], help: 'Events that were read and decoded.' },
  events_handled_total: { type: 'counter', labels: [], help: 'Events that the rules have seen.' },
  events_late_total: { type: 'counter', labels: ['platform'], help: "Events that came after their platform's watermark had passed them." },
  events_duplicate_total: { type: 'counter', labels: [], help: 'Events that had come before.' },
  events_ignored_total: { type: 'counter', labels: ['verb'], help: 'Records of a known format that say nothing which Invigil uses.' },
  records_rejected_total: { type: 'counter', labels: ['reason'], help: 'Records that were not taken.' },
  warnings_total: { type: 'counter', labels: ['rule', 'severity'], help: 'Warnings raised, each counted at its first revision.' },
  shadow_warnings_total: { type: 'counter', labels: ['rule', 'severity'], help: 'Warnings of rules in the shadow, each counted at its first revision.' },
  learning_records_total: { type: 'counter', labels: ['platform'], help: 'Learning records that were begun, each counted at its first revision.' },
  conditions_failed_total: { type: 'counter', labels: ['rule'], help: 'Conditions of rules (`scope`, `unless`, in `params`) that could not be evaluated: each counts as not met. The log says what was wrong the first time.' },
  lag_records: { type: 'gauge', labels: ['task'], help: "Records of a task's input that are not yet handled: the true lag, while the group's offset trails by up to a snapshot." },
  watermark_age_seconds: { type: 'gauge', labels: ['platform'], age: true, help: "How far the platform's watermark is behind the clock." },
  platform_left_out: { type: 'gauge', labels: ['platform'], help: '1 while marks go on without waiting for the platform, since it is silent or too far behind the others; else 0.' },
  snapshot_age_seconds: { type: 'gauge', labels: ['task'], age: true, help: 'Time since the last snapshot of the task was committed.' },
  snapshot_duration_seconds: { type: 'histogram', labels: [], buckets: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60], help: 'Time that a snapshot took, from its mark to its commit.' },
  snapshot_bytes: { type: 'histogram', labels: [], buckets: [MIB / 16, MIB, 4 * MIB, 16 * MIB, 64 * MIB, 256 * MIB, 1024 * MIB, 4096 * MIB], help: 'Size of what a snapshot wrote.' },
  replay_reach_seconds: { type: 'gauge', labels: [], age: true, help: 'How far back the log reaches that a replay would read.' },
  commits_total: { type: 'counter', labels: ['outcome'], help: 'Transactions that carried outputs.' },
  commit_duration_seconds: { type: 'histogram', labels: [], buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5], help: 'Time from the first record of a transaction to the end of its commit.' },
  event_loop_delay_seconds: { type: 'gauge', labels: ['quantile'], help: 'How much longer than it should a turn of the event loop took, since the scrape before; scrapes within ten seconds of each other count as one.' },
  rules_reloads_total: { type: 'counter', labels: ['reload'], help: 'Changes in watched directories of rules (`invigil rules publish --watch`). Refused: they did not load, or failed their tests; those before stay in force.' },
  rules_refused: { type: 'gauge', labels: [], help: '1 while the rules in the watched directories are refused, 0 while they are those that were published last.' },
  http_requests_total: { type: 'counter', labels: ['status'], help: 'Requests that `invigil serve` has answered.' },
  streams: { type: 'gauge', labels: [], help: 'Clients of `invigil serve` that are reading on.' },
  context_info: { type: 'gauge', labels: ['context'], help: 'Always 1: its label says under which context this process works. Replicas that differ are told apart by it.' },
} as const satisfies Record<string, Declaration>

export type MetricName = keyof typeof METRICS
type OfType<T extends Declaration['type']> = { [N in MetricName]: (typeof METRICS)[N]['type'] extends T ? N : never }[MetricName]
type LabelsIn<N extends MetricName> = (typeof METRICS)[N]['labels'][number]
type ValueOf<L extends LabelName> = L extends 'severity' ? Severity : L extends 'reason' ? RejectReason : L extends 'outcome' ? (typeof OUTCOMES)[number] : L extends 'reload' ? (typeof RELOADS)[number] : string

export type CounterName = OfType<'counter'>
export type HistogramName = OfType<'histogram'>
/** Measured by the metrics themselves. */
type Measured = 'event_loop_delay_seconds'
export type GaugeName = { [N in OfType<'gauge'>]: LabelsIn<N> extends never ? N : never }[OfType<'gauge'>]
export type GaugeVectorName = Exclude<OfType<'gauge'>, GaugeName | Measured>

/** The labels that a counter is to be called with: none, or one object with all of them. */
export type LabelArguments<N extends CounterName> = [LabelsIn<N>] extends [never] ? [] : [labels: { readonly [L in LabelsIn<N>]: ValueOf<L> }]

export function declarationOf(name: MetricName): Declaration {
  return METRICS[name]
}

export function labelOf(name: LabelName): Label {
  return LABELS[name]
}

/** The metrics and their labels as tables in Markdown, for `docs/metrics.md`. */
export function writeTables(): string {
  const metrics = (Object.keys(METRICS) as MetricName[]).map((name) => {
    const { type, labels, help } = declarationOf(name)
    return `| \`${PREFIX}${name}\` | ${type} | ${labels.map((l) => `\`${l}\``).join(' ')} | ${help} |`
  })
  const labels = (Object.keys(LABELS) as LabelName[]).map((name) => {
    const { means, values } = labelOf(name)
    return `| \`${name}\` | ${means} | ${values === undefined ? `${MOST_VALUES}, then \`${OTHER}\`` : values.map((v) => `\`${v}\``).join(' ')} |`
  })
  return [
    '| metric | type | labels | meaning |', '|---|---|---|---|', ...metrics, '',
    '| label | meaning | values |', '|---|---|---|', ...labels, '',
  ].join('\n')
}
