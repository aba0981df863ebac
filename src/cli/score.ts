import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { Command } from 'commander'
import { z } from 'zod'
import { InvigilError, type Problem } from '../base/errors.ts'
import { schemaProblems } from '../base/problems.ts'
import { parseTree } from '../base/tree.ts'
import { fileError } from '../io/file-error.ts'
import { score, type Score, type ScoredWarning, type Share } from '../simulate/score.ts'
import { truthSchema, type Truth } from '../simulate/truth.ts'
import { warningSchema } from '../warnings/warning.ts'

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
export async function readWarnings(file: string): Promise<ScoredWarning[]> {
  const source = createReadStream(file)
  const plain = file.endsWith('.gz') ? source.pipe(createGunzip()) : source
  // A stream's error does not reach the one it is piped to.
  if (plain !== source) source.once('error', (cause) => plain.destroy(cause))
  plain.setEncoding('utf8')
  const warnings: ScoredWarning[] = []
  let line = 0
  let rest = ''
  try {
    for await (const chunk of plain) {
      const lines = (rest + (chunk as string)).split('\n')
      rest = lines.pop() as string
      for (const content of lines) take(content)
    }
    take(rest)
  } catch (cause) {
    throw asFileError(cause, file)
  }
  return warnings

  function take(content: string): void {
    line++
    if (content.trim() === '') return
    const parsed = scored.safeParse(parseJson(content, file, line))
    if (!parsed.success) {
      const problems = problemsOf(parsed.error, scored, content, file).map((p) => ({ ...p, line }))
      throw new InvigilError('bad-file', `\`${file}\` does not hold warnings: line ${line} is none`, { problems })
    }
    warnings.push(parsed.data)
  }
}

async function text(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw asFileError(cause, file)
  }
}

function parseJson(content: string, file: string, line?: number): unknown {
  try {
    return JSON.parse(content)
  } catch (cause) {
    throw new InvigilError('bad-file', `${line === undefined ? '' : `line ${line} of `}\`${file}\` is not JSON`, { problems: [{ file, line, message: 'not JSON' }], cause })
  }
}

function problemsOf(error: z.ZodError, schema: z.ZodType, content: string, file: string): Problem[] {
  const { tree } = parseTree(file, content)
  return tree === undefined ? [] : schemaProblems(error.issues, tree, schema)
}

function asFileError(cause: unknown, file: string): unknown {
  const { code } = cause as NodeJS.ErrnoException
  if (cause instanceof InvigilError || code === undefined) return cause
  if (code === 'ENOENT') return new InvigilError('not-found', `there is no file \`${file}\``, { cause })
  if (code.startsWith('Z_')) return new InvigilError('bad-file', `\`${file}\` is no whole gzip file (${(cause as Error).message}); fetch it again`, { cause })
  return fileError(file, cause as NodeJS.ErrnoException)
}

/** The score as text tables. */
export function formatScore(s: Score): string {
  return [
    'simulated learners; numbers look better than life',
    `cheaters caught   ${count(s.cheaters)}${s.minutes === undefined ? '' : `, median ${s.minutes.toFixed(0)} min after the first event`}`,
    `honest accused    ${count(s.honest)}`,
    `precision         ${percent(s.precision)} of the learners warned of`,
    '',
    table(['archetype', 'learners', 'caught', 'recall', 'minutes', 'groups'], s.archetypes.map((a) => [
      a.archetype, String(a.learners), String(a.warned), percent(a.share), a.minutes?.toFixed(0) ?? '-', a.groups === 0 ? '-' : `${a.groupsCaught}/${a.groups}`,
    ])),
    table(['honest slice', 'learners', 'accused', 'share', 'ratio'], s.slices.map((x) => [
      x.slice, String(x.learners), String(x.warned), percent(x.share), x.ratio?.toFixed(1) ?? '-',
    ])),
    table(['rule', 'warnings', 'cheaters', 'honest', 'of honest', 'precision'], s.rules.map((x) => [
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

function table(head: readonly string[], rows: readonly string[][]): string {
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => (r[i] as string).length)))
  const line = (cells: readonly string[]): string =>
    cells.map((c, i) => (i === 0 ? c.padEnd(widths[i] as number) : c.padStart(widths[i] as number))).join('  ').trimEnd()
  return `${[head, ...rows].map(line).join('\n')}\n`
}
