import type { Logger } from 'pino'
import { formatProblem, type InvigilError } from '../base/errors.ts'
import { RulesWatch } from '../io/watch-rules.ts'
import type { Watcher } from '../pipeline/options.ts'
import { writeChanges } from '../rules/changes.ts'
import type { RuleSource } from '../rules/load.ts'

/** So many problems of refused rules are shown; `invigil rules check` shows them all. */
const SHOWN = 5

/** Reads rules that may be written to at this moment: once they are whole. */
export async function settledRules(dirs: readonly string[]): Promise<RuleSource[]> {
  const settled = await new RulesWatch(dirs).next(new AbortController().signal)
  if (settled === undefined) return []
  if ('error' in settled) throw settled.error
  return settled.sources
}

/** Says in the log, and line by line on the screen, under which rules a run goes on. */
export function tellReloads(log: Logger, note: (line: string) => void): Pick<Watcher, 'switched' | 'lost' | 'rules'> {
  return {
    switched: ({ context, changes, mark, records, again }) => {
      log.info({ context: context.hash, mark, records, again, ...changes, unchanged: changes.unchanged.length }, 'rules are in force')
      note(`from line ${records + 1} on other rules${again ? ', as before' : ''}: ${writeChanges(changes)}`)
    },
    lost: (e) => {
      log.warn({ error: e.message }, 'the state was made under a context that cannot be opened here; the present one takes its place')
      note(`the rules of then cannot be used any more, and those of now take their place: ${e.message}`)
    },
    rules: {
      accepted: ({ hash }) => log.debug({ context: hash }, 'rules are ready'),
      refused: (e) => {
        logRefusal(log, e)
        for (const line of writeRefusal(e)) note(line)
      },
      mended: () => {
        log.info('the rules that are in force are there again')
        note('the rules that are in force are there again')
      },
    },
  }
}

export function logRefusal(log: Logger, { message, problems }: InvigilError): void {
  log.error({ error: message, problems: problems.map(formatProblem) }, 'the rules as they are now are refused; those before stay in force')
}

/** What is wrong with refused rules: a line, and one for each problem. */
export function writeRefusal({ message, problems }: InvigilError): string[] {
  const more = problems.length > SHOWN ? [`  and ${problems.length - SHOWN} more`] : []
  return [`refused, and the rules before stay in force: ${message}`, ...problems.slice(0, SHOWN).map((p) => `  ${formatProblem(p)}`), ...more]
}
