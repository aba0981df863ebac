import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's own folder. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const RULES = join(ROOT, 'rules')
