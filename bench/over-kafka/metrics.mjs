// What a process tells of itself at /metrics, as numbers.

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g

/** Metrics in the text format of Prometheus. */
export function parseMetrics(text) {
  const all = []
  for (const line of text.split('\n')) {
    const m = LINE.exec(line)
    if (m) all.push({ name: m[1], labels: Object.fromEntries([...(m[2] ?? '').matchAll(LABEL)].map(([, k, v]) => [k, v])), value: Number(m[3]) })
  }
  const of = (name, labels = {}) => all.filter((s) => s.name === name && Object.entries(labels).every(([k, v]) => s.labels[k] === v))
  return {
    of,
    /** The sum of all its samples with these labels; 0 without any. */
    sum: (name, labels) => of(name, labels).reduce((n, s) => n + s.value, 0),
  }
}

/** What a process has used up by now: CPU and collector's seconds, and what it holds. */
export function usage(metrics) {
  return {
    at: Date.now(),
    cpu: metrics.sum('process_cpu_seconds_total'),
    gc: metrics.sum('nodejs_gc_duration_seconds_sum'),
    rss: metrics.sum('process_resident_memory_bytes'),
    heap: metrics.sum('nodejs_heap_size_used_bytes'),
    external: metrics.sum('nodejs_external_memory_bytes'),
    handled: metrics.sum('invigil_events_handled_total'),
    late: metrics.sum('invigil_events_late_total'),
    duplicates: metrics.sum('invigil_events_duplicate_total'),
    rejected: metrics.sum('invigil_records_rejected_total'),
    longestTurn: metrics.sum('invigil_event_loop_delay_seconds', { quantile: '1' }),
    lag: Object.fromEntries(metrics.of('invigil_lag_records').map((s) => [s.labels.task, s.value])),
  }
}
