import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { z } from 'zod'
import { InvigilError } from '../base/errors.ts'
import { asFileError, parseJson, problemsOf, readRecords } from '../io/record-file.ts'
import { score, type Score, type ScoredWarning, type Share } from '../simulate/score.ts'
import { truthSchema, type Truth } from '../simulate/truth.ts'
import { warningSchema } from '../warnings/warning.ts'
import { table } from './table.ts'

const scored = z.object({
  id: z.string(), revision: z.int(), episode: warningSchema.shape.episode, rule: z.string(), severity: warningSchema.shape.severity,
  subject: warningSchema.shape.subject, learners: warningSchema.shape.learners, raised: z.string(),
})

/** `invigil score`: how well warnings found the simulated cheaters, and whom they accused wrongly. */
export function scoreCommand(): Command {
  return new Command('score')
    .description('measure warnings against the truth of a simulation')
    .argument('<truth>', 'truth.json of the simulation')
    .argument('<warnings>', 'warnings.ndjson, or .ndjson.gz')
    .option('--json', 'print JSON instead of a table')
    .action(async (truth: string, warnings: string, { json }: { json?: boolean }) => {
      const result = score(await readTruth(truth), await readWarnings(warnings))
      process.stdout.write(json ? `${JSON.stringify(result, undefined, 2)}\n` : formatScore(result))
    })
}

/** Reads a simulation's truth. Errors: `not-found`, `bad-file`. */
export async function readTruth(file: string): Promise<Truth> {
  const written = await text(file)
  const parsed = truthSchema.safeParse(parseJson(written, file))
  if (parsed.success) return parsed.data
  throw new InvigilError('bad-file', `\`${file}\` is not the truth of a simulation`, { problems: problemsOf(parsed.error, truthSchema, written, file) })
}

/** Reads what the score needs of each warning. Errors: `not-found`, `bad-file` with the line. */
export function readWarnings(file: string): Promise<ScoredWarning[]> {
  return readRecords(file, scored, 'warnings')
}

async function text(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw asFileError(cause, file)
  }
}

/** The score as text tables. */
export function formatScore(s: Score): string {
  return [
    'simulated learners; numbers look better than life',
    `cheaters caught   ${count(s.cheaters)}${s.minutes === undefined ? '' : `, median ${s.minutes.toFixed(0)} min after the first event`}`,
    `honest accused    ${count(s.honest)}`,
    `precision         ${percent(s.precision)} of the learners warned of`,
    '',
    block(['archetype', 'learners', 'caught', 'recall', 'minutes', 'groups'], s.archetypes.map((a) => [
      a.archetype, String(a.learners), String(a.warned), percent(a.share), a.minutes?.toFixed(0) ?? '-', a.groups === 0 ? '-' : `${a.groupsCaught}/${a.groups}`,
    ])),
    block(['honest slice', 'learners', 'accused', 'share', 'ratio'], s.slices.map((x) => [
      x.slice, String(x.learners), String(x.warned), percent(x.share), x.ratio?.toFixed(1) ?? '-',
    ])),
    block(['rule', 'warnings', 'cheaters', 'honest', 'of honest', 'precision'], s.rules.map((x) => [
      x.rule, String(x.warnings), String(x.cheaters), String(x.honest), percent(x.honestShare), percent(x.precision),
    ])),
  ].join('\n')
}

function count(s: Share): string {
  return `${s.warned} of ${s.learners} (${percent(s.share)})`
}

function percent(share: number | undefined): string {
  return share === undefined ? '-' : `${(share * 100).toFixed(1)} %`
}

function block(names: readonly string[], rows: readonly (readonly string[])[]): string {
  return `${table(names, rows).join('\n')}\n`
}
