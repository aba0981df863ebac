import type { Adapter } from './adapter.ts'
import { xapi } from './xapi.ts'

/** The foreign formats, by the word that the user writes. */
export const ADAPTERS = { xapi } as const satisfies Record<string, Adapter>
