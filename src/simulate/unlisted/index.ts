import type { Adversary } from '../stage.ts'
import { marathon } from './marathon.ts'
import { phoneRack } from './phone-rack.ts'
import { replay } from './replay.ts'
import { twoTabs } from './two-tabs.ts'

/**
 * Ways to cheat that no documented script is known for, made of habits that it is. For judging only: nothing may be
 * trained on them, so they are in no cast by default.
 */
export const unlisted: readonly Adversary[] = [marathon, replay, phoneRack, twoTabs]
