import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Command, Option } from 'commander'
import { detectors as allDetectors } from '../detectors/index.ts'
import type { AnyDetector } from '../engine/detector.ts'
import { fileError } from '../io/file-error.ts'
import { listModels } from '../io/models.ts'
import { readRuleSources } from '../io/texts.ts'
import { DEFAULT_BACKEND, openScorers, readModels, SHIPPED_MODELS } from '../pipeline/models.ts'
import { writeReference } from '../rules/docs.ts'
import { rulesJsonSchema } from '../rules/json-schema.ts'
import { loadRules, type Bundle } from '../rules/load.ts'
import { repeated } from './options.ts'
import { checkRules, type CheckOptions } from './rules/check.ts'
import { FORMATS, todayHere } from './rules/findings.ts'
import { testRules, type TestOptions } from './rules/run-tests.ts'

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
  /** `2026-03-02`: exemptions that ended before are over. */
  today?: () => string
}

const CHECK_HELP = `
An error keeps the rules from being used. A warning tells of rules that load and do not do what
somebody meant: they can never warn, a number is of another unit, an exemption covers everybody.

Exit codes: 0 the rules can be used, whatever they are warned of; 1 the system failed; 2 there are
errors, or warnings with \`--strict\`.
`

const SCHEMA_HELP = `
Examples:
  invigil rules schema --output rules.schema.json
  # yaml-language-server: $schema=rules.schema.json     as the first line of a rules file

An editor with the YAML language server then completes keys and parameters, shows what they are for
and marks mistakes. What no schema can say (conditions, tests, overlays) \`rules check\` tells.
`

/** `invigil rules check | test | docs | schema`. */
export function rulesCommand({ detectors = allDetectors, write = (text) => void process.stdout.write(text), today = todayHere }: Surroundings = {}): Command {
  const command = new Command('rules').description('check, test and document rules')
  const add = (name: string, description: string): Command =>
    command.command(name).description(description).addOption(rulesOption()).addOption(modelsOption())
  const load = async ({ rules, models = SHIPPED_MODELS }: Options): Promise<Bundle> =>
    loadRules(await readRuleSources(rulesDirs(rules)), { detectors, models: await listModels(models) })
  const output = () => new Option('--output <file>', 'where to write it').default(undefined, 'standard output')
  const deliver = async (file: string | undefined, text: string): Promise<void> => (file === undefined ? write(text) : save(file, text))

  add('check', 'report every problem in the rules, and what in them nobody can have meant')
    .option('--catalogue <file>', 'platforms, courses and classes that the rules are checked against')
    .addOption(new Option('--format <format>', 'as text, as JSON, or as SARIF 2.1.0 for code hosts').choices(FORMATS).default('text'))
    .option('--strict', 'let no warning pass')
    .addHelpText('after', CHECK_HELP)
    .action((options: Options & CheckOptions) => checkRules(() => load(options), options, today(), write))

  add('test', 'run the tests that the rules carry')
    .option('--rule <id>', 'only the tests of this rule')
    .option('--coverage', 'name the rules without a test that warns, or without one that must not')
    .addOption(new Option('--format <format>', 'as text or as JSON').choices(['text', 'json']).default('text'))
    .action(async (options: Options & TestOptions) => testRules(await load(options), options, write))

  add('docs', 'write the reference of detectors, rules and regulations in Markdown')
    .addOption(output())
    .action(async (options: Options & { output?: string }) => {
      const bundle = await load(options)
      const models = await openScorers(bundle.rules, await readModels(bundle.rules, options.models ?? SHIPPED_MODELS), DEFAULT_BACKEND)
      await deliver(options.output, writeReference(bundle, detectors, models))
    })

  add('schema', 'write a JSON Schema of rules files, for editors')
    .addOption(output())
    .addHelpText('after', SCHEMA_HELP)
    .action(async (options: Options & { output?: string }) => deliver(options.output, `${JSON.stringify(rulesJsonSchema(await load(options), detectors), null, 2)}\n`))
  return command
}

async function save(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((e: NodeJS.ErrnoException) => {
    throw fileError(file, e)
  })
}
