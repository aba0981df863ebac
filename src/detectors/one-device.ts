import { z } from 'zod'
import { number, rare, record, ref, type RecordOf } from '../base/record.ts'
import { duration, SECOND, type Ms } from '../base/time.ts'
import { defineDetector } from '../engine/detector.ts'
import type { Event } from '../telemetry/event.ts'
import type { Span } from '../telemetry/playback.ts'
import { addEvidence } from '../warnings/evidence.ts'
import { addPlayback, chaptersOf, disputedOf, isProven, newEpisode, type Episode } from './shared/episode.ts'
import { round3, spellSeconds, spellSecondsZh } from './shared/wording.ts'

const params = z.strictObject({
  gap: duration.prefault('60s').describe('Two devices are active together if an event of one follows an event of the other within this time.'),
  turns: z.int().min(1).default(2).describe('How often each of two devices must have been active in turn.'),
  within: duration.prefault('5m').describe('Changes of device further apart than this do not belong together.'),
  quiet: duration.prefault('90s').describe('Playback without positions is believed for so long at most.'),
  end: duration.prefault('10m').describe('After so long without a change of device the episode is over.'),
})
type Params = z.output<typeof params>

/** Devices that follow each other within `gap`, from the first change on. The first keeps its credit. */
interface Chain {
  devices: string[]
  turns: number[]
  changes: number
  raised: boolean
  episode: Episode
}
const fields = record({
  /** The device of the last event, its time and its id. */
  device: ref<string>(),
  at: number(-Infinity),
  event: ref<string>(),
  chain: rare<Chain>(),
})
type State = RecordOf<typeof fields>
type Facts = { devices: string[]; changes: number; seconds: number; gapSeconds: number }

const MOST_DEVICES = 8

/** One learner is active on two devices at once. */
export const oneDevice = defineDetector<typeof params, State, Facts>({
  name: 'one-device',
  version: 1,
  summary: 'One learner is active on two devices at the same time, again and again in turn.',
  stage: 'learner',
  params,
  facts: {
    devices: 'ids of the devices', changes: 'changes from one to the other', seconds: 'from the first change to the last',
    gapSeconds: 'how close two events of different devices must be',
  },
  // What closes or pauses a device, a login and a face check belong to an honest change of device, or to a phone that only answers the check.
  actions: ['initialized', 'played', 'heartbeat', 'seeked', 'rate-changed', 'navigated', 'answered'],
  needs: ['device'],
  state: fields,

  onEvent(event, context) {
    const { state } = context
    const { device } = event
    // The common case: the same device, and no change of device before.
    if (state.chain === undefined && (device === state.device || device === undefined)) {
      if (device === undefined) return
      state.at = event.time
      state.event = event.id
      return
    }
    follow(event, device, context)
  },

  onTimer(at, context) {
    const { chain } = context.state
    if (chain !== undefined && isOver(chain, context.params, at)) finish(context)
  },

  explain: (f) => ({
    en: `${f.devices.length} devices were in use at the same time: ${f.changes} changes between them in ${spellSeconds(f.seconds)}, each within ${spellSeconds(f.gapSeconds)} (limit: one device at a time)`,
    zh: `同时使用 ${f.devices.length} 台设备：${spellSecondsZh(f.seconds)}内在设备之间切换 ${f.changes} 次，每次间隔不超过 ${spellSecondsZh(f.gapSeconds)}（限制：同一时间只能使用一台设备）`,
  }),
})

type Call = Parameters<typeof oneDevice.onEvent>[1]

/** Takes an event of another device than the last one's, or after such a change. */
function follow(event: Event, device: string | undefined, context: Call): void {
  const { params, state, span } = context
  if (state.chain !== undefined && isOver(state.chain, params, event.time)) finish(context)
  if (device === undefined) return
  const changed = state.device !== undefined && state.device !== device && event.time - state.at <= params.gap
  if (changed) change((state.chain ??= startChain(state.device as string, state.at, state.event as string)), device, event)
  const { chain } = state
  if (span !== undefined && chain !== undefined) addIntruder(chain, device, span, params)
  if (changed && chain !== undefined) {
    if (!chain.raised && turnsOfTwo(chain) >= params.turns) {
      chain.raised = true
      report(context, 'ongoing')
    }
    if (chain.raised) context.wakeAt(Math.max(chain.episode.end + params.end, event.time + 1))
  }
  state.device = device
  state.at = event.time
  state.event = event.id
}

function startChain(device: string, at: Ms, event: string): Chain {
  const chain: Chain = { devices: [device], turns: [1], changes: 0, raised: false, episode: newEpisode(at) }
  addEvidence(chain.episode.evidence, event)
  return chain
}

function change(chain: Chain, device: string, event: Event): void {
  chain.changes++
  chain.episode.end = event.time
  addEvidence(chain.episode.evidence, event.id)
  const i = chain.devices.indexOf(device)
  if (i >= 0) chain.turns[i] = (chain.turns[i] as number) + 1
  else if (chain.devices.length < MOST_DEVICES) {
    chain.devices.push(device)
    chain.turns.push(1)
  }
}

/** The number of turns that at least two devices have had. */
function turnsOfTwo(chain: Chain): number {
  let most = 0
  let second = 0
  for (const n of chain.turns) {
    if (n > most) {
      second = most
      most = n
    } else if (n > second) second = n
  }
  return second
}

/** Counts what another device than the first played while both were in use. */
function addIntruder(chain: Chain, device: string, span: Span, params: Params): void {
  const { episode } = chain
  if (device === chain.devices[0] || span.to - episode.end > params.gap || !isProven(span, params.quiet)) return
  const end = episode.end
  addPlayback(episode, span.chapter, Math.max(span.from, episode.begin), span.to)
  // The episode ends with its last change of device, not with what is played on one of them afterwards.
  episode.end = end
}

function isOver(chain: Chain, params: Params, now: Ms): boolean {
  const silent = now - chain.episode.end
  return chain.raised ? silent >= params.end : silent > params.within
}

function finish(context: Call): void {
  if (context.state.chain?.raised) report(context, 'ended')
  context.state.chain = undefined
}

function report(context: Call, episode: 'ongoing' | 'ended'): void {
  const { devices, changes, episode: e } = context.state.chain as Chain
  context.raise({
    episode, begin: e.begin, end: e.end, evidence: e.evidence, chapters: chaptersOf(e.stretches), disputed: disputedOf(context.id, e.stretches),
    facts: { devices: [...devices], changes, seconds: round3((e.end - e.begin) / SECOND), gapSeconds: context.params.gap / SECOND },
  })
}
