import { existsSync, readFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { InvigilError, formatProblem, type Problem } from '../base/errors.ts'
import { compareText } from '../base/order.ts'
import { didYouMean, schemaProblems } from '../base/problems.ts'
import { overlay, parseTree, partOf, valueOf, whereAt, whereOf, type MapTree, type ScalarTree, type Source, type Tree } from '../base/tree.ts'
import { fileError } from '../io/file-error.ts'
import { TOPICS } from '../io/kafka/config.ts'
import type { RedisStoreOptions } from '../io/redis-store.ts'
import { readText } from '../io/texts.ts'
import { EACH, LOGINS, PATHS, SECRETS, VARIABLES, configSchema, type Config, type Variable } from './config-schema.ts'

export type { Config } from './config-schema.ts'

/** The file that is read where `--config` names none, if it is there. */
export const CONFIG_FILE = 'invigil.yaml'

type Environment = Readonly<Record<string, string | undefined>>

/** What a command cannot do without. */
type Need = 'kafka' | 'redis'

export interface ConfigOptions {
  /** As `--config` names it. */
  file?: string
  environment: Environment
  needs?: readonly Need[]
}

const HIDDEN = '***'
const SHIPPED = 'shipped'

/**
 * Reads the file and the environment, which goes before it. Throws `usage` with everything that is wrong, where and how to mend it;
 * `not-found` or `bad-file` where the file cannot be read. No message holds a password.
 */
export async function loadConfig({ file, environment, needs = [] }: ConfigOptions): Promise<Config> {
  const path = file ?? (existsSync(CONFIG_FILE) ? CONFIG_FILE : undefined)
  const problems: Problem[] = []
  const written = path === undefined ? undefined : readTree(path, await readText(path), problems)
  const tree = withEnvironment(written, environment, problems)
  readPasswords(tree, problems)
  const parsed = configSchema.safeParse(valueOf(tree))
  if (!parsed.success) problems.push(...schemaProblems(parsed.error.issues, hide(tree), configSchema))
  problems.push(...topicProblems(tree), ...needs.flatMap((need) => lack(need, tree, path)))
  if (problems.length > 0 || !parsed.success) throw badConfig(problems)
  return parsed.data
}

/** The settings of Redis for the one who connects to it, the password included. */
export function redisOptions({ password, ...rest }: NonNullable<Config['redis']>): RedisStoreOptions {
  return { ...rest, password: password?.reveal() }
}

function badConfig(found: readonly Problem[]): InvigilError {
  const problems = [...found].sort((a, b) => compareText(a.file ?? '', b.file ?? '') || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
  return new InvigilError('usage', problems.length === 1 ? formatProblem(problems[0] as Problem) : `${problems.length} problems in the configuration`, { problems })
}

/** The file as a tree. An empty one says nothing, as if it were not there. */
function readTree(path: string, text: string, problems: Problem[]): Tree | undefined {
  const { tree, problems: broken } = parseTree(path, text)
  // The parser quotes what it stumbles over, which may be a password that was not put in quotes.
  problems.push(...broken.map((p) => ({ ...p, message: p.message.replace(/^(yaml: )?([^:`"\\]*).*$/s, '$1$2').trim() })))
  if (tree?.kind === 'scalar' && tree.value === null) return undefined
  if (broken.length > 0 && tree === undefined) throw badConfig(problems)
  const named = tree && withPlainKeys(tree)
  if (named) for (const at of PATHS) for (const part of partsOf(named, at)) resolvePath(part, path)
  return named
}

/** A password in the place of a key, as in `{password=x}`, must not be told as an unknown key. */
function withPlainKeys(tree: Tree): Tree {
  if (tree.kind === 'list') return { ...tree, items: tree.items.map(withPlainKeys) }
  if (tree.kind === 'scalar') return { ...tree }
  return { ...tree, entries: new Map([...tree.entries].map(([name, { key, value }]) => [/^[\w.-]+$/.test(name) ? name : HIDDEN, { key, value: withPlainKeys(value) }])) }
}

/** The parts at a path, in which `EACH` stands for every member of a list. */
function partsOf(tree: Tree, path: readonly string[]): (Tree | undefined)[] {
  const each = path.indexOf(EACH)
  if (each < 0) return [partOf(tree, path)]
  const list = partOf(tree, path.slice(0, each))
  return list?.kind === 'list' ? list.items.flatMap((item) => partsOf(item, path.slice(each + 1))) : []
}

function resolvePath(part: Tree | undefined, file: string): void {
  if (part?.kind === 'list') for (const item of part.items) resolvePath(item, file)
  if (part?.kind !== 'scalar' || typeof part.value !== 'string' || part.value === '' || part.value === SHIPPED || isAbsolute(part.value)) return
  part.value = join(dirname(file), part.value)
}

function withEnvironment(written: Tree | undefined, environment: Environment, problems: Problem[]): Tree {
  let tree: Tree = written ?? { kind: 'map', entries: new Map(), ...spotOf({ path: '', text: '', where: () => ({}) }) }
  for (const variable of VARIABLES) {
    const name = [variable.name, variable.also].find((n) => n !== undefined && (environment[n] ?? '') !== '')
    if (name === undefined) continue
    const leaf = leafOf(variable, name, environment[name] as string, problems)
    // Where the file is not of the right shape, that is told, and is not hidden by what is laid over it.
    if (!leaf || variable.path.some((_, n) => isNoMap(partOf(tree, variable.path.slice(0, n))))) continue
    forget(tree, variable, environment[name] as string, environment)
    tree = overlay(tree, variable.path.reduceRight<Tree>((value, key) => ({ ...spot(leaf), kind: 'map', entries: new Map([[key, { key: spot(leaf), value }]]) }), leaf), new Set())
  }
  const known = VARIABLES.map((v) => v.name)
  for (const name of Object.keys(environment).filter((n) => n.startsWith('INVIGIL_') && !known.includes(n)).sort(compareText)) {
    // Kubernetes gives variables for each service, which are not ours; of the others, only a slip of the pen can be told from a stranger.
    const mend = /_(SERVICE_HOST|SERVICE_PORT\w*|PORT\w*)$/.test(name) ? undefined : didYouMean(name.slice('INVIGIL_'.length), known.map((k) => k.slice('INVIGIL_'.length)))
    if (mend) problems.push({ message: `unknown variable \`${name}\` in the environment`, mend: mend.replace('`', '`INVIGIL_') })
  }
  return tree
}

function isNoMap(part: Tree | undefined): boolean {
  return part?.kind === 'list' || (part?.kind === 'scalar' && part.value !== null)
}

/** A login that the environment gives takes the place of the file's, which was for another address or another way to say it. */
function forget(tree: Tree, { path }: Variable, value: string, environment: Environment): void {
  const login = partOf(tree, path.slice(0, -1))
  const key = path[path.length - 1] as string
  if (login?.kind !== 'map') return
  const given = VARIABLES.filter((v) => v.path[0] === path[0] && (environment[v.name] ?? '') !== '').map((v) => v.path[v.path.length - 1])
  const others = key === 'password' || key === 'passwordFile' ? ['password', 'passwordFile'] : key === 'url' && value.includes('@') ? ['username', 'password', 'passwordFile'] : []
  for (const other of others) if (!given.includes(other)) login.entries.delete(other)
}

function leafOf({ kind }: Variable, name: string, value: string, problems: Problem[]): Tree | undefined {
  const at = spotOf({ path: name, text: '', where: () => ({ file: name }) })
  if (kind === 'text') return { ...at, kind: 'scalar', value }
  if (kind === 'list') return { ...at, kind: 'list', items: value.split(',').map((v) => v.trim()).filter((v) => v !== '').map((v) => ({ ...at, kind: 'scalar', value: v })) }
  if (value === 'true') return { ...at, kind: 'map', entries: new Map() }
  if (value === 'false') return { ...at, kind: 'scalar', value: null }
  problems.push({ message: `cannot be \`${value}\``, mend: '`true` or `false`', file: name })
  return undefined
}

function spotOf(source: Source): Pick<Tree, 'source' | 'start' | 'end'> {
  return { source, start: 0, end: 0 }
}

function spot({ source, start, end }: Tree): Pick<Tree, 'source' | 'start' | 'end'> {
  return { source, start, end }
}

/** Puts the content of each `passwordFile` where the password would stand. */
function readPasswords(tree: Tree, problems: Problem[]): void {
  for (const path of LOGINS) {
    const login = partOf(tree, path)
    const entry = login?.kind === 'map' ? login.entries.get('passwordFile') : undefined
    if (login?.kind !== 'map' || entry?.value.kind !== 'scalar' || typeof entry.value.value !== 'string' || entry.value.value === '') continue
    const name = path.join('.')
    if (login.entries.has('password')) {
      problems.push({ message: `\`${name}\` has both a \`password\` and a \`passwordFile\``, mend: 'keep one', ...whereOf(entry.key) })
    } else login.entries.set('password', { key: entry.key, value: passwordIn(entry.value, entry.value.value, problems) })
  }
}

function passwordIn(at: ScalarTree, path: string, problems: Problem[]): ScalarTree {
  // Where it cannot be read, that is told, and not that the password is missing.
  let value = HIDDEN
  try {
    value = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
    if (value === '') problems.push({ message: `the file \`${path}\` with the password is empty`, ...whereOf(at) })
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException
    problems.push({ message: code === 'ENOENT' ? `there is no file \`${path}\`` : fileError(path, e as NodeJS.ErrnoException).message, ...whereOf(at) })
  }
  return { ...at, value: value || HIDDEN }
}

/** The tree as messages may quote it. */
function hide(tree: Tree, path: readonly string[] = []): Tree {
  if (tree.kind === 'scalar') return tree.value !== null && SECRETS.some((s) => s.join('.') === path.join('.')) ? { ...tree, value: HIDDEN } : tree
  if (tree.kind === 'list') return tree
  const entries: MapTree['entries'] = new Map([...tree.entries].map(([name, { key, value }]) => [name, { key, value: hide(value, [...path, name]) }]))
  return { ...tree, entries }
}

/** What no schema can say: that no two topics are the same. Skips what is not of the right shape, which the schema reports. */
function topicProblems(tree: Tree): Problem[] {
  const problems: Problem[] = []
  const names = new Map<string, string>()
  const prefix = textAt(tree, ['kafka', 'prefix']) ?? configSchema.shape.kafka.unwrap().shape.prefix.parse(undefined)
  for (const kind of TOPICS) {
    const path = ['kafka', 'topics', 'names', kind]
    const name = textAt(tree, path) ?? `${prefix}${kind}`
    const before = names.get(name)
    if (before !== undefined) problems.push({ message: `the topics of ${before} and ${kind} have the same name \`${name}\``, mend: 'rename one', ...whereAt(tree, path) })
    else names.set(name, kind)
  }
  const sources = partOf(tree, ['sources'])
  const first = new Map<string, Tree>()
  for (const source of sources?.kind === 'list' ? sources.items : []) {
    const part = partOf(source, ['topic'])
    const topic = textAt(source, ['topic'])
    if (part === undefined || topic === undefined) continue
    const before = first.get(topic)
    if (before) problems.push({ message: `source \`${topic}\` twice`, mend: `take one away; the first is in line ${whereOf(before).line ?? 1}`, ...whereOf(part) })
    else if (names.has(topic)) problems.push({ message: `source \`${topic}\` is Invigil's own topic of ${names.get(topic)}`, mend: "name a platform's topic; canonical events can be written to telemetry without a source", ...whereOf(part) })
    first.set(topic, before ?? part)
  }
  return problems
}

function textAt(tree: Tree, path: readonly string[]): string | undefined {
  const part = partOf(tree, path)
  return part?.kind === 'scalar' && typeof part.value === 'string' ? part.value : undefined
}

const NEEDED = { kafka: { path: ['kafka', 'brokers'], variable: 'INVIGIL_KAFKA_BROKERS' }, redis: { path: ['redis', 'url'], variable: 'INVIGIL_REDIS_URL' } } as const

function lack(need: Need, tree: Tree, file: string | undefined): Problem[] {
  const { path, variable } = NEEDED[need]
  // Where something else stands there, or a part of it is missing, the schema has said so.
  const around = partOf(tree, [need])
  if (partOf(tree, path) !== undefined || (around !== undefined && (around.kind !== 'map' || need === 'redis'))) return []
  return [{ message: `\`${path.join('.')}\` is missing`, mend: `write it in \`${file ?? CONFIG_FILE}\`, or set \`${variable}\``, ...whereAt(tree, path) }]
}
