import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { invariant } from '../base/errors.ts'
import { HOUR, SECOND, type Ms } from '../base/time.ts'
import {
  declarationOf, labelOf, METRICS, MOST_VALUES, OTHER, PREFIX, QUANTILES,
  type CounterName, type GaugeName, type GaugeVectorName, type HistogramName, type LabelArguments, type LabelName, type MetricName,
} from './metric-table.ts'

/** What a running process tells of itself, in plain numbers; the names are those of `METRICS`. Call it once for a batch, not for an event. */
export interface Meter {
  /** Counts `by` more. */
  count<N extends CounterName>(name: N, by: number, ...labels: LabelArguments<N>): void
  /** What a gauge is from now on; for an age, the point in time (ms since 1970) that it counts from. Infinite: nothing is known, nothing is shown. */
  show(name: GaugeName, value: number): void
  /** The same for a gauge with a label: these are all its values from now on, and whatever is not among them is no longer shown. */
  showAll(name: GaugeVectorName, values: Iterable<readonly [label: string, value: number]>): void
  /** One more measurement for a histogram, in its unit. */
  observe(name: HistogramName, value: number): void
}

/** A longer text is cut: it is a name from the data, and stands in every scrape. */
const LONGEST_LABEL = 100
/** A scrape shortly after another, by whomever, sees the same stretch of time. */
const WINDOW: Ms = 10 * SECOND
/** How often the event loop's delay is looked at. */
const RESOLUTION: Ms = 10
const NANOSECONDS = 1e9

/** The metrics of one process, in a registry of their own. */
export class Metrics implements Meter {
  private readonly registry = new Registry()
  private readonly counters = new Map<CounterName, BoundedCounter>()
  private readonly histograms = new Map<HistogramName, Histogram>()
  /** What the gauges show, by label; the empty text where a gauge has none. */
  private readonly values = new Map<MetricName, ReadonlyMap<string, number>>()
  private readonly now: () => Ms
  private readonly loop: IntervalHistogram
  private windowBegan: Ms

  /** `now` is the clock that ages are told by. Measures until it is closed. */
  constructor(now: () => Ms = Date.now) {
    this.now = now
    this.windowBegan = now()
    for (const name of Object.keys(METRICS) as MetricName[]) this.declare(name)
    // Its own look at the event loop has absurd values where two scrapes are close together; ours takes its place.
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: HOUR })
    for (const { name } of this.registry.getMetricsAsArray()) if (name.startsWith('nodejs_eventloop_lag')) this.registry.removeSingleMetric(name)
    this.loop = monitorEventLoopDelay({ resolution: RESOLUTION })
    this.loop.enable()
  }

  count<N extends CounterName>(name: N, by: number, ...labels: LabelArguments<N>): void {
    invariant(by >= 0 && Number.isFinite(by), `the counter ${name} cannot go up by ${by}`)
    this.counters.get(name)?.add(labels[0] ?? {}, by)
  }

  show(name: GaugeName, value: number): void {
    this.values.set(name, new Map(Number.isFinite(value) ? [['', value]] : []))
  }

  showAll(name: GaugeVectorName, values: Iterable<readonly [string, number]>): void {
    // What stands for several is their sum, or the oldest of them.
    const merge = declarationOf(name).age ? Math.min : (a: number, b: number) => a + b
    this.values.set(name, bounded(values, merge, this.values.get(name)))
  }

  observe(name: HistogramName, value: number): void {
    invariant(value >= 0 && Number.isFinite(value), `the histogram ${name} cannot hold ${value}`)
    this.histograms.get(name)?.observe(value)
  }

  /** What `text` is, as HTTP says it. */
  get contentType(): string {
    return this.registry.contentType
  }

  /** All metrics as of now, in the text format of Prometheus. */
  async text(): Promise<string> {
    this.measureLoop()
    return this.registry.metrics()
  }

  close(): void {
    this.loop.disable()
  }

  private declare(name: MetricName): void {
    const { type, help, labels, age, buckets } = declarationOf(name)
    const common = { name: PREFIX + name, help, labelNames: [...labels], registers: [this.registry] }
    switch (type) {
      case 'counter':
        this.counters.set(name as CounterName, new BoundedCounter(new Counter(common), labels))
        break
      case 'histogram':
        this.histograms.set(name as HistogramName, new Histogram({ ...common, buckets: [...(buckets ?? [])] }))
        break
      case 'gauge': {
        const gauge: Gauge = new Gauge({ ...common, collect: () => this.refresh(gauge, this.values.get(name), labels[0], age) })
        break
      }
    }
  }

  private refresh(gauge: Gauge, values: ReadonlyMap<string, number> | undefined, label: LabelName | undefined, age: boolean | undefined): void {
    gauge.reset()
    // A gauge without labels is set to 0 by that, which would be a lie where nothing is known.
    if (label === undefined) gauge.remove()
    for (const [value, number] of values ?? []) gauge.set(label === undefined ? {} : { [label]: value }, age ? (this.now() - number) / SECOND : number)
  }

  private measureLoop(): void {
    const { loop } = this
    if (loop.count === 0) return
    // What is measured is from turn to turn, so that an idle loop has the resolution for a delay.
    const delay = (nanoseconds: number) => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION / SECOND)
    this.values.set('event_loop_delay_seconds', new Map(QUANTILES.map((q) => [q, delay(q === '1' ? loop.max : loop.percentile(Number(q) * 100))])))
    if (this.now() - this.windowBegan < WINDOW) return
    this.windowBegan = this.now()
    loop.reset()
  }
}

