import { parseTime, type Ms } from '../../base/time.ts'
import { html, type Content, type Markup } from './html.ts'
import type { Story, StoryEvent } from './story.ts'

const MOST_LANES = 24
/** Events are told apart down to so many steps from one end of the line to the other. */
const STEPS = 500

interface Lane {
  label: string
  events: StoryEvent[]
  disputed: { begin: Ms; end: Ms; seconds: number }[]
}

/** A line of time for each chapter of a learner, or for each of several learners: its events, and what of it is disputed. Undefined where nothing is to be seen. */
export function timeline({ warning, events }: Story, clock: (ms: Ms) => string): Markup | undefined {
  const times = [...events.map((e) => e.time), parseTime(warning.begin) as Ms, parseTime(warning.end) as Ms]
  // Spreading a long list into a call would overflow the stack.
  const from = times.reduce((a, b) => Math.min(a, b))
  const to = times.reduce((a, b) => Math.max(a, b))
  if (events.length === 0 || to === from) return undefined
  const all = lanesOf(warning, events)
  const lanes = all.length <= MOST_LANES ? all : mostTelling(all)
  const share = (ms: Ms) => Math.round((Math.min(1, Math.max(0, (ms - from) / (to - from)))) * STEPS) / STEPS * 100
  return html`<div class="lanes" role="img" aria-label="Events and disputed time on lines of time; the tables below say the same. 时间线上的事件与存疑时段，内容与下表一致。">
${lanes.map((lane) => laneOf(lane, share))}
<div class="axis"><span>${clock(from)}</span><span>${clock(to)}</span></div>
</div>
<p class="legend"><span class="mark named"></span> an event that the warning names · 预警所列事件 <span class="mark"></span> another event · 其他事件 <span class="mark bar"></span> not to be credited · 存疑时段${all.length > lanes.length ? html`; ${all.length - lanes.length} more lines are left out · 另有 ${all.length - lanes.length} 行未显示` : ''}</p>`
}

function lanesOf({ disputed, learners }: Story['warning'], events: readonly StoryEvent[]): Lane[] {
  const lanes = new Map<string, Lane>()
  const lane = (learner: string, chapter: string | undefined): Lane => {
    const label = learners.length === 1 ? (chapter ?? '–') : learner
    let found = lanes.get(label)
    if (found === undefined) lanes.set(label, (found = { label, events: [], disputed: [] }))
    return found
  }
  for (const e of events) lane(e.learner, e.fields.chapter as string | undefined).events.push(e)
  for (const d of disputed) lane(d.learner, d.chapter).disputed.push({ begin: parseTime(d.begin) as Ms, end: parseTime(d.end) as Ms, seconds: d.seconds })
  return [...lanes.values()]
}

/** Those with disputed time and with events that the warning names before others, each in its place. */
function mostTelling(lanes: readonly Lane[]): Lane[] {
  const tells = ({ events, disputed }: Lane): number => (disputed.length > 0 ? 2 : 0) + (events.some((e) => e.named) ? 1 : 0)
  const kept = new Set([...lanes].sort((a, b) => tells(b) - tells(a)).slice(0, MOST_LANES))
  return lanes.filter((lane) => kept.has(lane))
}

function laneOf({ label, events, disputed }: Lane, share: (ms: Ms) => number): Markup {
  const bars: Content[] = disputed.map((d) => html`<i class="bar" style="left:${share(d.begin)}%;width:${Math.max(0.2, share(d.end) - share(d.begin))}%"></i>`)
  const ticks = new Map<string, Content>()
  // Those that the warning names come last, and are seen.
  for (const e of [...events].sort((a, b) => Number(a.named) - Number(b.named))) ticks.set(`${share(e.time)}`, html`<i class="${e.named ? 'named' : ''}" style="left:${share(e.time)}%"></i>`)
  return html`<div class="lane"><bdi>${label}</bdi><div class="track">${bars}${[...ticks.values()]}</div></div>
`
}
