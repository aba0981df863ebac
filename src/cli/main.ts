#!/usr/bin/env -S node --max-semi-space-size=64
import { Command, CommanderError } from 'commander'
import { InvigilError, formatProblem, type Problem } from '../base/errors.ts'
import { STANDARD_OUTPUT, fileError } from '../io/file-error.ts'
import { EXIT } from './exit.ts'
import { clip, printable } from './text.ts'
import { VERSION } from './version.ts'

/** Longer lines quote something that is no text. */
const LONGEST_LINE = 1000

/** The commands in the order of the help, each with what it needs: to load all of it takes longer than many a command. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./run.ts')).runCommand(),
  check: async () => (await import('./check.ts')).checkCommand(),
  infer: async () => (await import('./infer.ts')).inferCommand(),
  backtest: async () => (await import('./backtest.ts')).backtestCommand(),
  rules: rulesCommands,
  mapping: async () => (await import('./mapping.ts')).mappingCommand(),
  review: async () => (await import('./review.ts')).reviewCommand(),
  simulate: async () => (await import('./simulate.ts')).simulateCommand(),
  score: async () => (await import('./score.ts')).scoreCommand(),
  serve: async () => (await import('./serve.ts')).serveCommand(),
  export: async () => (await import('./export.ts')).exportCommand(),
  topics: async () => (await import('./topics.ts')).topicsCommand(),
  contracts: async () => (await import('./contracts.ts')).contractsCommand(),
  status: async () => (await import('./status.ts')).statusCommand(),
  replay: async () => (await import('./replay.ts')).replayCommand(),
  archive: async () => (await import('./archive.ts')).archiveCommand(),
  audit: async () => (await import('./audit.ts')).auditCommand(),
  explain: async () => (await import('./explain.ts')).explainCommand(),
  evidence: async () => (await import('./evidence.ts')).evidenceCommand(),
  verify: async () => (await import('./verify.ts')).verifyCommand(),
}

async function rulesCommands(): Promise<Command> {
  const [{ rulesCommand }, { publishCommand }, { reportCommand }] = await Promise.all([import('./rules.ts'), import('./rules-publish.ts'), import('./rules-report.ts')])
  return rulesCommand().addCommand(publishCommand()).addCommand(reportCommand())
}

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('invigil').description('watches online vocational training and warns of cheating').version(VERSION, '--version', 'print the version')
  const asked = argv[2] ?? ''
  const wanted = Object.hasOwn(COMMANDS, asked) ? [COMMANDS[asked]] : Object.values(COMMANDS)
  for (const load of wanted) if (load) program.addCommand(await load())
  for (const c of [program, ...allCommands(program)]) {
    c.exitOverride().showSuggestionAfterError().helpOption('-h, --help', 'print this help')
    if (c.commands.length > 0) c.helpCommand('help [command]', 'print the help of a command')
    c.configureOutput({ outputError: (text, write) => write(`invigil: ${inOurWords(text)}\n`) })
  }
  try {
    await program.parseAsync(argv)
  } catch (e) {
    process.exitCode = report(e)
  }
}

function* allCommands(command: Command): Generator<Command> {
  for (const c of command.commands) {
    yield c
    yield* allCommands(c)
  }
}

/** The parser's own messages in the form of ours. */
function inOurWords(text: string): string {
  return printable(text.trim().replace(/\n\(Did you mean (.*)\?\)$/, '; did you mean `$1`?').replaceAll('\n', ' '))
    .replace(/^error: /, '')
    .replace(/Allowed choices are (.*)\.$/, (_, choices: string) => `one of ${choices.split(', ').map((c) => `\`${c}\``).join(', ')}`)
    .replace(/ argument '(.*)' is invalid\. /, ' cannot be `$1`; ')
    .replace(/'([^']*)'/g, '`$1`')
    .replace(/\.$/, '')
}

/** Says what went wrong and returns the exit code. A stack trace means that it is our bug. */
function report(e: unknown): number {
  // Commander has printed its own message by now.
  if (e instanceof CommanderError) return e.exitCode === 0 ? 0 : EXIT.user
  if (e instanceof InvigilError && e.domain !== 'bug') {
    const lines = messageLines(e).map((line) => `${clip(printable(line), LONGEST_LINE)}\n`)
    process.stderr.write(`invigil: ${lines.join('')}`)
    return EXIT[e.domain]
  }
  const stack = e instanceof Error ? (e.stack ?? e.message) : String(e)
  process.stderr.write(`invigil: this is a bug in Invigil ${VERSION}; please report it with the command and these lines\n${stack}\n`)
  return EXIT.bug
}

/** The message and under it each problem, unless the message says it already. */
function messageLines({ message, problems }: InvigilError): string[] {
  const [only] = problems
  if (problems.length === 1 && only && message.includes(only.message)) {
    return [only.mend === undefined || message.includes(only.mend) ? message : `${message} (${only.mend})`]
  }
  return [message, ...problems.map((p: Problem) => `  ${formatProblem(p)}`)]
}

// A reader such as `head` may close the pipe, or a terminal go: nobody looks any more, but the files are still written.
const GONE = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED'])
let unwritable: number | undefined
process.stdout.on('error', (e: NodeJS.ErrnoException) => {
  if (!GONE.has(e.code ?? '')) unwritable ??= report(fileError(STANDARD_OUTPUT, e))
})
// Where errors cannot be told, the exit code still tells.
process.stderr.on('error', (e: NodeJS.ErrnoException) => {
  if (!GONE.has(e.code ?? '')) unwritable ??= EXIT.outside
})
process.on('exit', () => {
  process.exitCode = process.exitCode || unwritable || 0
})

await main(process.argv)
