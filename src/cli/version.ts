import { readFileSync } from 'node:fs'

const file = new URL('../../package.json', import.meta.url)

/** Invigil's version, as in package.json. Part of every context. */
export const VERSION = (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
