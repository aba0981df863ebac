import type { Adapter } from './adapter.ts'
import { caliper } from './caliper.ts'
import { canonical } from './canonical.ts'
import { openedx } from './openedx.ts'
import { xapi } from './xapi.ts'

/** The foreign formats, by the word that the user writes. */
export const ADAPTERS = { openedx, caliper, xapi } as const satisfies Record<string, Adapter>

/** What `auto` looks for, in this order. */
export const RECOGNISED: readonly Adapter[] = [canonical, ...Object.values(ADAPTERS)]
