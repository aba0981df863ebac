import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** Where Chromium is: what `INVIGIL_CHROMIUM` names, else what is on the path. */
export const CHROMIUM = process.env.INVIGIL_CHROMIUM ?? (process.env.PATH ?? '').split(delimiter).flatMap((dir) => NAMES.map((name) => join(dir, name))).find((path) => existsSync(path))

/** Why tests that need a browser are left out here, if they are; where a whole check is made (`CI=true`) they are not, and fail. */
export const NO_CHROMIUM = CHROMIUM === undefined && process.env.CI !== 'true' ? 'there is no Chromium: install one, or name it in `INVIGIL_CHROMIUM`' : undefined

/** Starts the browser. Whoever did must close it. */
export function openBrowser(): Promise<Browser> {
  if (CHROMIUM === undefined) throw new Error('there is no Chromium on the path; install one (`apt-get install chromium`), or name it in `INVIGIL_CHROMIUM`')
  // As root its sandbox cannot be had, and it opens nothing here but pages of ours.
  return chromium.launch({ executablePath: CHROMIUM, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })
}