/** A counter whose open labels have a bounded number of values. */
class BoundedCounter {
  private readonly counter: Counter
  /** The values that each open label has had. */
  private readonly known: readonly (readonly [LabelName, Set<string>])[]

  constructor(counter: Counter, labels: readonly LabelName[]) {
    this.counter = counter
    this.known = labels.filter((l) => labelOf(l).values === undefined).map((l) => [l, new Set<string>()])
    // From 0 on, so that the first one is seen as a rise.
    const [only] = labels
    if (labels.length === 1 && only !== undefined) for (const value of labelOf(only).values ?? []) counter.inc({ [only]: value }, 0)
  }

  add(labels: Readonly<Partial<Record<LabelName, string>>>, by: number): void {
    if (this.known.length === 0) return this.counter.inc(labels, by)
    const folded = { ...labels }
    for (const [label, known] of this.known) folded[label] = fold(labels[label] as string, known)
    this.counter.inc(folded, by)
  }
}

/** The value itself while there is room for it among those known. */
function fold(value: string, known: Set<string>): string {
  if (known.has(value)) return value
  const tidied = tidy(value)
  if (known.has(tidied)) return tidied
  if (known.size >= MOST_VALUES) return OTHER
  known.add(tidied)
  return tidied
}

/** At most `MOST_VALUES` of these, those first that were shown `before`; one more stands for the rest. */
function bounded(values: Iterable<readonly [string, number]>, merge: (a: number, b: number) => number, before: ReadonlyMap<string, number> | undefined): Map<string, number> {
  const tidied = new Map<string, number>()
  const put = (to: Map<string, number>, label: string, value: number) => {
    const there = to.get(label)
    to.set(label, there === undefined ? value : merge(there, value))
  }
  for (const [label, value] of values) if (Number.isFinite(value)) put(tidied, tidy(label), value)
  if (tidied.size <= MOST_VALUES) return tidied
  const all = [...tidied]
  const isOld = ([label]: readonly [string, number]) => before?.has(label) === true && label !== OTHER
  const ordered = [...all.filter(isOld), ...all.filter((entry) => !isOld(entry))]
  const shown = new Map(ordered.slice(0, MOST_VALUES))
  for (const [, value] of ordered.slice(MOST_VALUES)) put(shown, OTHER, value)
  return shown
}

/** Cut to a bounded length, and without halves of surrogate pairs: two that differ only by them would be one series written twice. */
function tidy(value: string): string {
  const text = value.length > LONGEST_LABEL ? `${value.slice(0, LONGEST_LABEL - 1)}…` : value
  return Buffer.from(text, 'utf8').toString('utf8')
}
