import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Command, Option } from 'commander'
import { InvigilError, formatProblem } from '../base/errors.ts'
import { detectors as allDetectors } from '../detectors/index.ts'
import type { AnyDetector } from '../engine/detector.ts'
import { fileError } from '../io/file-error.ts'
import { listModels } from '../io/models.ts'
import { readRuleSources } from '../io/texts.ts'
import { DEFAULT_BACKEND, openScorers, readModels, SHIPPED_MODELS } from '../pipeline/models.ts'
import { writeReference } from '../rules/docs.ts'
import { loadRules, type Bundle } from '../rules/load.ts'
import { didYouMean } from '../base/problems.ts'
import { asProblem, runTests, type TestResult } from '../rules/run-tests.ts'
import { repeated } from './options.ts'

/** The rules that come with Invigil, where no `--rules` says otherwise. */
const SHIPPED_RULES = fileURLToPath(new URL('../../rules', import.meta.url))

/** `--rules`, alike in every command. */
export const RULES_HELP = 'a directory of rules; given several times, each is laid over those before it; `shipped` is the bundle that comes with Invigil'

export function rulesOption(): Option {
  return new Option('--rules <dir>', RULES_HELP).argParser(repeated()).default(['shipped'], '`shipped`')
}

/** `--models`, alike in every command. */
export function modelsOption(): Option {
  return new Option('--models <dir>', 'the folder that models lie in by their names (default: those that come with Invigil)')
}

/** The directories that `--rules` names. */
export function rulesDirs(named: readonly string[]): string[] {
  return named.map((dir) => (dir === 'shipped' ? SHIPPED_RULES : dir))
}

interface Options {
  rules: string[]
  models?: string
}

interface Surroundings {
  detectors?: readonly AnyDetector[]
  write?: (text: string) => void
}

/** `invigil rules check | test | docs`. */
export function rulesCommand({ detectors = allDetectors, write = (text) => void process.stdout.write(text) }: Surroundings = {}): Command {
  const command = new Command('rules').description('check, test and document rules')
  const add = (name: string, description: string): Command =>
    command.command(name).description(description).addOption(rulesOption()).addOption(modelsOption())
  const load = async ({ rules, models = SHIPPED_MODELS }: Options): Promise<Bundle> =>
    loadRules(await readRuleSources(rulesDirs(rules)), { detectors, models: await listModels(models) })

  add('check', 'report every problem in the rules').action(async (options: Options) => {
    const bundle = await load(options)
    write(`${notes(bundle)}${bundle.rules.length === 1 ? '1 rule is' : `${bundle.rules.length} rules are`} good, hash ${bundle.hash}\n`)
  })

  add('test', 'run the tests that the rules carry')
    .option('--rule <id>', 'only the tests of this rule')
    .action(async (options: Options & { rule?: string }) => {
      const bundle = await load(options)
      const { rule } = options
      const ids = bundle.rules.map((r) => r.id)
      if (rule !== undefined && !ids.includes(rule)) {
        const mend = didYouMean(rule, ids) ?? `one of ${ids.map((id) => `\`${id}\``).join(', ')}`
        const message = `there is no rule \`${rule}\``
        throw new InvigilError('usage', message, { problems: [{ message, mend }] })
      }
      const models = await openScorers(bundle.rules, await readModels(bundle.rules, options.models ?? SHIPPED_MODELS), DEFAULT_BACKEND)
      const results = runTests(bundle, rule, models)
      write(report(results, ids.filter((id) => rule === undefined || id === rule)))
      write(notes(bundle, rule))
      const failed = results.filter((r) => r.failure !== undefined)
      write(`${results.length - failed.length} passed, ${failed.length} failed\n`)
      if (failed.length > 0) {
        throw new InvigilError('bad-rules', `${failed.length} of ${results.length} tests failed`, { problems: failed.map(asProblem) })
      }
    })

  add('docs', 'write the reference of detectors, rules and regulations in Markdown')
    .addOption(new Option('--output <file>', 'where to write it').default(undefined, 'standard output'))
    .action(async (options: Options & { output?: string }) => {
      const text = writeReference(await load(options), detectors)
      if (options.output === undefined) write(text)
      else await save(options.output, text)
    })
  return command
}

/** A line for each rule; under it, what failed. */
function report(results: readonly TestResult[], ids: readonly string[]): string {
  return ids
    .map((id) => {
      const own = results.filter((r) => r.rule === id)
      const failed = own.filter((r) => r.failure !== undefined)
      const head = own.length === 0 ? `none  ${id}: no test` : `${failed.length === 0 ? 'pass' : 'FAIL'}  ${id}: ${own.length - failed.length} of ${own.length}`
      return [head, ...failed.map((r) => `      it ${r.it}\n${indent(r.failure ?? '')}`)].join('\n') + '\n'
    })
    .join('')
}

function indent(text: string): string {
  return text.split('\n').map((line) => `        ${line}`).join('\n')
}

/** What is not wrong but should be known: changes of parameters that nobody has tested. */
export function notes(bundle: Bundle, only?: string): string {
  return bundle.tested
    .filter(({ rule, untested }) => untested && (only === undefined || rule.id === only))
    .map(({ rule, where }) => `note: ${formatProblem({ ...where, message: `\`${rule.id}\` gets other params without a test of its own` })}\n`)
    .join('')
}

async function save(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((e: NodeJS.ErrnoException) => {
    throw fileError(file, e)
  })
}
