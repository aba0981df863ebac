import type { Adversary } from '../stage.ts'
import { apiBundle } from './api-bundle.ts'
import { apiMinute } from './api-minute.ts'
import { apiProbe } from './api-probe.ts'
import { consoleScript, proxy } from './console.ts'
import { farm } from './farm.ts'
import { group } from './group.ts'
import { mimic } from './mimic.ts'
import { noFace } from './no-face.ts'
import { teacher } from './teacher.ts'
import { userscript } from './userscript.ts'
import { watcher } from './watcher.ts'

/** Every way to cheat that takes part by default. The order is that of the report. */
export const adversaries: readonly Adversary[] = [
  apiProbe, apiBundle, apiMinute, consoleScript, proxy, mimic, userscript, farm, watcher, noFace, teacher, group,
]
