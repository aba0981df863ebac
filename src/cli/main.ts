#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { InvigilError, formatProblem } from '../base/errors.ts'
import { rulesCommand } from './rules.ts'
import { runCommand } from './run.ts'
import { scoreCommand } from './score.ts'
import { simulateCommand } from './simulate.ts'
import { VERSION } from './version.ts'

/** What the shell is told: the user must mend something; the system around us failed; a bug of ours. */
const EXIT = { user: 2, outside: 1, bug: 70 } as const

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('invigil')
    .description('Watches online vocational training and warns of cheating.')
    .version(VERSION)
    .showSuggestionAfterError()
    .exitOverride()
  program.addCommand(runCommand())
  program.addCommand(rulesCommand())
  program.addCommand(simulateCommand())
  program.addCommand(scoreCommand())
  for (const c of allCommands(program)) c.exitOverride()
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

/** Says what went wrong and returns the exit code. A stack trace means that it is our bug. */
function report(e: unknown): number {
  // Commander has printed its own message by now.
  if (e instanceof CommanderError) return e.exitCode === 0 ? 0 : EXIT.user
  if (e instanceof InvigilError && e.domain !== 'bug') {
    process.stderr.write(`invigil: ${e.message}\n${e.problems.map((p) => `  ${formatProblem(p)}\n`).join('')}`)
    return EXIT[e.domain]
  }
  const stack = e instanceof Error ? (e.stack ?? e.message) : String(e)
  process.stderr.write(`invigil: this is a bug in Invigil ${VERSION}; please report it with the command and these lines\n${stack}\n`)
  return EXIT.bug
}

// A reader such as `head` may close the pipe: then there is nobody left to write to.
process.stdout.on('error', (e: NodeJS.ErrnoException) => {
  if (e.code === 'EPIPE') process.exit(0)
  throw e
})

await main(process.argv)
