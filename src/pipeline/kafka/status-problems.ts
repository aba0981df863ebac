import type { Problem } from '../../base/errors.ts'
import { formatDuration, MINUTE, parseTime, SECOND, type Ms } from '../../base/time.ts'
import type { StageStatus, Status, TaskStatus } from './status.ts'

/** What has come may wait so long for a mark. */
const MARK_WITHIN: Ms = 2 * MINUTE
const SHARING = ['PreparingRebalance', 'CompletingRebalance']

/** What somebody should look at. */
export function judge(status: Status, now: Ms): Problem[] {
  return [...status.stages.flatMap(stageProblems), ...markProblems(status, now), ...lateProblems(status), ...replicaProblems(status)]
}

function stageProblems(stage: StageStatus): Problem[] {
  const { tasks, members, state, group } = stage
  const lost = tasks.filter((t) => t.offset !== undefined && t.offset < t.start).map((t) => ({
    message: `${nameOf(stage, t)}: the log of \`${t.topic}/${t.partition}\` begins at ${t.start}, after its offset ${t.offset}: what lay between is gone`,
    mend: 'begin anew with topics of another prefix; keep the topic for longer (`topics.retention`)',
  }))
  // Without sources there is nothing for the intake to do: canonical events can be written to `telemetry`.
  if (tasks.length === 0) return lost
  if (SHARING.includes(state)) return [...lost, { message: `the group \`${group}\` is just sharing out its partitions`, mend: 'look again in some seconds' }]
  if (members.length === 0) {
    const what = stage.stage === 'time' ? 'there is no timekeeper: no marks are written, and nothing is handled' : `nobody does the work of \`${stage.stage}\``
    return [...lost, { message: what, mend: `start a process of the group \`${group}\`` }]
  }
  const orphans = tasks.filter((t) => t.owner === undefined)
  if (orphans.length === 0) return lost
  return [...lost, { message: `nobody has ${orphans.map((t) => `\`${t.topic}/${t.partition}\``).join(', ')}, though \`${group}\` has ${members.length === 1 ? 'a process' : `${members.length} processes`}`, mend: 'look at what the processes say: `/readyz` and the log' }]
}

function markProblems({ mark, waiting }: Status, now: Ms): Problem[] {
  if (waiting === undefined) return []
  const since = now - (parseTime(waiting) ?? now)
  if (since < MARK_WITHIN) return []
  const waits = `what came ${formatDuration(Math.floor(since / SECOND) * SECOND)} ago is not covered by it`
  if (!mark) return [{ message: `there is no mark yet, though \`telemetry\` has had records for ${formatDuration(Math.floor(since / SECOND) * SECOND)}`, mend: 'look at the timekeeper' }]
  return mark.age < MARK_WITHIN ? [] : [{ message: `the last mark is ${formatDuration(Math.floor(mark.age / SECOND) * SECOND)} old, and ${waits}`, mend: 'look at the timekeeper' }]
}

/** Where much is late, rules see less than there was. */
function lateProblems({ mark }: Status): Problem[] {
  const late = mark?.platforms.filter((p) => p.troubled).map((p) => `\`${p.platform}\``) ?? []
  if (late.length === 0) return []
  return [{ message: `over 5 % of the last events of ${late.join(', ')} came late: rules that miss them may warn wrongly`, mend: 'look at how they are sent, and raise `lateness` in the catalogue where that is usual; judge a backlog or an old log with `invigil run FILE`' }]
}

/** Tasks that work under another context than the last mark names, and versions that differ. */
function replicaProblems({ mark, stages }: Status): Problem[] {
  const tasks = stages.flatMap((stage) => stage.tasks.map((task) => ({ name: nameOf(stage, task), task })))
  const problems: Problem[] = []
  const contexts = groupBy(tasks, (t) => t.task.context)
  const wanted = mark?.context
  for (const [context, names] of contexts) {
    if (context === wanted || (wanted === undefined && contexts.size === 1)) continue
    problems.push({
      message: `${list(names)} ${names.length === 1 ? 'works' : 'work'} under the context \`${context}\`${wanted === undefined ? '' : `, the last mark names \`${wanted}\``}`,
      mend: 'that passes where it is only behind; else give every process the same rules, catalogue, models and GeoIP database',
    })
  }
  const versions = groupBy(tasks, (t) => t.task.version)
  if (versions.size > 1) {
    const each = [...versions].map(([version, names]) => `\`${version}\`: ${list(names)}`).join('; ')
    problems.push({ message: `tasks were last written by different versions of Invigil (${each})`, mend: 'that passes while an upgrade is under way; else let every process have the same version' })
  }
  return problems
}

function groupBy(tasks: readonly { name: string; task: TaskStatus }[], by: (t: { task: TaskStatus }) => string | undefined): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const t of tasks) {
    const key = by(t)
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), t.name])
  }
  return groups
}

function list(names: readonly string[]): string {
  return names.length > 6 ? `${names.slice(0, 6).join(', ')} and ${names.length - 6} more` : names.join(', ')
}

/** A task as the metrics name it; of the intake, by its topic. */
function nameOf({ stage }: StageStatus, { topic, partition }: TaskStatus): string {
  return stage === 'intake' ? `intake of ${topic}/${partition}` : `${stage}-${partition}`
}
